#pragma once
// Adjusted p-values for several tests at once. NaN (a test that could not be made) stays NaN and
// does not count. Compare what comes back with the one level alpha. Order of input is kept.
#include <span>
#include <vector>

namespace quern::stats {

/// False discovery rate: min over j >= i of p(j) m / j, at most 1 (Benjamini & Hochberg 1995).
std::vector<double> BenjaminiHochberg(std::span<const double> p_values);
/// Family-wise: p m, at most 1.
std::vector<double> Bonferroni(std::span<const double> p_values);
/// Family-wise, step-down: max over j <= i of p(j) (m - j + 1), at most 1.
std::vector<double> Holm(std::span<const double> p_values);

}  // namespace quern::stats
