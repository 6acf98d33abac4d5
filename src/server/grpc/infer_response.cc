#include "server/grpc/infer_response.h"

#include <cstring>

#include "inference/inference.pb.h"
#include "server/http/explanation_text.h"
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

void WriteHead(const serving::InferenceCall& call, const serving::ServedModel& model,
               ::inference::ModelInferResponse* message) {
  message->set_model_name(model.name());
  message->set_model_version(model.version());
  if (call.id) message->set_id(call.id->data(), call.id->size());
}

}  // namespace

void WriteInferResponse(const serving::InferenceCall& call, const serving::InferenceAnswer& answer,
                        ::inference::ModelInferResponse* message) {
  WriteHead(call, *answer.model, message);
  if (!answer.prediction_ids.empty()) {
    std::string ids;
    serving::AppendJsonTexts(&ids, answer.prediction_ids);
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

void WriteExplanations(const serving::InferenceCall& call, const serving::Explanation& explained,
                       ::inference::ModelInferResponse* message) {
  WriteHead(call, *explained.model, message);
  (*message->mutable_parameters())["background"].set_string_param(
      std::string(BackgroundName(explained)));
  auto* tensor = message->add_outputs();
  tensor->set_name("explanations");
  tensor->set_datatype("BYTES");
  tensor->add_shape(static_cast<int64_t>(explained.rows.size()));
  std::vector<std::string> texts(explained.rows.size());
  for (size_t row = 0; row < texts.size(); ++row) {
    AppendRowExplanation(&texts[row], explained, row);
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  PackTexts(views, message->add_raw_output_contents());
}

}  // namespace quern::server::grpc
