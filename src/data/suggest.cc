#include "data/suggest.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/text.h"
#include "data/quality.h"

namespace quern::data {
namespace {

constexpr int64_t kMostValues = 100;
constexpr double kOnceShare = 0.1;
constexpr double kMostMissing = 0.8;
constexpr double kDayMs = 86'400'000;

double CutToHundredths(double share) { return std::floor(share * 100) / 100; }

/// Outwards to three significant digits of the spread, so that people can read the bound.
double RoundOut(double value, double spread, bool up) {
  if (!(spread > 0)) return value;
  const double unit = std::pow(10.0, std::floor(std::log10(spread)) - 1);
  // Dividing by a power of ten from 1 up keeps the result a short decimal.
  const double scaled = unit >= 1 ? value / unit : value * std::round(1 / unit);
  const double whole = up ? std::ceil(scaled) : std::floor(scaled);
  return unit >= 1 ? whole * unit : whole / std::round(1 / unit);
}

class Suggester {
 public:
  Suggester(const TableProfile& profile, const SuggestOptions& options)
      : profile_(profile), options_(options) {}

  std::vector<Suggestion> Run() {
    if (profile_.rows == 0) return {};
    Expectation rows;
    rows.kind = CheckKind::kRowCount;
    rows.severity = Severity::kWarn;
    rows.min = std::floor(static_cast<double>(profile_.rows) / 2);
    Add(rows, "there were " + std::to_string(profile_.rows) + " rows");
    for (const ColumnProfile& column : profile_.columns) Column(column);
    return std::move(out_);
  }

 private:
  void Add(Expectation e, std::string reason) {
    e.name = DefaultName(e);
    out_.push_back({std::move(e), std::move(reason)});
  }

  static Expectation Of(const ColumnProfile& column, CheckKind kind) {
    Expectation e;
    e.kind = kind;
    e.columns = {column.name};
    return e;
  }

  bool HasZeroAlert(const ColumnProfile& column) const {
    return std::any_of(profile_.alerts.begin(), profile_.alerts.end(), [&](const Alert& alert) {
      return alert.kind == "zeros" && alert.column == column.name;
    });
  }

  void Column(const ColumnProfile& column) {
    const int64_t present = profile_.rows - column.missing;
    NotNull(column, present);
    if (present < options_.enough_rows || column.distinct < 2) return;
    if (column.type == ProfileType::kNumber) Number(column, present);
    if (column.type == ProfileType::kCategory || column.type == ProfileType::kBoolean) {
      InSet(column, present);
    }
    if (column.type == ProfileType::kText) Text(column, present);
    const bool exact = column.type == ProfileType::kText ||
                       (column.type == ProfileType::kNumber && column.integers);
    if (exact && column.distinct == present) {
      Add(Of(column, CheckKind::kUnique), "all " + std::to_string(present) + " values differ");
    }
    if (column.type == ProfileType::kTime) Fresh(column);
  }

  void NotNull(const ColumnProfile& column, int64_t present) {
    if (profile_.rows < options_.enough_rows) return;
    Expectation e = Of(column, CheckKind::kNotNull);
    if (column.missing == 0) {
      Add(e, "present in all " + std::to_string(profile_.rows) + " rows");
      return;
    }
    const double missing = static_cast<double>(column.missing) / static_cast<double>(profile_.rows);
    if (missing > kMostMissing) return;
    e.mostly = CutToHundredths(WilsonLower(present, profile_.rows));
    e.severity = Severity::kWarn;
    Add(e, "missing in " + std::to_string(column.missing) + " of " + std::to_string(profile_.rows) +
               " rows (" + Percent(missing) + ")");
  }

  void Number(const ColumnProfile& column, int64_t present) {
    Expectation type = Of(column, CheckKind::kType);
    type.type = column.integers ? ValueType::kInteger : ValueType::kNumber;
    Add(type, "all " + std::to_string(present) + " values are");
    if (!column.min || column.quantiles.size() != std::size(kQuantiles)) return;
    const double iqr = column.quantiles[3] - column.quantiles[1];
    const double low = *column.min, high = *column.max;
    Expectation e = Of(column, CheckKind::kBetween);
    e.max = RoundOut(high + iqr / 10, high - low, true);
    if (high <= 0) e.max = std::min(*e.max, 0.0);
    if (HasZeroAlert(column)) {
      e.min = RoundOut(*column.min_nonzero, high - low, false);
      if (*e.min <= 0) e.min = *column.min_nonzero;
      e.mostly = CutToHundredths(WilsonLower(present - column.zeros, present));
      e.severity = Severity::kWarn;
      Add(e, std::to_string(column.zeros) +
                 " values are 0, which looks like a missing value; the "
                 "others lie from " +
                 ShortestDouble(*column.min_nonzero) + " to " + ShortestDouble(high));
      return;
    }
    e.min = RoundOut(low - iqr / 10, high - low, false);
    if (low >= 0) e.min = std::max(*e.min, 0.0);
    Add(e, "values lie from " + ShortestDouble(low) + " to " + ShortestDouble(high) +
               "; a tenth of the interquartile range is left on either side");
  }

