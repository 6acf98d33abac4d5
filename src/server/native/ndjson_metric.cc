#include "server/native/ndjson_metric.h"

#include <charconv>
#include <cstdint>
#include <system_error>

namespace quern::server::native {
namespace {

enum Field : unsigned { kUnknown = 0, kRunId = 1, kKey = 2, kValue = 4, kTime = 8, kStep = 16 };

Field FieldOf(std::string_view name) {
  switch (name.size()) {
    case 3:
      return name == "key" ? kKey : kUnknown;
    case 4:
      return name == "step" ? kStep : kUnknown;
    case 5:
      return name == "value" ? kValue : kUnknown;
    case 6:
      return name == "run_id" ? kRunId : kUnknown;
    case 9:
      return name == "timestamp" ? kTime : kUnknown;
    default:
      return kUnknown;
  }
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Goes through a line; false from any of it means that the line is not a plain one.
class Scanner {
 public:
  explicit Scanner(std::string_view line) : at_(line.data()), end_(at_ + line.size()) {}

  bool Take(char c) {
    SkipSpace();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool AtEnd() {
    SkipSpace();
    return at_ == end_;
  }

  /// Not empty.
  bool Text(std::string_view& text) {
    if (!Take('"')) return false;
    const char* begin = at_;
    while (at_ != end_ && *at_ != '"') {
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte < 0x20 || byte >= 0x80 || byte == '\\') return false;
      ++at_;
    }
    if (at_ == end_ || at_ == begin) return false;
    text = {begin, static_cast<size_t>(at_ - begin)};
    ++at_;
    return true;
  }

  bool Whole(int64_t& value) {
    SkipSpace();
    const char* begin = at_;
    return Digits() && Convert(begin, value);
  }

  bool Number(double& value) {
    SkipSpace();
    const char* begin = at_;
    if (!Digits()) return false;
    if (at_ != end_ && *at_ == '.') {
      ++at_;
      if (!MoreDigits()) return false;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (!MoreDigits()) return false;
    }
    return Convert(begin, value);
  }

 private:
  void SkipSpace() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t')) ++at_;
  }
  bool MoreDigits() {
    const char* begin = at_;
    while (at_ != end_ && IsDigit(*at_)) ++at_;
    return at_ != begin;
  }
  /// An integer as JSON has it: a zero in front stands alone.
  bool Digits() {
    if (at_ != end_ && *at_ == '-') ++at_;
    if (at_ != end_ && *at_ == '0') {
      ++at_;
      return at_ == end_ || !IsDigit(*at_);
    }
    return MoreDigits();
  }
  template <class T>
  bool Convert(const char* begin, T& value) const {
    const auto [end, error] = std::from_chars(begin, at_, value);
    return error == std::errc() && end == at_;
  }

  const char* at_;
  const char* end_;
};

bool ReadField(Scanner& scanner, Field field, PlainMetric& metric) {
  switch (field) {
    case kRunId:
      return scanner.Text(metric.run_id);
    case kKey:
      return scanner.Text(metric.key);
    case kValue:
      return scanner.Number(metric.point.value);
    case kTime:
      return scanner.Whole(metric.point.time_ms);
    case kStep:
      return scanner.Whole(metric.point.step);
    case kUnknown:
      break;
  }
  return false;
}

}  // namespace

std::optional<PlainMetric> ReadPlainMetric(std::string_view line) {
  Scanner scanner(line);
  PlainMetric metric;
  if (!scanner.Take('{')) return std::nullopt;
  unsigned seen = 0;
  do {
    std::string_view name;
    if (!scanner.Text(name) || !scanner.Take(':')) return std::nullopt;
    const Field field = FieldOf(name);
    if ((seen & field) != 0 || !ReadField(scanner, field, metric)) return std::nullopt;
    seen |= field;
  } while (scanner.Take(','));
  constexpr unsigned kNeeded = kRunId | kKey | kValue | kTime;
  if (!scanner.Take('}') || !scanner.AtEnd() || (seen & kNeeded) != kNeeded) return std::nullopt;
  return metric;
}

}  // namespace quern::server::native
