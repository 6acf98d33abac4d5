// Mutual information of a matrix column with the target, in nats: the discrete formula between
// codes, Ross (2014) between a measurement and codes, Kraskov et al. (2004) between measurements; 3
// neighbours, as scikit-learn's mutual_info_classif and mutual_info_regression.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/random.h"
#include "ml/transform/transform.h"

namespace quern::ml {
namespace {

constexpr size_t kNeighbours = 3;

/// Digamma of a positive integer: H(n-1) - gamma by recurrence up to the asymptotic series.
double Digamma(double x) {
  double shift = 0;
  for (; x < 10; x += 1) shift -= 1 / x;
  const double i = 1 / (x * x);
  return shift + std::log(x) - 0.5 / x -
         i * (1.0 / 12 - i * (1.0 / 120 - i * (1.0 / 252 - i * (1.0 / 240 - i / 132))));
}

using Codes = std::vector<uint32_t>;

double DiscreteInformation(const Codes& a, const Codes& b) {
  std::map<std::pair<uint32_t, uint32_t>, double> joint;
  std::map<uint32_t, double> in_a, in_b;
  for (size_t i = 0; i < a.size(); ++i) {
    joint[{a[i], b[i]}] += 1;
    in_a[a[i]] += 1;
    in_b[b[i]] += 1;
  }
  const auto n = static_cast<double>(a.size());
  double sum = 0;
  for (const auto& [pair, count] : joint)
    sum += count / n * std::log(count * n / (in_a[pair.first] * in_b[pair.second]));
  return std::max(0.0, sum);
}

/// Distance to the k-th nearest neighbour of each of the sorted values, itself left out.
std::vector<double> NeighbourDistances(const std::vector<double>& sorted, size_t k) {
  std::vector<double> distances;
  for (size_t i = 0; i < sorted.size(); ++i) {
    size_t left = i, right = i;  // the k nearest so far are left … right without i
    double last = 0;
    for (size_t taken = 0; taken < k; ++taken) {
      const double l =
          left > 0 ? sorted[i] - sorted[left - 1] : std::numeric_limits<double>::infinity();
      const double r = right + 1 < sorted.size() ? sorted[right + 1] - sorted[i]
                                                 : std::numeric_limits<double>::infinity();
      last = std::min(l, r);
      if (l <= r) {
        --left;
      } else {
        ++right;
      }
    }
    distances.push_back(last);
  }
  return distances;
}

/// Values within `radius` of x, ends included.
double CountWithin(const std::vector<double>& sorted, double x, double radius) {
  auto low = std::lower_bound(sorted.begin(), sorted.end(), x - radius);
  auto high = std::upper_bound(sorted.begin(), sorted.end(), x + radius);
  // x - radius and x + radius are rounded: decide the ends by the distance itself.
  while (low != sorted.begin() && x - *(low - 1) <= radius) --low;
  while (low != high && x - *low > radius) ++low;
  while (high != sorted.end() && *high - x <= radius) ++high;
  while (high != low && *(high - 1) - x > radius) --high;
  return static_cast<double>(high - low);
}

double MixedInformation(const std::vector<double>& values, const Codes& codes) {
  std::map<uint32_t, std::vector<double>> by_code;
  for (size_t i = 0; i < values.size(); ++i) by_code[codes[i]].push_back(values[i]);
  std::vector<double> all;
  double n = 0;
  for (auto& [code, list] : by_code) {
    if (list.size() < 2) continue;  // a point that is alone in its class says nothing
    std::sort(list.begin(), list.end());
    all.insert(all.end(), list.begin(), list.end());
  }
  n = static_cast<double>(all.size());
  if (n == 0) return 0;
  std::sort(all.begin(), all.end());
  double k_sum = 0, label_sum = 0, within_sum = 0;
  for (const auto& [code, list] : by_code) {
    if (list.size() < 2) continue;
    const size_t k = std::min(kNeighbours, list.size() - 1);
    const std::vector<double> distances = NeighbourDistances(list, k);
    for (size_t i = 0; i < list.size(); ++i)
      within_sum += Digamma(CountWithin(all, list[i], std::nextafter(distances[i], 0.0)));
    k_sum += static_cast<double>(list.size()) * Digamma(static_cast<double>(k));
    label_sum += static_cast<double>(list.size()) * Digamma(static_cast<double>(list.size()));
  }
  return std::max(0.0, Digamma(n) + (k_sum - label_sum - within_sum) / n);
}

/// Chebyshev distance to the third neighbour in the plane; `order` sorts x. Walks outwards from
/// each point until the distance in x alone is too large.
double PlaneDistance(const std::vector<double>& x, const std::vector<double>& y,
                     const std::vector<size_t>& order, size_t at) {
  const size_t i = order[at];
  std::vector<double> nearest(std::min(kNeighbours, x.size() - 1),
                              std::numeric_limits<double>::infinity());
  const auto offer = [&](size_t j) {
    const double d = std::max(std::abs(x[j] - x[i]), std::abs(y[j] - y[i]));
    if (d >= nearest.back()) return;
    nearest.back() = d;
    std::sort(nearest.begin(), nearest.end());
  };
  for (size_t p = at; p > 0 && x[i] - x[order[p - 1]] < nearest.back(); --p) offer(order[p - 1]);
  for (size_t p = at + 1; p < order.size() && x[order[p]] - x[i] < nearest.back(); ++p)
    offer(order[p]);
  return nearest.back();
}

double ContinuousInformation(const std::vector<double>& x, const std::vector<double>& y) {
  const size_t n = x.size();
  if (n < kNeighbours + 1) return 0;
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return x[a] < x[b]; });
  std::vector<double> sorted_x = x, sorted_y = y;
  std::sort(sorted_x.begin(), sorted_x.end());
  std::sort(sorted_y.begin(), sorted_y.end());
  double sum = 0;
  for (size_t at = 0; at < n; ++at) {
    const double radius = std::nextafter(PlaneDistance(x, y, order, at), 0.0);
    sum += Digamma(CountWithin(sorted_x, x[order[at]], radius)) +
           Digamma(CountWithin(sorted_y, y[order[at]], radius));
  }
  const auto count = static_cast<double>(n);
  return std::max(0.0, Digamma(count) + Digamma(kNeighbours) - sum / count);
}

