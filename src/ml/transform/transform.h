#pragma once
// Preparation of raw columns: what is learned from training rows and how a column becomes matrix
// columns. Private to ml/.
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/frame.h"
#include "base/result.h"
#include "ml/fit.h"

namespace quern::ml {

/// numpy's percentile with linear interpolation; `sorted` not empty, 0 <= q <= 1.
double SortedQuantile(std::span<const double> sorted, double q);

/// Learns how `column` is imputed, clipped and scaled. Nothing if all its values are missing.
Result<std::optional<Feature>> FitNumeric(const Column& column, const NumericPrep& prep);
/// Learns the categories of `column`. Nothing if all its values are missing.
Result<std::optional<Feature>> FitCategorical(const Column& column, const CategoricalPrep& prep);

/// Names of the matrix columns that a feature fills.
std::vector<std::string> FeatureNames(const Feature& feature);
/// Fills the feature's columns of `matrix`, from `first` on, for all rows.
void FillFeature(const Feature& feature, const Column& column, size_t first, Matrix& matrix);

/// The raw columns of `rows` that `inputs` name, then the derived ones, computed.
/// kInvalidArgument: a column that is absent or of another type.
Result<Frame> WithDerived(const std::vector<InputColumn>& inputs,
                          const std::vector<DerivedColumn>& derived, const Frame& rows);

/// A score per matrix column, higher is more useful; NaN for columns that say nothing.
/// `discrete[c]`: the column holds few codes (indicators, one-hot, ordinal) rather than
/// measurements.
std::vector<double> AnovaF(const Matrix& matrix, const Target& target);
std::vector<double> MutualInformation(const Matrix& matrix, const std::vector<bool>& discrete,
                                      const Target& target);
/// Population variances before scaling.
std::vector<double> RawVariances(const Matrix& matrix, const std::vector<Feature>& features);

/// Which features stay, by group scores: a group's score is the largest of its columns', ties go to
/// the earlier feature.
std::vector<bool> SelectFeatures(const Selection& select, const std::vector<Feature>& features,
                                 const Matrix& matrix, const Target& target);

}  // namespace quern::ml
