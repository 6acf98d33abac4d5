#include "server/http/repeated_log.h"

#include <utility>

namespace quern::server {

std::optional<std::string> RepeatedLog::Line(std::string_view text) {
  const int64_t now = clock_.NowMs();
  const MutexLock lock(mutex_);
  const auto found = kinds_.find(text);
  if (found == kinds_.end()) {
    if (kinds_.size() >= kMostKinds) kinds_.clear();
    kinds_.emplace(text, Kind{now, 0});
    return std::string(text);
  }
  Kind& kind = found->second;
  // A clock that was set back does not silence the log.
  if (now >= kind.told_ms && now - kind.told_ms < kWindowMs) {
    ++kind.untold;
    return std::nullopt;
  }
  const int64_t untold = std::exchange(kind.untold, 0);
  kind.told_ms = now;
  if (untold == 0) return std::string(text);
  return std::string(text) + " (and " + std::to_string(untold) + " more since it was last told)";
}

}  // namespace quern::server
