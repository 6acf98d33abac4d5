#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/nan.h"
#include "ml/transform/transform.h"

namespace quern::ml {
namespace {

/// One-way ANOVA F of a column over the classes, missing values left out (scikit-learn's
/// f_classif).
double ClassF(const Matrix& matrix, size_t c, const Target& target) {
  const size_t classes = target.classes.size();
  std::vector<double> sums(classes), counts(classes);
  double squares = 0, sum = 0, n = 0;
  for (size_t r = 0; r < matrix.rows; ++r) {
    const double x = matrix.at(r, c);
    if (std::isnan(x)) continue;
    sums[target.index[r]] += x;
    counts[target.index[r]] += 1;
    squares += x * x;
    sum += x;
    n += 1;
  }
  double between = -sum * sum / n;
  double present = 0;
  for (size_t k = 0; k < classes; ++k) {
    if (counts[k] == 0) continue;
    between += sums[k] * sums[k] / counts[k];
    present += 1;
  }
  const double within = squares - sum * sum / n - between;
  return (between / (present - 1)) / (within / (n - present));
}

/// F of the correlation with a number (scikit-learn's f_regression), 0 if either is constant.
double RegressionF(const Matrix& matrix, size_t c, const Target& target) {
  double n = 0, mx = 0, my = 0;
  for (size_t r = 0; r < matrix.rows; ++r) {
    if (std::isnan(matrix.at(r, c))) continue;
    n += 1;
    mx += matrix.at(r, c);
    my += target.values[r];
  }
  mx /= n;
  my /= n;
  double xx = 0, yy = 0, xy = 0;
  for (size_t r = 0; r < matrix.rows; ++r) {
    const double x = matrix.at(r, c) - mx;
    if (std::isnan(x)) continue;
    const double y = target.values[r] - my;
    xx += x * x;
    yy += y * y;
    xy += x * y;
  }
  if (xx == 0 || yy == 0) return 0;
  const double r2 = xy * xy / (xx * yy);
  return r2 / (1 - r2) * (n - 2);
}

double NoNan(double score) {
  return std::isnan(score) ? -std::numeric_limits<double>::infinity() : score;
}

/// Matrix columns that hold codes rather than measurements.
std::vector<bool> DiscreteColumns(const std::vector<Feature>& features) {
  std::vector<bool> discrete;
  for (const Feature& feature : features) {
    discrete.insert(discrete.end(), feature.width(), feature.categorical);
    if (feature.indicator) discrete.back() = true;
  }
  return discrete;
}

std::vector<double> ColumnScores(const Selection& select, const std::vector<Feature>& features,
                                 const Matrix& matrix, const Target& target) {
  switch (select.method) {
    case SelectMethod::kAnovaF:
      return AnovaF(matrix, target);
    case SelectMethod::kMutualInformation:
      return MutualInformation(matrix, DiscreteColumns(features), target);
    case SelectMethod::kVariance:
    case SelectMethod::kNone:
      break;
  }
  return RawVariances(matrix, features);
}

}  // namespace

std::vector<double> AnovaF(const Matrix& matrix, const Target& target) {
  std::vector<double> scores;
  for (size_t c = 0; c < matrix.cols; ++c)
    scores.push_back(target.task == Task::kRegression ? RegressionF(matrix, c, target)
                                                      : ClassF(matrix, c, target));
  return scores;
}

std::vector<double> RawVariances(const Matrix& matrix, const std::vector<Feature>& features) {
  std::vector<double> variances;
  for (const Feature& feature : features) {
    for (size_t i = 0; i < feature.width(); ++i) {
      const size_t c = variances.size();
      double n = 0, mean = 0, m2 = 0;
      for (size_t r = 0; r < matrix.rows; ++r) {
        const double x = matrix.at(r, c);
        if (std::isnan(x)) continue;
        n += 1;
        const double d = x - mean;
        mean += d / n;
        m2 += d * (x - mean);
      }
      // The indicator and codes are not scaled.
      const double scale = !feature.categorical && i == 0 ? feature.scale : 1.0;
      variances.push_back(n > 0 ? m2 / n * scale * scale : kNan);
    }
  }
  return variances;
}

std::vector<bool> SelectFeatures(const Selection& select, const std::vector<Feature>& features,
                                 const Matrix& matrix, const Target& target) {
  std::vector<bool> kept(features.size(), true);
  if (select.method == SelectMethod::kNone) return kept;
  const std::vector<double> columns = ColumnScores(select, features, matrix, target);
  std::vector<double> scores;
  size_t at = 0;
  for (const Feature& feature : features) {
    double best = -std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < feature.width(); ++i) best = std::max(best, NoNan(columns[at++]));
    scores.push_back(best);
  }
  if (select.method == SelectMethod::kVariance)
    for (size_t f = 0; f < features.size(); ++f) kept[f] = scores[f] > select.threshold;
  if (select.keep == 0 || select.keep >= features.size()) return kept;
  std::vector<size_t> order(features.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  for (size_t i = select.keep; i < order.size(); ++i) kept[order[i]] = false;
  return kept;
}

}  // namespace quern::ml
