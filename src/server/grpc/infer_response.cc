#include "server/grpc/infer_response.h"

#include <cstring>

#include "inference/inference.pb.h"
#include "serving/json_text.h"

namespace quern::server::grpc {
namespace {

using model::DataType;
using model::TensorView;

void PackTexts(std::span<const std::string_view> texts, std::string* out) {
  size_t size = 0;
  for (std::string_view text : texts) size += sizeof(uint32_t) + text.size();
  out->reserve(size);
  for (std::string_view text : texts) {
    const auto length = static_cast<uint32_t>(text.size());
    char bytes[sizeof length];
    std::memcpy(bytes, &length, sizeof length);
    out->append(bytes, sizeof bytes).append(text);
  }
}

void Pack(const TensorView& tensor, std::string* out) {
  if (tensor.type == DataType::kBytes) {
    PackTexts(tensor.values<std::string_view>(), out);
  } else {
    out->assign(static_cast<const char*>(tensor.data),
                tensor.elements() * model::ElementSize(tensor.type));
  }
}

}  // namespace

void WriteInferResponse(const serving::InferenceCall& call, const serving::InferenceAnswer& answer,
                        ::inference::ModelInferResponse* message) {
  message->set_model_name(answer.model->name());
  message->set_model_version(answer.model->version());
  if (call.id) message->set_id(call.id->data(), call.id->size());
  if (!answer.prediction_ids.empty()) {
    std::string ids;
    serving::AppendJsonList(&ids, answer.prediction_ids.size(), [&](size_t i) {
      serving::AppendJsonText(&ids, answer.prediction_ids[i]);
    });
    (*message->mutable_parameters())["prediction_ids"].set_string_param(std::move(ids));
  }
  for (const serving::NamedTensor& output : answer.outputs) {
    auto* tensor = message->add_outputs();
    tensor->set_name(output.name.data(), output.name.size());
    const std::string_view type = model::DataTypeName(output.tensor.type);
    tensor->set_datatype(type.data(), type.size());
    for (int64_t dimension : output.tensor.shape) tensor->add_shape(dimension);
    Pack(output.tensor, message->add_raw_output_contents());
  }
}

}  // namespace quern::server::grpc
