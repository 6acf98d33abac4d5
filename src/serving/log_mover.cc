#include "serving/log_mover.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "serving/log_frame.h"
#include "serving/log_insert.h"

namespace quern::serving {
namespace {

/// What one transaction takes at most: enough that its commit costs little, little enough that
/// others who write need not wait long.
constexpr uint64_t kRowsPerPart = 10'000;
constexpr uint64_t kBytesPerPart = 16u << 20;
/// The same by the clock: others wait for the database meanwhile, and this thread gets little of a
/// busy machine.
constexpr double kSecondsPerPart = 0.1;
/// A segment without a name is made within moments; one this old was left by a kill.
constexpr int64_t kUnnamedAfterNs = 60'000'000'000;

/// Waits for the movers of other processes.
Result<UniqueFd> LockFolder(const std::string& folder) {
  const std::string path = JoinPath(folder, "mover.lock");
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  int locked = -1;
  while (fd.valid() && (locked = ::flock(fd.get(), LOCK_EX)) != 0 && errno == EINTR) {
  }
  if (locked == 0) return fd;
  return Fail(Code::kUnavailable, "cannot lock '" + path + "': " + std::strerror(errno));
}

}  // namespace

struct PredictionMover::Source {
  Source(SegmentReader opened, uint64_t taken) : reader(std::move(opened)), position(taken) {}
  SegmentReader reader;
  LogDecoder decoder;
  uint64_t position;  // what is in the database
  std::string path;
};

PredictionMover::PredictionMover(store::Database& database, const Clock& clock, std::string folder)
    : database_(database), clock_(clock), folder_(std::move(folder)) {}

PredictionMover::~PredictionMover() = default;

uint64_t PredictionMover::waiting_bytes() const {
  MutexLock lock(totals_mutex_);
  return waiting_;
}

MoveTotals PredictionMover::totals() const {
  MutexLock lock(totals_mutex_);
  return totals_;
}

Status PredictionMover::CatchUp() {
  MutexLock lock(mutex_);
  return MoveAll();
}

Status PredictionMover::MoveAll() {
  Fs& fs = RealFs();
  if (!fs.Exists(folder_)) return {};
  QUERN_ASSIGN(const UniqueFd lock, LockFolder(folder_));
  QUERN_ASSIGN(const auto names, fs.List(folder_));
  uint64_t waiting = 0;
  Status failed;
  for (const std::string& name : names) {
    if (name.ends_with(kSegmentSuffix)) {
      // One that cannot be read must not keep the others back.
      const Status moved = MoveSegment(name, &waiting);
      if (!moved) failed = Within(moved.error(), "moving predictions from " + folder_ + "/" + name);
    } else if (name.ends_with(kUnnamedSuffix)) {
      const auto info = fs.Stat(JoinPath(folder_, name));
      if (info && info->mtime_ns < SystemClock().NowMs() * 1'000'000 - kUnnamedAfterNs) {
        QUERN_TRY(fs.RemoveAll(JoinPath(folder_, name)));
      }
    }
  }
  std::erase_if(sources_, [&](const auto& source) {
    return !std::binary_search(names.begin(), names.end(), source.first);
  });
  MutexLock totals_lock(totals_mutex_);
  waiting_ = waiting;
  return failed;
}

/// The reader of a segment, at the place up to which it was moved.
Result<PredictionMover::Source*> PredictionMover::Open(const std::string& name) {
  int64_t position = 0;
  QUERN_TRY(database_.Query("SELECT position FROM prediction_segments WHERE segment = ?", {name},
                            [&](const store::Row& row) { position = row.Int(0); }));
  auto& kept = sources_[name];
  // Another process may have moved on with it: what this one knows is then too old.
  if (kept && kept->position == static_cast<uint64_t>(position)) return kept.get();
  QUERN_ASSIGN(auto reader, SegmentReader::Open(JoinPath(folder_, name)));
  kept = std::make_unique<Source>(std::move(reader), static_cast<uint64_t>(position));
  return kept.get();
}

Status PredictionMover::MoveSegment(const std::string& name, uint64_t* waiting) {
  auto opened = Open(name);
  if (!opened) {
    sources_.erase(name);
    return std::unexpected(opened.error());
  }
  Source& source = **opened;
  const bool finished = source.reader.Finished();
  for (;;) {
    auto more = MovePart(name, source);
    if (!more) {
      // Its reader stands beyond what is in the database.
      QUERN_ASSIGN(const uint64_t size, source.reader.Size());
      *waiting += size - std::min(size, source.position);
      sources_.erase(name);
      return std::unexpected(more.error());
    }
    if (!*more) break;
  }
  if (finished) return Remove(name);
  QUERN_ASSIGN(const uint64_t size, source.reader.Size());
  *waiting += size - std::min(size, std::max<uint64_t>(source.position, kSegmentHeader));
  return {};
}

/// One transaction. False: there is nothing more.
Result<bool> PredictionMover::MovePart(const std::string& name, Source& source) {
  bool more = true;
  bool cut = false;
  MoveTotals part;
  const uint64_t begin = source.position;
  uint64_t reached = begin;
  const auto report = [&](const std::string& what) {
    Log(LogLevel::kError, "prediction log: " + folder_ + "/" + name + ", byte " +
                              std::to_string(source.reader.begin()) + ": " + what);
  };
  const auto take = [&]() -> Status {
    PredictionInserter inserter(database_);
    const double until = MonotonicSeconds() + kSecondsPerPart;
    while (inserter.inserted() + inserter.repeated() < kRowsPerPart &&
           reached < begin + kBytesPerPart && MonotonicSeconds() < until) {
      QUERN_ASSIGN(const auto step, source.reader.Next());
      if (step == SegmentReader::Step::kEnd) {
        more = false;
        break;
      }
      const bool known = source.reader.end() <= begin;
      if (step == SegmentReader::Step::kCut) {
        cut = !known;
        more = false;
        break;
      }
      reached = std::max(reached, source.reader.end());
      if (step == SegmentReader::Step::kBroken) {
        if (known) continue;
        ++part.broken;
        report(std::to_string(source.reader.end() - source.reader.begin()) +
               " bytes are not what was written; what follows them is read");
        continue;
      }
      if (known) {
        QUERN_TRY(source.decoder.Skip(source.reader.payload()));
        continue;
      }
      const auto rows = source.decoder.Decode(source.reader.payload());
      if (!rows) {
        ++part.broken;
        report(rows.error().message);
      } else if (*rows) {
        QUERN_TRY(inserter.Add(**rows));
      }
    }
    QUERN_TRY(inserter.Finish());
    part.rows = inserter.inserted();
    part.repeated = inserter.repeated();
    part.renamed = inserter.renamed();
    if (reached == begin) return {};
    return database_.Execute(
        "INSERT INTO prediction_segments (segment, position, moved_at) VALUES (?,?,?) ON CONFLICT "
        "(segment) DO UPDATE SET position = excluded.position, moved_at = excluded.moved_at",
        {name, static_cast<int64_t>(reached), clock_.NowMs()});
  };
  // A look at what is there first: most of the time nothing is, and a transaction is not for free.
  QUERN_ASSIGN(const uint64_t size, source.reader.Size());
  if (size <= std::max<uint64_t>(begin, kSegmentHeader) && source.reader.end() >= begin) {
    return false;
  }
  QUERN_TRY(database_.Transaction(take));
  source.position = reached;
  if (cut) {
    Log(LogLevel::kWarning, "prediction log: " + folder_ + "/" + name +
                                " ends within a record at " + "byte " +
                                std::to_string(source.reader.begin()) +
                                ": its writer was killed before the answer went out; dropped");
  }
  if (part.renamed > 0) {
    Log(LogLevel::kWarning, "prediction log: " + std::to_string(part.renamed) +
                                " rows came under request ids that stand for other rows; they "
                                "are kept under ids of their own");
  }
  MutexLock lock(totals_mutex_);
  totals_.rows += part.rows;
  totals_.repeated += part.repeated;
  totals_.renamed += part.renamed;
  totals_.broken += part.broken;
  return more;
}

Status PredictionMover::Remove(const std::string& name) {
  // The file first: without its row it would be moved again.
  QUERN_TRY(RealFs().RemoveAll(JoinPath(folder_, name)));
  sources_.erase(name);
  return database_.Execute("DELETE FROM prediction_segments WHERE segment = ?", {name});
}

}  // namespace quern::serving
