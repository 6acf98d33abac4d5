#pragma once
// What the model answers as a ModelInferResponse: outputs raw, as Triton sends them.
#include <optional>
#include <string_view>

#include "serving/explain.h"
#include "serving/inference_call.h"

namespace inference {
class ModelInferResponse;
}

namespace quern::server::grpc {

/// Fills an empty message. Outputs come in the order asked for, values packed and little-endian in
/// raw_output_contents. Where predictions are kept, the parameter `prediction_ids` is their ids as
/// a JSON list, one per row: parameters of this protocol are single values.
void WriteInferResponse(const serving::InferenceCall& call, const serving::InferenceAnswer& answer,
                        ::inference::ModelInferResponse* message);
/// The same of explanations: one output `explanations`, a text per row, the JSON object that HTTP
/// answers for it; the parameter `background` says what it was compared with.
void WriteExplanations(const serving::InferenceCall& call, const serving::Explanation& explained,
                       ::inference::ModelInferResponse* message);

}  // namespace quern::server::grpc
