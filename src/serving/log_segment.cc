#include "serving/log_segment.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/ids.h"
#include "base/log.h"
#include "serving/log_frame.h"

namespace quern::serving {
namespace {

/// Read at once: many frames, and little memory.
constexpr size_t kWindow = 4u << 20;

std::unexpected<Error> SystemError(const char* doing, const std::string& path) {
  const Code code = errno == ENOENT                      ? Code::kNotFound
                    : errno == EACCES                    ? Code::kPermissionDenied
                    : errno == ENOSPC || errno == EDQUOT ? Code::kResourceExhausted
                                                         : Code::kUnavailable;
  return Fail(code, std::string("cannot ") + doing + " '" + path + "': " + std::strerror(errno));
}

}  // namespace

Result<std::shared_ptr<LogSegment>> LogSegment::Create(Fs& fs, const std::string& folder,
                                                       const Clock& clock) {
  std::shared_ptr<LogSegment> segment(new LogSegment);
  segment->created_at_ = clock.NowMs();
  segment->path_ = JoinPath(folder, NewUuid7(clock) + std::string(kSegmentSuffix));
  // Locked before it has its name, so that no reader takes it for finished.
  const std::string aside = segment->path_ + std::string(kUnnamedSuffix);
  QUERN_ASSIGN(segment->writer_, fs.Create(aside));
  segment->file_ = UniqueFd(::open(aside.c_str(), O_RDWR | O_CLOEXEC));
  if (!segment->file_.valid()) return SystemError("open", aside);
  const std::string header = SegmentHeader(segment->created_at_);
  const Status written = segment->writer_->Append(header);
  if (!written || ::rename(aside.c_str(), segment->path_.c_str()) != 0) {
    const auto error = written ? SystemError("name", aside) : std::unexpected(written.error());
    ::unlink(aside.c_str());
    return error;
  }
  segment->size_.store(header.size(), std::memory_order_release);
  return segment;
}

Status LogSegment::Append(std::string_view bytes, bool to_disk) {
  if (writer_ == nullptr) return Fail(Code::kUnavailable, "'" + path_ + "' takes nothing more");
  const uint64_t before = size_.load(std::memory_order_relaxed);
  Status written = writer_->Append(bytes);
  if (written) {
    size_.store(before + bytes.size(), std::memory_order_release);
    if (to_disk) written = Sync();
  }
  if (!written) CutBack(before);
  return written;
}

/// What was not acknowledged is not kept. Without the lock of the writer it is read as finished.
void LogSegment::CutBack(uint64_t size) {
  if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) {
    Log(LogLevel::kWarning, "prediction log: '" + path_ + "' cannot be cut back to " +
                                std::to_string(size) + " bytes: " + std::strerror(errno));
  }
  size_.store(size, std::memory_order_release);
  writer_.reset();
}

Status LogSegment::Sync() {
  const uint64_t size = size_.load(std::memory_order_acquire);
  const uint64_t before = synced_.load(std::memory_order_relaxed);
  if (before >= size) return {};
  if (before == 0) {
    const std::string folder = DirName(path_);
    const UniqueFd parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent.valid() || ::fsync(parent.get()) != 0) return SystemError("sync", folder);
  }
  if (::fdatasync(file_.get()) != 0) return SystemError("sync", path_);
  synced_.store(size, std::memory_order_relaxed);
  return {};
}

Result<SegmentReader> SegmentReader::Open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return SystemError("read", path);
  SegmentReader reader(std::move(fd));
  return reader;
}

bool SegmentReader::Finished() {
  if (!finished_) finished_ = ::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0;
  return finished_;
}

Result<uint64_t> SegmentReader::Size() const {
  struct stat now{};
  if (::fstat(fd_.get(), &now) != 0) return SystemError("look at", "a segment");
  return static_cast<uint64_t>(now.st_size);
}

/// True if the window holds that many bytes from end_ on.
Result<bool> SegmentReader::Fill(size_t bytes) {
  const auto have = [&] { return window_at_ + window_.size() - end_; };
  if (have() >= bytes) return true;
  window_.erase(0, end_ - window_at_);
  window_at_ = end_;
  const size_t wanted = std::max(bytes, kWindow);
  while (window_.size() < wanted) {
    const size_t old = window_.size();
    window_.resize(wanted);
    const ssize_t got = ::pread(fd_.get(), window_.data() + old, wanted - old,
                                static_cast<off_t>(window_at_ + old));
    window_.resize(old + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError("read", "a segment of the prediction log");
    if (got == 0) break;
  }
  return have() >= bytes;
}

Result<SegmentReader::Step> SegmentReader::Next() {
  begin_ = end_;
  payload_ = {};
  if (begin_ == 0) {
    QUERN_ASSIGN(const bool there, Fill(kSegmentHeader));
    if (!there) return window_.empty() || !finished_ ? Step::kEnd : Step::kCut;
    const Status known = CheckSegmentHeader(window_);
    if (!known && known.error().code == Code::kDataLoss && finished_) return AfterBroken();
    QUERN_TRY(known);
    begin_ = end_ = kSegmentHeader;
  }
  for (size_t wanted = kFrameHeader;;) {
    QUERN_ASSIGN(const bool there, Fill(wanted));
    if (!there) {
      if (window_.size() == end_ - window_at_) return Step::kEnd;
      return finished_ ? AfterBroken() : Step::kEnd;
    }
    const LogFrame frame = ReadFrame(std::string_view(window_).substr(end_ - window_at_), end_);
    if (frame.state == FrameState::kShort) {
      wanted = frame.size;
      continue;
    }
    if (frame.state == FrameState::kBad) return finished_ ? AfterBroken() : Step::kEnd;
    payload_ = frame.payload;
    end_ += frame.size;
    return Step::kFrame;
  }
}

/// At end_ stands no whole frame and nobody writes: looks for the next one in all that is left.
Result<SegmentReader::Step> SegmentReader::AfterBroken() {
  QUERN_ASSIGN(const uint64_t size, Size());
  QUERN_TRY(Fill(size - end_));
  const std::string_view left = std::string_view(window_).substr(end_ - window_at_);
  const bool cut = ReadFrame(left, end_).state == FrameState::kShort;
  const size_t skip = FindFrame(left, end_);
  const bool last = skip == left.size();
  end_ += skip;
  return last && cut ? Step::kCut : Step::kBroken;
}

}  // namespace quern::serving
