#include "server/oip/infer_request.h"

#include <algorithm>

#include "base/text.h"
#include "server/http/respond.h"
#include "server/oip/tensor.h"
#include "serving/frame_builder.h"

namespace quern::server::oip {
namespace {

std::unexpected<Error> Bad(std::string what) {
  return Fail(Code::kInvalidArgument, std::move(what));
}

Status SetElement(serving::FrameBuilder& builder, size_t input, size_t row, const Tensor& tensor,
                  size_t index) {
  QUERN_ASSIGN(Element element, ReadElement(tensor, index));
  switch (element.kind) {
    case Element::Kind::kMissing:
      return builder.SetMissing(input, row);
    case Element::Kind::kNumber:
      return builder.SetNumber(input, row, element.number);
    case Element::Kind::kText:
      return builder.SetText(input, row, element.text);
  }
  return {};
}

std::string ShapeText(const std::vector<size_t>& shape) {
  std::vector<std::string> parts;
  for (size_t dimension : shape) parts.push_back(std::to_string(dimension));
  return "[" + Join(parts, ",") + "]";
}

/// A single tensor that stands for all inputs: not named as one of them, or with their number of
/// columns.
bool IsMatrix(const std::vector<Tensor>& tensors, const serving::Signature& signature) {
  if (tensors.size() != 1 || tensors[0].shape.size() != 2) return false;
  if (tensors[0].shape[1] == signature.inputs.size() && signature.inputs.size() > 1) return true;
  return std::none_of(signature.inputs.begin(), signature.inputs.end(),
                      [&](const auto& input) { return input.name == tensors[0].name; });
}

Result<Frame> FrameOfMatrix(const Tensor& tensor, const serving::Signature& signature) {
  size_t columns = signature.inputs.size();
  if (tensor.shape[1] != columns) {
    return Bad("input " + serving::Quoted(tensor.name) + " has " + std::to_string(tensor.shape[1]) +
               " columns, the model takes " + std::to_string(columns));
  }
  serving::FrameBuilder builder(signature, tensor.shape[0]);
  for (size_t i = 0; i < tensor.values.size(); ++i) {
    QUERN_TRY(SetElement(builder, i % columns, i / columns, tensor, i));
  }
  return builder.Take();
}

Result<Frame> FrameOfColumns(const std::vector<Tensor>& tensors,
                             const serving::Signature& signature) {
  size_t rows = tensors.front().shape[0];
  serving::FrameBuilder builder(signature, rows);
  for (const Tensor& tensor : tensors) {
    auto input = builder.Find(tensor.name);
    if (!input) continue;
    if (!builder.Claim(*input)) return Bad("input " + serving::Quoted(tensor.name) + " twice");
    bool column = tensor.shape.size() == 1 || (tensor.shape.size() == 2 && tensor.shape[1] == 1);
    if (!column) {
      return Bad("input " + serving::Quoted(tensor.name) + " has shape " + ShapeText(tensor.shape) +
                 ", a column has [N] or [N,1]");
    }
    if (tensor.shape[0] != rows) {
      return Bad("input " + serving::Quoted(tensor.name) + " has " +
                 std::to_string(tensor.shape[0]) + " rows, the first one " + std::to_string(rows));
    }
    for (size_t row = 0; row < rows; ++row) {
      QUERN_TRY(SetElement(builder, *input, row, tensor, row));
    }
  }
  std::vector<std::string> missing = builder.Unclaimed();
  if (!missing.empty()) {
    return Bad("missing input '" + Join(missing, "', '") + "': the model takes " +
               std::to_string(signature.inputs.size()) + " inputs");
  }
  return builder.Take();
}

Status ReadOutputs(const json::object& body, InferRequest* request) {
  const json::value* outputs = body.if_contains("outputs");
  if (outputs == nullptr || outputs->is_null()) return {};
  if (!outputs->is_array()) return Bad("'outputs' must be a list");
  for (const json::value& output : outputs->as_array()) {
    const json::value* name = output.is_object() ? output.as_object().if_contains("name") : nullptr;
    if (name == nullptr || !name->is_string()) return Bad("an entry of 'outputs' has no 'name'");
    request->outputs.emplace_back(name->as_string());
  }
  return {};
}

Status ReadId(const json::object& body, InferRequest* request) {
  const json::value* id = body.if_contains("id");
  if (id == nullptr || id->is_null()) return {};
  if (!id->is_string()) return Bad("'id' must be text");
  request->has_id = true;
  request->id = id->as_string();
  return {};
}

}  // namespace

Result<InferRequest> ParseInferRequest(std::string_view body, const serving::Signature& signature) {
  QUERN_ASSIGN(json::value parsed, ParseBody(body));
  if (!parsed.is_object()) return Bad("the request body must be a JSON object");
  const json::object& object = parsed.as_object();
  InferRequest request;
  QUERN_TRY(ReadId(object, &request));
  QUERN_TRY(ReadOutputs(object, &request));
  const json::value* parameters = object.if_contains("parameters");
  if (parameters != nullptr && !parameters->is_null() && !parameters->is_object()) {
    return Bad("'parameters' must be an object");
  }
  const json::value* inputs = object.if_contains("inputs");
  if (inputs == nullptr || !inputs->is_array() || inputs->as_array().empty()) {
    return Bad("'inputs' must be a list of tensors");
  }
  std::vector<Tensor> tensors;
  for (const json::value& input : inputs->as_array()) {
    QUERN_ASSIGN(Tensor tensor, ReadTensor(input));
    tensors.push_back(std::move(tensor));
  }
  if (IsMatrix(tensors, signature)) {
    QUERN_ASSIGN(request.rows, FrameOfMatrix(tensors.front(), signature));
  } else {
    QUERN_ASSIGN(request.rows, FrameOfColumns(tensors, signature));
  }
  return request;
}

}  // namespace quern::server::oip
