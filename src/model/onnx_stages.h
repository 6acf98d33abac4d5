#pragma once
// The stages of BuildOnnx, each adding its nodes to the graph. Private to this room.
#include <map>
#include <string>

#include "base/result.h"
#include "ml/fitted.h"
#include "model/onnx_graph.h"

namespace quern::model {

/// A raw or derived column in the graph: [N,1], double or text.
struct ColumnValue {
  Value value;
  bool is_text = false;
};
using ColumnValues = std::map<std::string, ColumnValue, std::less<>>;

/// Adds the derived columns, in order, to `columns`. Each may read raw and earlier derived ones.
Status WriteDerived(GraphWriter& graph, const ml::FittedPipeline& pipeline, ColumnValues& columns);

/// The double matrix [N, width] that the learner sees.
Result<Value> WriteFeatures(GraphWriter& graph, const ml::FittedPipeline& pipeline,
                            const ColumnValues& columns);

/// Learners: matrix in, scores [N, outputs] in double out, the link applied. `width` is the
/// matrix's.
Result<Value> WriteLinear(GraphWriter& graph, const ml::LinearModel& model, const Value& matrix,
                          size_t width);
Result<Value> WriteTrees(GraphWriter& graph, const ml::TreeEnsemble& model, const Value& matrix,
                         size_t width);
/// `classes` is 0 for regression.
Result<Value> WriteKnn(GraphWriter& graph, const ml::KnnModel& model, const Value& matrix,
                       size_t width, size_t classes);
/// The same row for every row of `any`, a [N,1] column.
Value WriteConstant(GraphWriter& graph, const ml::ConstantModel& model, const Value& any);

/// Applies the link to margins [N, outputs].
Value WriteLink(GraphWriter& graph, ml::Link link, const Value& margins);

/// From scores to the graph's outputs. Binary scores may be one column (of the positive class) or
/// two.
Status WriteOutputs(GraphWriter& graph, const ml::FittedPipeline& pipeline, const Value& scores,
                    size_t outputs);

}  // namespace quern::model
