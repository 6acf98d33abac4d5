#include "monitoring/values.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "base/text.h"

namespace quern::monitoring {

std::vector<double> NumbersOf(const Column& column) {
  std::vector<double> numbers;
  numbers.reserve(column.size());
  if (!column.is_text) {
    std::copy_if(column.numbers.begin(), column.numbers.end(), std::back_inserter(numbers),
                 [](double v) { return std::isfinite(v); });
    return numbers;
  }
  for (const std::string& text : column.texts) {
    const std::optional<double> number = ParseDouble(text);
    if (number.has_value() && std::isfinite(*number)) numbers.push_back(*number);
  }
  return numbers;
}

bool AllNumbers(const Column& column) {
  return !column.is_text ||
         std::all_of(column.texts.begin(), column.texts.end(), [](const std::string& text) {
           return Trim(text).empty() || ParseDouble(text).has_value();
         });
}

std::vector<std::string> LabelsOf(const Column& column, bool by_number) {
  std::vector<std::string> labels;
  labels.reserve(column.size());
  if (!column.is_text) {
    for (double v : column.numbers) {
      if (std::isfinite(v)) labels.push_back(ShortestDouble(v == 0 ? 0.0 : v));
    }
    return labels;
  }
  for (const std::string& text : column.texts) {
    const std::string_view trimmed = Trim(text);
    if (trimmed.empty()) continue;
    const std::optional<double> number = by_number ? ParseDouble(trimmed) : std::nullopt;
    labels.push_back(number.has_value() ? ShortestDouble(*number == 0 ? 0.0 : *number)
                                        : std::string(trimmed));
  }
  return labels;
}

void SortLabels(std::vector<std::string>& labels) {
  std::sort(labels.begin(), labels.end(), [](const std::string& a, const std::string& b) {
    const std::optional<double> x = ParseDouble(a);
    const std::optional<double> y = ParseDouble(b);
    if (x.has_value() != y.has_value()) return x.has_value();
    if (x.has_value() && *x != *y) return *x < *y;
    return a < b;
  });
}

LabelCounts CountLabels(const std::vector<std::string>& reference,
                        const std::vector<std::string>& current) {
  std::map<std::string, std::pair<double, double>> counts;
  for (const std::string& label : reference) ++counts[label].first;
  for (const std::string& label : current) ++counts[label].second;
  LabelCounts out;
  for (const auto& [label, count] : counts) out.labels.push_back(label);
  SortLabels(out.labels);
  for (const std::string& label : out.labels) {
    out.reference.push_back(counts[label].first);
    out.current.push_back(counts[label].second);
  }
  return out;
}

LabelCounts Largest(const LabelCounts& counts, size_t limit) {
  if (counts.labels.size() <= limit) return counts;
  const double n_r =
      std::max(1.0, std::accumulate(counts.reference.begin(), counts.reference.end(), 0.0));
  const double n_c =
      std::max(1.0, std::accumulate(counts.current.begin(), counts.current.end(), 0.0));
  const auto weight = [&](size_t i) { return counts.reference[i] / n_r + counts.current[i] / n_c; };
  std::vector<size_t> order(counts.labels.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return weight(a) > weight(b); });
  const std::set<size_t> kept(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(limit));
  LabelCounts out;
  double other_r = 0;
  double other_c = 0;
  for (size_t i = 0; i < counts.labels.size(); ++i) {
    if (!kept.contains(i)) {
      other_r += counts.reference[i];
      other_c += counts.current[i];
      continue;
    }
    out.labels.push_back(counts.labels[i]);
    out.reference.push_back(counts.reference[i]);
    out.current.push_back(counts.current[i]);
  }
  out.labels.push_back("(other)");
  out.reference.push_back(other_r);
  out.current.push_back(other_c);
  return out;
}

std::vector<double> SharesOrZeros(const std::vector<double>& counts) {
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  std::vector<double> shares = counts;
  if (total > 0) {
    for (double& share : shares) share /= total;
  }
  return shares;
}

}  // namespace quern::monitoring
