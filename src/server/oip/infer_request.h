#pragma once
// The body of POST /v2/models/NAME/infer: Open Inference Protocol v2, JSON tensors.
#include <string>
#include <string_view>
#include <vector>

#include "base/frame.h"
#include "base/result.h"
#include "serving/model.h"

namespace quern::server::oip {

struct InferRequest {
  /// The caller's, to be given back; absent and "" differ.
  bool has_id = false;
  std::string id;
  Frame rows;
  /// Names of the outputs asked for; empty = all.
  std::vector<std::string> outputs;
};

/// Two forms: one tensor [N] or [N,1] per named input, or a single tensor [N,F] whose columns are
/// the inputs in order. `data` may be nested or flat; null and NaN are missing values. Further
/// inputs than the model's are ignored. Everything else is kInvalidArgument, naming the tensor.
Result<InferRequest> ParseInferRequest(std::string_view body, const serving::Signature& signature);

}  // namespace quern::server::oip
