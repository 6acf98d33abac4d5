#include "base/time.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>

#include "base/text.h"

namespace quern {
namespace {

class RealClock : public Clock {
 public:
  int64_t NowMs() const override {
    using std::chrono::milliseconds;
    return std::chrono::duration_cast<milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace

const Clock& SystemClock() {
  static const RealClock clock;
  return clock;
}

double MonotonicSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string FormatTime(int64_t ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds{ms}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

Result<int64_t> ParseTime(std::string_view text) {
  const std::string copy(Trim(text));
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, read = 0;
  double s = 0;
  const auto bad = [&] {
    return Fail(Code::kInvalidArgument, "'" + copy + "' is not a time",
                "write it as 2026-11-24 or 2026-11-24T16:54:29Z");
  };
  if (std::sscanf(copy.c_str(), "%4d-%2d-%2d%n", &y, &mo, &d, &read) != 3) return bad();
  size_t at = static_cast<size_t>(read);
  if (at < copy.size() && (copy[at] == 'T' || copy[at] == ' ')) {
    int used = 0;
    if (std::sscanf(copy.c_str() + at + 1, "%2d:%2d:%lf%n", &h, &mi, &s, &used) != 3) return bad();
    at += 1 + static_cast<size_t>(used);
    if (at < copy.size() && copy[at] == 'Z') ++at;
  }
  using namespace std::chrono;
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)},
                            day{static_cast<unsigned>(d)}};
  if (at != copy.size() || !date.ok() || h > 23 || mi > 59 || s >= 61) return bad();
  const auto time = sys_days{date} + hours{h} + minutes{mi};
  return duration_cast<milliseconds>(time.time_since_epoch()).count() + std::llround(s * 1000);
}

Result<double> ParseDuration(std::string_view text) {
  text = Trim(text);
  double unit = 0;
  if (!text.empty()) {
    switch (text.back()) {
      case 's':
        unit = 1;
        break;
      case 'm':
        unit = 60;
        break;
      case 'h':
        unit = 3600;
        break;
      case 'd':
        unit = 86400;
        break;
      case 'w':
        unit = 604800;
        break;
      default:
        break;
    }
  }
  const auto number = unit > 0 ? ParseDouble(text.substr(0, text.size() - 1)) : std::nullopt;
  if (!number || *number < 0) {
    return Fail(Code::kInvalidArgument, "'" + std::string(text) + "' is not a duration",
                "write a number and a unit: 90s, 15m, 6h, 7d or 2w");
  }
  return *number * unit;
}

}  // namespace quern
