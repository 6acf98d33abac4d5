#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/text.h"
#include "ml/transform/transform.h"

namespace quern::ml {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

/// The most frequent value, ties to the smallest.
double Mode(std::span<const double> sorted) {
  double best = sorted.front();
  size_t most = 0;
  for (size_t i = 0; i < sorted.size();) {
    size_t j = i;
    while (j < sorted.size() && sorted[j] == sorted[i]) ++j;
    if (j - i > most) {
      most = j - i;
      best = sorted[i];
    }
    i = j;
  }
  return best;
}

double Mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::optional<double> ImputedValue(const NumericPrep& prep, std::span<const double> sorted) {
  switch (prep.impute) {
    case NumericImpute::kNone:
      return std::nullopt;
    case NumericImpute::kMedian:
      return SortedQuantile(sorted, 0.5);
    case NumericImpute::kMean:
      return Mean(sorted);
    case NumericImpute::kMostFrequent:
      return Mode(sorted);
    case NumericImpute::kConstant:
      return prep.impute_value;
  }
  return std::nullopt;
}

Status LearnClip(const NumericPrep& prep, std::span<const double> sorted, Feature& feature) {
  if (prep.clip == Clip::kQuantile) {
    if (!(prep.clip_low >= 0 && prep.clip_low < prep.clip_high && prep.clip_high <= 1))
      return Fail(Code::kInvalidArgument,
                  "clip quantiles of '" + feature.column + "' are " +
                      ShortestDouble(prep.clip_low) + " and " + ShortestDouble(prep.clip_high),
                  "use two shares in order, such as 0.01 and 0.99");
    feature.clip_low = SortedQuantile(sorted, prep.clip_low);
    feature.clip_high = SortedQuantile(sorted, prep.clip_high);
  } else if (prep.clip == Clip::kIqr) {
    if (!(prep.clip_high > 0))
      return Fail(Code::kInvalidArgument,
                  "clip multiple of '" + feature.column + "' is " + ShortestDouble(prep.clip_high),
                  "use a positive multiple of the interquartile range, such as 1.5");
    const double q1 = SortedQuantile(sorted, 0.25), q3 = SortedQuantile(sorted, 0.75);
    feature.clip_low = q1 - prep.clip_high * (q3 - q1);
    feature.clip_high = q3 + prep.clip_high * (q3 - q1);
  }
  return {};
}

double NotTiny(double scale) { return scale < 10 * kEps ? 1.0 : scale; }

/// As scikit-learn: population variance; a constant column keeps scale 1.
void LearnStandard(std::span<const double> values, Feature& feature) {
  const auto n = static_cast<double>(values.size());
  const double mean = Mean(values);
  double sum = 0, rest = 0;
  for (const double v : values) {
    sum += (v - mean) * (v - mean);
    rest += v - mean;
  }
  const double variance = (sum - rest * rest / n) / n;
  feature.offset = mean;
  const bool constant = variance <= n * kEps * variance + (n * mean * kEps) * (n * mean * kEps);
  feature.scale = constant ? 1.0 : NotTiny(std::sqrt(variance));
}

void LearnScale(Scale scale, std::span<const double> sorted, Feature& feature) {
  switch (scale) {
    case Scale::kNone:
      return;
    case Scale::kStandard:
      return LearnStandard(sorted, feature);
    case Scale::kMinMax:
      feature.offset = sorted.front();
      feature.scale = NotTiny(sorted.back() - sorted.front());
      return;
    case Scale::kRobust:
      feature.offset = SortedQuantile(sorted, 0.5);
      feature.scale = NotTiny(SortedQuantile(sorted, 0.75) - SortedQuantile(sorted, 0.25));
      return;
  }
}

}  // namespace

double SortedQuantile(std::span<const double> sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<size_t>(at);
  const size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

Result<std::optional<Feature>> FitNumeric(const Column& column, const NumericPrep& prep) {
  std::vector<double> sorted;
  for (const double v : column.numbers)
    if (!std::isnan(v)) sorted.push_back(v);
  if (sorted.empty()) return std::nullopt;
  std::sort(sorted.begin(), sorted.end());
  if (std::isinf(sorted.front()) || std::isinf(sorted.back()))
    return Fail(Code::kInvalidArgument, "column '" + column.name + "' has an infinite value",
                "treat it as missing or correct it");
  const size_t missing = column.size() - sorted.size();
  Feature feature;
  feature.column = column.name;
  feature.indicator = prep.indicator && missing > 0;
  feature.impute_number = ImputedValue(prep, sorted);
  // What follows imputation learns from imputed values.
  if (feature.impute_number && missing > 0) {
    sorted.insert(std::upper_bound(sorted.begin(), sorted.end(), *feature.impute_number), missing,
                  *feature.impute_number);
  }
  QUERN_TRY(LearnClip(prep, sorted, feature));
  for (double& v : sorted) v = std::clamp(v, feature.clip_low, feature.clip_high);
  LearnScale(prep.scale, sorted, feature);
  return feature;
}

}  // namespace quern::ml
