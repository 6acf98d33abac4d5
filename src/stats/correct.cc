#include "stats/correct.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace quern::stats {
namespace {

// Indices of the p-values that exist, ascending by p.
std::vector<size_t> Order(std::span<const double> p) {
  std::vector<size_t> order;
  for (size_t i = 0; i < p.size(); ++i) {
    if (!std::isnan(p[i])) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] < p[b]; });
  return order;
}

}  // namespace

std::vector<double> BenjaminiHochberg(std::span<const double> p_values) {
  std::vector<double> adjusted(p_values.begin(), p_values.end());
  const std::vector<size_t> order = Order(p_values);
  const double m = static_cast<double>(order.size());
  double least = 1;
  for (size_t rank = order.size(); rank-- > 0;) {
    const size_t i = order[rank];
    least = std::min(least, p_values[i] * m / static_cast<double>(rank + 1));
    adjusted[i] = least;
  }
  return adjusted;
}

std::vector<double> Bonferroni(std::span<const double> p_values) {
  std::vector<double> adjusted(p_values.begin(), p_values.end());
  const double m = static_cast<double>(Order(p_values).size());
  for (double& p : adjusted) {
    if (!std::isnan(p)) p = std::min(1.0, p * m);
  }
  return adjusted;
}

std::vector<double> Holm(std::span<const double> p_values) {
  std::vector<double> adjusted(p_values.begin(), p_values.end());
  const std::vector<size_t> order = Order(p_values);
  double greatest = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    const size_t i = order[rank];
    const double scaled = p_values[i] * static_cast<double>(order.size() - rank);
    greatest = std::max(greatest, std::min(1.0, scaled));
    adjusted[i] = greatest;
  }
  return adjusted;
}

}  // namespace quern::stats
