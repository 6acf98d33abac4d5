#pragma once
// Scoring of prepared rows. Private to ml/; others call Score() and ScoreMatrix().
#include <vector>

#include "ml/fitted.h"

namespace quern::ml {

/// Outputs of the model behind its link, rows x outputs: probabilities (binary with one output:
/// that of the positive class) or values. Linear parts in double, trees in float.
std::vector<double> Outputs(const FittedModel& model, const Matrix& matrix, size_t classes);

std::vector<double> KnnOutputs(const KnnModel& model, const Matrix& matrix, size_t classes);

}  // namespace quern::ml
