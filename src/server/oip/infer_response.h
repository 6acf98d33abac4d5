#pragma once
// What the model answers, as the protocol's tensors.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/oip/infer_request.h"
#include "serving/scoring.h"

namespace quern::server::oip {

/// A tensor of the model's signature; -1 is the number of rows.
struct TensorInfo {
  std::string_view name;
  std::string_view datatype;
  std::vector<int64_t> shape;
};
/// `label` and `probabilities`, or `prediction`.
std::vector<TensorInfo> Outputs(const serving::Signature& signature);
/// One per raw column: FP64 or BYTES, [-1,1].
std::vector<TensorInfo> Inputs(const serving::Signature& signature);

/// kInvalidArgument naming an output that the model does not have.
Status CheckOutputs(const InferRequest& request, const serving::Signature& signature);

/// The JSON body. Outputs come in the order asked for. Where predictions are logged, their ids
/// stand in `parameters.prediction_ids`, one per row.
std::string RenderInferResponse(const serving::ServedModel& served, const InferRequest& request,
                                const serving::ScoreAnswer& answer);

}  // namespace quern::server::oip
