#include "server/access_log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "base/log.h"
#include "base/text.h"
#include "serving/json_text.h"

namespace quern::server {
namespace {

/// Of one thread between two flushes; what comes beyond is lost.
constexpr size_t kMaxBuffer = 16u << 20;
constexpr std::string_view kRefused = "503";

/// "2026-11-24T16:54:29.123Z", without allocating.
void AppendTime(std::string* out, int64_t ms) {
  const time_t seconds = ms / 1000;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  const int size =
      std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                    parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                    static_cast<int>(ms % 1000));
  out->append(text, static_cast<size_t>(size));
}

/// As JSON; bytes that are no UTF-8 become '?'.
void AppendLossyText(std::string* out, std::string_view text) {
  if (!FindInvalidUtf8(text)) return serving::AppendJsonText(out, text);
  const size_t begin = out->size();
  serving::AppendJsonText(out, text);
  std::replace_if(
      out->begin() + static_cast<ptrdiff_t>(begin), out->end(),
      [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
}

}  // namespace

struct AccessLog::Lane {
  Mutex mutex;
  std::string lines QUERN_GUARDED_BY(mutex);
  /// Bytes that may be written: the lines of answers that may still become 503 stand behind them.
  size_t settled QUERN_GUARDED_BY(mutex) = 0;
  std::vector<size_t> statuses QUERN_GUARDED_BY(mutex);  // of held lines, where they stand
  std::string writing;                                   // of the flushing thread
};

Result<std::unique_ptr<AccessLog>> AccessLog::Open(AccessLogOptions options) {
  std::unique_ptr<AccessLog> log(new AccessLog(std::move(options)));
  QUERN_TRY(log->Reopen());
  log->thread_ = std::thread([raw = log.get()] { raw->Run(); });
  return log;
}

AccessLog::AccessLog(AccessLogOptions options) : options_(std::move(options)) {}

AccessLog::~AccessLog() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void AccessLog::Write(const AccessEntry& entry, bool held) {
  Lane& lane = lanes_.Mine();
  MutexLock lock(lane.mutex);
  if (lane.lines.size() > kMaxBuffer) {
    lost_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  std::string* out = &lane.lines;
  out->append("{\"time\":\"");
  AppendTime(out, entry.time_ms);
  out->append("\",\"protocol\":\"").append(entry.protocol == Protocol::kGrpc ? "grpc" : "http");
  out->append("\",\"method\":");
  AppendLossyText(out, entry.method);
  out->append(",\"path\":");
  AppendLossyText(out, entry.path);
  out->append(",\"status\":");
  if (held) lane.statuses.push_back(out->size());
  serving::AppendJsonInt(out, entry.status);
  out->append(",\"bytes\":");
  serving::AppendJsonInt(out, static_cast<int64_t>(entry.bytes));
  out->append(",\"duration_ms\":");
  // Microseconds are enough, and 17 digits say nothing.
  serving::AppendJsonNumber(out,
                            static_cast<double>(static_cast<int64_t>(entry.seconds * 1e6)) / 1e3);
  const auto optional = [&](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    out->append(",\"").append(key).append("\":");
    AppendLossyText(out, value);
  };
  optional("model", entry.model);
  optional("version", entry.version);
  optional("request_id", entry.request_id);
  optional("trace_id", entry.trace_id);
  out->append("}\n");
  if (lane.statuses.empty()) lane.settled = out->size();
}

void AccessLog::Refuse() {
  Lane& lane = lanes_.Mine();
  MutexLock lock(lane.mutex);
  for (const size_t at : lane.statuses) lane.lines.replace(at, kRefused.size(), kRefused);
  lane.statuses.clear();
  lane.settled = lane.lines.size();
}

void AccessLog::Release() {
  Lane& lane = lanes_.Mine();
  MutexLock lock(lane.mutex);
  lane.statuses.clear();
  lane.settled = lane.lines.size();
}

void AccessLog::Run() {
  const auto pause = std::chrono::duration<double>(options_.flush_seconds);
  for (bool last = false; !last;) {
    {
      std::unique_lock lock(mutex_.native());
      last = wake_.wait_for(lock, pause, [this] { return stop_; });
    }
    Flush();
  }
}

void AccessLog::Flush() {
  if (const Status opened = Reopen(); !opened) {
    Log(LogLevel::kError, "access log: " + opened.error().ToString());
  }
  for (const auto& lane : lanes_.Collect()) {
    lane->writing.clear();
    {
      MutexLock lock(lane->mutex);
      if (lane->settled == lane->lines.size()) {
        std::swap(lane->lines, lane->writing);
      } else {
        lane->writing.assign(lane->lines, 0, lane->settled);
        lane->lines.erase(0, lane->settled);
        for (size_t& at : lane->statuses) at -= lane->settled;
      }
      lane->settled = 0;
    }
    std::string_view left = lane->writing;
    while (!left.empty()) {
      const ssize_t wrote = ::write(fd_.get(), left.data(), left.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) break;
      bytes_ += static_cast<uint64_t>(wrote);
      left.remove_prefix(static_cast<size_t>(wrote));
    }
    lost_.fetch_add(static_cast<uint64_t>(std::count(left.begin(), left.end(), '\n')),
                    std::memory_order_relaxed);
    if (options_.max_bytes > 0 && bytes_ > options_.max_bytes) Rotate();
  }
}

/// Opens the file if it is not the one that is open.
Status AccessLog::Reopen() {
  if (options_.path == "-") {
    if (!fd_.valid()) fd_ = UniqueFd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
    return {};
  }
  struct stat named{};
  struct stat open{};
  if (fd_.valid() && ::stat(options_.path.c_str(), &named) == 0 && ::fstat(fd_.get(), &open) == 0 &&
      named.st_ino == open.st_ino && named.st_dev == open.st_dev) {
    return {};
  }
  UniqueFd fd(::open(options_.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd.valid() || ::fstat(fd.get(), &open) != 0) {
    return Fail(errno == EACCES ? Code::kPermissionDenied : Code::kInvalidArgument,
                "cannot open the access log '" + options_.path + "': " + std::strerror(errno),
                "name a file in a folder that is there");
  }
  fd_ = std::move(fd);
  bytes_ = static_cast<uint64_t>(open.st_size);
  return {};
}

void AccessLog::Rotate() {
  if (options_.path == "-") return;
  for (int i = options_.kept; i > 0; --i) {
    const std::string from = i == 1 ? options_.path : options_.path + "." + std::to_string(i - 1);
    // One that is not there is no error: there have not been so many yet.
    (void)std::rename(from.c_str(), (options_.path + "." + std::to_string(i)).c_str());
  }
  if (options_.kept == 0) ::unlink(options_.path.c_str());
  if (const Status opened = Reopen(); !opened) {
    Log(LogLevel::kError, "access log: " + opened.error().ToString());
  }
}

}  // namespace quern::server