/// To unit deviation, with a little noise against repeated values, as scikit-learn advises.
std::vector<double> Jitter(std::vector<double> values, Rng rng) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  const double deviation = std::sqrt(squares / n);
  if (deviation > 10 * std::numeric_limits<double>::epsilon())
    for (double& v : values) v /= deviation;
  double size = 0;
  for (const double v : values) size += std::abs(v);
  const double noise = 1e-10 * std::max(1.0, size / n);
  for (double& v : values) v += noise * rng.Normal();
  return values;
}

Codes ToCodes(const std::vector<double>& values) {
  std::map<double, uint32_t> codes;
  Codes out;
  for (const double v : values)
    out.push_back(codes.try_emplace(v, static_cast<uint32_t>(codes.size())).first->second);
  return out;
}

}  // namespace

std::vector<double> MutualInformation(const Matrix& matrix, const std::vector<bool>& discrete,
                                      const Target& target) {
  // Noise of a part in 1e10 only breaks ties; the same for every column, so that equal columns tie.
  const Rng rng(0x5ca1ab1e);
  std::vector<double> scores;
  for (size_t c = 0; c < matrix.cols; ++c) {
    std::vector<double> x, y;
    Codes classes;
    for (size_t r = 0; r < matrix.rows; ++r) {
      if (std::isnan(matrix.at(r, c))) continue;
      x.push_back(matrix.at(r, c));
      if (target.task == Task::kRegression) {
        y.push_back(target.values[r]);
      } else {
        classes.push_back(target.index[r]);
      }
    }
    if (x.empty()) {
      scores.push_back(std::numeric_limits<double>::quiet_NaN());
    } else if (target.task != Task::kRegression) {
      scores.push_back(discrete[c] ? DiscreteInformation(ToCodes(x), classes)
                                   : MixedInformation(Jitter(x, rng.Fork("column")), classes));
    } else {
      y = Jitter(y, rng.Fork("target"));
      scores.push_back(discrete[c] ? MixedInformation(y, ToCodes(x))
                                   : ContinuousInformation(Jitter(x, rng.Fork("column")), y));
    }
  }
  return scores;
}

}  // namespace quern::ml
