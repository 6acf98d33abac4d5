#pragma once
// What the model answers, as the protocol's tensors.
#include <cstddef>
#include <string>

#include "base/result.h"
#include "server/oip/infer_request.h"
#include "serving/inference_call.h"

namespace quern::server::oip {

/// Appends the body: JSON, then the bytes of those outputs that were asked for as such. Returns the
/// length of the JSON if any output is binary, else 0. Outputs come in the order asked for. Where
/// predictions are kept, their ids stand in `parameters.prediction_ids`, one per row.
/// kInvalidArgument: an output of FP16 or BF16, or of text that is not UTF-8, that is asked for as
/// JSON.
Result<size_t> WriteInferResponse(const InferRequest& request,
                                  const serving::InferenceAnswer& answer, std::string* out);

/// `[{"name", "datatype", "shape"}]`.
void AppendTensorSpecs(std::string* out, const std::vector<model::TensorSpec>& specs);

}  // namespace quern::server::oip
