#include "server/oip/infer_response.h"

#include <cstring>

#include "base/text.h"
#include "server/http/tensor_text.h"
#include "serving/input_binding.h"
#include "serving/json_text.h"

namespace quern::server::oip {
namespace {

using model::DataType;
using model::TensorView;
using serving::AppendJsonInt;
using serving::AppendJsonList;
using serving::AppendJsonText;

size_t BinarySize(const TensorView& tensor) {
  if (tensor.type != DataType::kBytes) return tensor.elements() * model::ElementSize(tensor.type);
  size_t size = 0;
  for (std::string_view text : tensor.values<std::string_view>()) size += 4 + text.size();
  return size;
}

void AppendBinary(std::string* out, const TensorView& tensor) {
  if (tensor.type != DataType::kBytes) {
    out->append(static_cast<const char*>(tensor.data), BinarySize(tensor));
    return;
  }
  for (std::string_view text : tensor.values<std::string_view>()) {
    const auto length = static_cast<uint32_t>(text.size());
    char bytes[sizeof length];
    std::memcpy(bytes, &length, sizeof length);
    out->append(bytes, sizeof bytes).append(text);
  }
}

Status CheckText(const serving::NamedTensor& output) {
  const DataType type = output.tensor.type;
  if (type == DataType::kFp16 || type == DataType::kBf16) {
    return Fail(Code::kInvalidArgument, "sending " + std::string(model::DataTypeName(type)) +
                                            " data via JSON is not supported: ask for output " +
                                            serving::Quoted(output.name) +
                                            " in the binary data format");
  }
  if (type != DataType::kBytes) return {};
  for (std::string_view text : output.tensor.values<std::string_view>()) {
    if (FindInvalidUtf8(text)) {
      return Fail(Code::kInvalidArgument, "output " + serving::Quoted(output.name) +
                                              " is not UTF-8 text: ask for it in the binary data "
                                              "format");
    }
  }
  return {};
}

}  // namespace

Result<size_t> WriteInferResponse(const InferRequest& request,
                                  const serving::InferenceAnswer& answer, std::string* out) {
  const size_t begin = out->size();
  const auto binary = [&](size_t i) {
    return i < request.binary.size() ? request.binary[i] : request.binary_by_default;
  };
  out->append("{\"model_name\":");
  AppendJsonText(out, answer.model->name());
  out->append(",\"model_version\":");
  AppendJsonText(out, answer.model->version());
  if (request.call.id) {
    out->append(",\"id\":");
    AppendJsonText(out, *request.call.id);
  }
  if (!answer.prediction_ids.empty()) {
    out->append(",\"parameters\":{\"prediction_ids\":");
    serving::AppendJsonTexts(out, answer.prediction_ids);
    out->push_back('}');
  }
  out->append(",\"outputs\":[");
  bool any_binary = false;
  for (size_t i = 0; i < answer.outputs.size(); ++i) {
    const serving::NamedTensor& output = answer.outputs[i];
    if (i > 0) out->push_back(',');
    out->append("{\"name\":");
    AppendJsonText(out, output.name);
    out->append(",\"datatype\":\"").append(model::DataTypeName(output.tensor.type));
    out->append("\",\"shape\":");
    AppendJsonList(out, output.tensor.shape.size(),
                   [&](size_t d) { AppendJsonInt(out, output.tensor.shape[d]); });
    if (binary(i)) {
      any_binary = true;
      out->append(",\"parameters\":{\"binary_data_size\":");
      AppendJsonInt(out, static_cast<int64_t>(BinarySize(output.tensor)));
      out->append("}}");
      continue;
    }
    QUERN_TRY(CheckText(output));
    out->append(",\"data\":");
    AppendElements(out, output.tensor, 0, output.tensor.elements());
    out->push_back('}');
  }
  out->append("]}");
  if (!any_binary) return 0;
  const size_t json = out->size() - begin;
  for (size_t i = 0; i < answer.outputs.size(); ++i) {
    if (binary(i)) AppendBinary(out, answer.outputs[i].tensor);
  }
  return json;
}

void AppendTensorSpecs(std::string* out, const std::vector<model::TensorSpec>& specs) {
  AppendJsonList(out, specs.size(), [&](size_t i) {
    out->append("{\"name\":");
    AppendJsonText(out, specs[i].name);
    out->append(",\"datatype\":\"").append(model::DataTypeName(specs[i].type));
    out->append("\",\"shape\":");
    AppendJsonList(out, specs[i].shape.size(),
                   [&](size_t d) { AppendJsonInt(out, specs[i].shape[d]); });
    out->push_back('}');
  });
}

}  // namespace quern::server::oip
