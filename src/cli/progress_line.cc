#include "cli/progress_line.h"

#include <fmt/format.h>

#include "base/time.h"
#include "tracking/names.h"

namespace quern::cli {
namespace {

constexpr double kBetween = 0.1;  // seconds

}  // namespace

void ProgressLine::Show(std::string_view text) {
  constexpr size_t kLongest = 100;  // characters
  if (shown_ && MonotonicSeconds() - last_ >= kBetween) Draw(tracking::CutTo(text, kLongest));
}

void ProgressLine::Update(size_t done, size_t total, std::string_view unit) {
  if (!shown_ || (MonotonicSeconds() - last_ < kBetween && done < total)) return;
  Draw(fmt::format("{} of {} {}", done, total, unit));
}

void ProgressLine::Draw(std::string_view text) {
  last_ = MonotonicSeconds();
  Clear();
  fmt::print(stderr, "{}", text);
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
