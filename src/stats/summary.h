#pragma once
// Summaries of one sample, and histograms as NumPy cuts them. Pure functions; safe from any thread.
#include <cstdint>
#include <span>
#include <vector>

namespace quern::stats {

/// NaN for an empty sample.
double Mean(std::span<const double> values);
/// Two-pass variance with `ddof` degrees of freedom taken off (0 = population, 1 = sample); NaN if
/// values.size() <= ddof.
double Variance(std::span<const double> values, size_t ddof = 1);
double StandardDeviation(std::span<const double> values, size_t ddof = 1);
/// Population skewness m3 / m2^1.5; 0 for a constant sample, NaN for an empty one.
double Skewness(std::span<const double> values);

/// Quantile of an ascending sample, linear between order statistics (NumPy's default); NaN if
/// empty.
double SortedQuantile(std::span<const double> sorted, double q);
/// The same of an unsorted sample (copies and sorts).
double Quantile(std::span<const double> values, double q);
double Median(std::span<const double> values);
/// Median absolute deviation from the median, unscaled (times 1.4826 estimates a normal's sigma).
double Mad(std::span<const double> values);

/// The finite ones, in order: what every test below expects.
std::vector<double> Finite(std::span<const double> values);
/// Ascending copy.
std::vector<double> Sorted(std::span<const double> values);
/// Distinct values of an ascending sample.
std::vector<double> SortedDistinct(std::span<const double> sorted);

/// `bins` equal steps from low to high, k+1 ascending edges; low == high gives [low-0.5, low+0.5].
std::vector<double> UniformEdges(double low, double high, size_t bins);
/// numpy.histogram_bin_edges(values, 'sturges') for float samples; [0, 1] for an empty one.
std::vector<double> SturgesEdges(std::span<const double> values);
/// numpy.histogram_bin_edges(values, 'doane') for float samples.
std::vector<double> DoaneEdges(std::span<const double> values);
/// numpy.histogram: bins are closed on the left, the last one on both sides; what lies outside is
/// not counted. `edges` ascending, at least two. edges.size() - 1 counts.
std::vector<uint64_t> Histogram(std::span<const double> values, std::span<const double> edges);

}  // namespace quern::stats
