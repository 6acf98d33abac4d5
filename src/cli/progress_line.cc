#include "cli/progress_line.h"

#include <fmt/format.h>

#include "base/time.h"

namespace quern::cli {

void ProgressLine::Update(size_t done, size_t total, std::string_view unit) {
  constexpr double kBetween = 0.1;  // seconds
  const double now = MonotonicSeconds();
  if (!shown_ || (now - last_ < kBetween && done < total)) return;
  last_ = now;
  Clear();
  fmt::print(stderr, "{} of {} {}", done, total, unit);
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressLine::Note(std::string_view text) {
  Clear();
  fmt::print(stderr, "{}\n", text);
}

void ProgressLine::Clear() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
  drawn_ = false;
}

}  // namespace quern::cli
