#pragma once
// One ONNX graph from a fitted pipeline: raw columns in, labels and probabilities or values out.
#include <cstddef>
#include <string>

#include "base/result.h"
#include "ml/fitted.h"

namespace quern::model {

/// Names of the graph's outputs.
inline constexpr const char* kLabelOutput = "label";
inline constexpr const char* kProbabilitiesOutput = "probabilities";
inline constexpr const char* kPredictionOutput = "prediction";

/// How the output `label` is typed: text unless every class is a number, then int64 if all are
/// whole (as scikit-learn's exporters do), else double.
enum class LabelType { kText, kInteger, kDouble };
LabelType LabelTypeOf(const ml::FittedPipeline& pipeline);

/// The serialized graph; the same pipeline gives the same bytes. Inputs: one tensor [N,1] per raw
/// column, DOUBLE (NaN missing) or STRING ("" missing). Outputs, classification: `label` [N],
/// `probabilities` [N,C] double in the order of the classes; regression: `prediction` [N,1] double.
/// Preparation and linear parts compute in double; trees compare in float and their leaves are
/// float. kInvalidArgument: a pipeline that is not consistent (index out of range, class missing),
/// a column named like an output, a derived column that ONNX cannot express, nearest neighbours
/// over more than kMaxKnnValues numbers.
Result<std::string> BuildOnnx(const ml::FittedPipeline& pipeline);

/// Numbers (rows x features) of a training set that a nearest-neighbour graph may hold: 512 MB.
inline constexpr size_t kMaxKnnValues = size_t{1} << 26;

/// How many rows to score in one call so that intermediate tensors stay near 64 MB (nearest
/// neighbours hold a distance for every row and training row).
size_t RowsPerCall(const ml::FittedPipeline& pipeline);

}  // namespace quern::model