  void InSet(const ColumnProfile& column, int64_t present) {
    const auto distinct = static_cast<double>(column.distinct);
    if (column.distinct > kMostValues || static_cast<double>(column.once) > kOnceShare * distinct) {
      return;
    }
    if (column.top.size() != static_cast<size_t>(column.distinct)) return;
    Expectation e = Of(column, CheckKind::kInSet);
    for (const TopValue& top : column.top) e.values.push_back(top.value);
    std::sort(e.values.begin(), e.values.end(), [](const std::string& a, const std::string& b) {
      const auto x = ParseDouble(a), y = ParseDouble(b);
      if (x && y) return *x < *y;
      return x.has_value() != y.has_value() ? x.has_value() : a < b;
    });
    e.mostly = 0.99;
    e.severity = Severity::kWarn;
    Add(e, std::to_string(present) + " values are these " + std::to_string(column.distinct));
  }

  void Text(const ColumnProfile& column, int64_t present) {
    if (column.shape.empty() || column.shape.size() > 60) return;
    Expectation e = Of(column, CheckKind::kRegex);
    e.pattern = ShapePattern(column.shape);
    Add(e, "all " + std::to_string(present) + " values look like " + column.shape);
  }

  /// "AA-999" as "^[A-Z]{2}-[0-9]{3}$".
  static std::string ShapePattern(const std::string& shape) {
    std::string out = "^";
    for (size_t i = 0; i < shape.size();) {
      size_t end = i + 1;
      while (end < shape.size() && shape[end] == shape[i]) ++end;
      const char c = shape[i];
      if (c == '9') {
        out += "[0-9]";
      } else if (c == 'a') {
        out += "[a-z]";
      } else if (c == 'A') {
        out += "[A-Z]";
      } else {
        // Bytes of one UTF-8 letter are never repeated as such, so each stands for itself.
        if (std::string_view(R"(\.+*?()|[]{}^$)").find(c) != std::string_view::npos) out += '\\';
        out += c;
        ++i;
        continue;
      }
      if (end - i > 1) out += "{" + std::to_string(end - i) + "}";
      i = end;
    }
    return out + "$";
  }

  void Fresh(const ColumnProfile& column) {
    std::string iso = column.max_time;
    if (const size_t space = iso.find(' '); space != std::string::npos) iso[space] = 'T';
    if (iso.find('T') != std::string::npos && iso.back() != 'Z') iso += 'Z';
    const auto newest = ParseTime(iso);
    if (!newest) return;
    const double age = static_cast<double>(options_.clock->NowMs() - *newest) / kDayMs;
    if (age < 0 || age > 90) return;
    Expectation e = Of(column, CheckKind::kFreshness);
    e.within_seconds = std::max(1.0, std::ceil(2 * age)) * 86400;
    e.severity = Severity::kWarn;
    Add(e, "the newest is from " + column.max_time);
  }

  const TableProfile& profile_;
  const SuggestOptions& options_;
  std::vector<Suggestion> out_;
};

}  // namespace

double WilsonLower(int64_t successes, int64_t total) {
  if (total <= 0) return 0;
  constexpr double z = 1.959963984540054;  // 97.5 % quantile of the standard normal
  const auto n = static_cast<double>(total);
  const double p = static_cast<double>(successes) / n;
  const double centre = p + z * z / (2 * n);
  const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return std::max(0.0, (centre - half) / (1 + z * z / n));
}

std::vector<Suggestion> SuggestExpectations(const TableProfile& profile,
                                            const SuggestOptions& options) {
  return Suggester(profile, options).Run();
}

std::string SuggestionsYaml(const std::vector<Suggestion>& suggestions) {
  std::string out = "expectations:\n";
  if (suggestions.empty()) return "expectations: []\n";
  for (const Suggestion& one : suggestions) {
    // A value in a reason may hold a line break, which would end the comment.
    std::string reason = one.reason;
    std::replace_if(
        reason.begin(), reason.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    out += "  # " + reason + "\n  - " + ToYaml(one.expectation) + "\n";
  }
  return out;
}

}  // namespace quern::data
