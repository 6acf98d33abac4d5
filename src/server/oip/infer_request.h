#pragma once
// The body of POST /v2/models/NAME/infer: Open Inference Protocol v2, JSON and binary tensors.
#include <optional>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "serving/inference_call.h"

namespace quern::server::oip {

struct InferRequest {
  /// Everything but the model's name.
  serving::InferenceCall call;
  /// Whether an output goes out as bytes: one entry per name in call.outputs, and for all others.
  std::span<const bool> binary;
  bool binary_by_default = false;
  /// The request's `timeout` in seconds; 0 = none.
  double timeout = 0;
  /// Explanations are asked for, in place of predictions.
  bool explain = false;
};

/// `json` is the head of the body, `tensors` what follows it: tensors of packed bytes, in the order
/// of those inputs that announce a `binary_data_size`. Further keys are ignored, as the protocol
/// lets clients add them. Parameters that this protocol gives a meaning are taken out of
/// `call.parameters`: `content_type` (pd, np; of inputs also str, base64, datetime),
/// `binary_data_output`, `timeout` (microseconds), `explain`. All else is kInvalidArgument, naming
/// the tensor. Everything lies in `arena` or points into the two texts.
Result<InferRequest> ReadInferRequest(std::string_view json, std::string_view tensors,
                                      Arena& arena);

/// A body that is nothing but the tensor of the model's only input (Inference-Header-Content-Length
/// of 0): at most one open dimension, which follows from the length; a text is the whole body.
Result<InferRequest> ReadRawRequest(const serving::ServedModel& served, std::string_view body,
                                    Arena& arena);

}  // namespace quern::server::oip
