#include "server/grpc/infer_request.h"

#include <algorithm>
#include <array>
#include <limits>

#include "inference/inference.pb.h"
#include "server/explaining.h"
#include "server/oip/tensor_reader.h"
#include "serving/input_binding.h"

namespace quern::server::grpc {
namespace {

using ::inference::InferParameter;
using ::inference::InferTensorContents;
using ::inference::ModelInferRequest;
using model::DataType;
using model::TensorView;
using oip::BadTensor;
using oip::TensorHead;
using serving::NamedTensor;
using serving::Parameter;
using serving::ParameterValue;
using Parameters = google::protobuf::Map<std::string, InferParameter>;

std::unexpected<Error> Bad(std::string what) {
  return Fail(Code::kInvalidArgument, std::move(what));
}

Result<ParameterValue> ValueOf(const std::string& name, const InferParameter& parameter) {
  switch (parameter.parameter_choice_case()) {
    case InferParameter::kBoolParam:
      return parameter.bool_param();
    case InferParameter::kInt64Param:
      return parameter.int64_param();
    case InferParameter::kStringParam:
      return std::string_view(parameter.string_param());
    case InferParameter::kDoubleParam:
      return parameter.double_param();
    case InferParameter::kUint64Param: {
      const uint64_t value = parameter.uint64_param();
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        return static_cast<double>(value);
      }
      return static_cast<int64_t>(value);
    }
    case InferParameter::PARAMETER_CHOICE_NOT_SET:
      break;
  }
  return Bad("parameter " + serving::Quoted(name) + " has no value");
}

/// What stands in the way of an answer if it were passed over.
Status RefuseExtensions(const Parameters& parameters, std::string_view tensor) {
  for (const char* name : {"shared_memory_region", "classification"}) {
    if (!parameters.contains(name)) continue;
    return Fail(Code::kUnimplemented,
                "tensor " + serving::Quoted(tensor) + ": this server has no " +
                    (name[0] == 's' ? "shared memory" : "classification") + " extension",
                name[0] == 's' ? "send the values in the request" : "ask for the output itself");
  }
  return {};
}

/// The values of a typed list where they lie.
template <typename List>
Result<TensorView> InPlace(const TensorHead& head, const List& list, std::string_view field) {
  if (static_cast<size_t>(list.size()) != head.elements) {
    return BadTensor(head.name, std::string(field) + " has " + std::to_string(list.size()) +
                                    " values, 'shape' asks for " + std::to_string(head.elements));
  }
  return TensorView{head.type, head.shape, list.data()};
}

/// The same in a narrower type, copied.
template <typename T, typename List>
Result<TensorView> Narrowed(const TensorHead& head, const List& list, std::string_view field,
                            Arena& arena) {
  QUERN_ASSIGN(TensorView view, InPlace(head, list, field));
  std::span<T> values = arena.Make<T>(head.elements);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto value = list[static_cast<int>(i)];
    if (!std::in_range<T>(value)) {
      return BadTensor(head.name, "element " + std::to_string(i) + " is " + std::to_string(value) +
                                      ", which " + std::string(model::DataTypeName(head.type)) +
                                      " cannot hold");
    }
    values[i] = static_cast<T>(value);
  }
  view.data = values.data();
  return view;
}

Result<TensorView> Texts(const TensorHead& head, const InferTensorContents& contents,
                         Arena& arena) {
  QUERN_TRY(InPlace(head, contents.bytes_contents(), "bytes_contents"));
  std::span<std::string_view> texts = arena.Make<std::string_view>(head.elements);
  for (size_t i = 0; i < texts.size(); ++i) texts[i] = contents.bytes_contents(static_cast<int>(i));
  return TensorView{head.type, head.shape, texts.data()};
}

Result<TensorView> ReadContents(const TensorHead& head, const InferTensorContents& c,
                                Arena& arena) {
  switch (head.type) {
    case DataType::kBool:
      return InPlace(head, c.bool_contents(), "bool_contents");
    case DataType::kInt8:
      return Narrowed<int8_t>(head, c.int_contents(), "int_contents", arena);
    case DataType::kInt16:
      return Narrowed<int16_t>(head, c.int_contents(), "int_contents", arena);
    case DataType::kInt32:
      return InPlace(head, c.int_contents(), "int_contents");
    case DataType::kInt64:
      return InPlace(head, c.int64_contents(), "int64_contents");
    case DataType::kUint8:
      return Narrowed<uint8_t>(head, c.uint_contents(), "uint_contents", arena);
    case DataType::kUint16:
      return Narrowed<uint16_t>(head, c.uint_contents(), "uint_contents", arena);
    case DataType::kUint32:
      return InPlace(head, c.uint_contents(), "uint_contents");
    case DataType::kUint64:
      return InPlace(head, c.uint64_contents(), "uint64_contents");
    case DataType::kFp32:
      return InPlace(head, c.fp32_contents(), "fp32_contents");
    case DataType::kFp64:
      return InPlace(head, c.fp64_contents(), "fp64_contents");
    case DataType::kBytes:
      return Texts(head, c, arena);
    case DataType::kFp16:
    case DataType::kBf16:
      break;
  }
  return BadTensor(head.name, "values of " + std::string(model::DataTypeName(head.type)) +
                                  " have no typed form: send them in raw_input_contents");
}

class Reader {
 public:
  Reader(const ModelInferRequest& message, Arena& arena) : message_(message), arena_(arena) {}

  Result<InferRequest> Read() {
    request_.call.model = message_.model_name();
    request_.call.version = message_.model_version();
    if (!message_.id().empty()) request_.call.id = message_.id();
    QUERN_TRY(RequestParameters());
    QUERN_TRY(Outputs());
    QUERN_TRY(Inputs());
    return std::move(request_);
  }

 private:
  Status RequestParameters() {
    if (message_.parameters().empty()) return {};
    std::span<Parameter> kept = arena_.Make<Parameter>(message_.parameters().size());
    size_t count = 0;
    for (const auto& [name, parameter] : message_.parameters()) {
      QUERN_ASSIGN(const ParameterValue value, ValueOf(name, parameter));
      if (name == "content_type") {
        const auto* type = std::get_if<std::string_view>(&value);
        if (type == nullptr || (*type != "pd" && *type != "np" && *type != "str")) {
          return Bad("content_type of a request must be 'pd', 'np' or 'str'");
        }
        request_.call.columns_only = *type == "pd";
      } else if (name == "timeout") {
        const auto* micros = std::get_if<int64_t>(&value);
        if (micros == nullptr || *micros < 0) {
          return Bad("parameter 'timeout' must be a whole number of microseconds");
        }
        request_.timeout = static_cast<double>(*micros) * 1e-6;
      } else if (name == kExplainParameter) {
        QUERN_ASSIGN(request_.explain, ReadExplainParameter(value));
      } else {
        kept[count++] = {name, value};
      }
    }
    request_.call.parameters = kept.first(count);
    return {};
  }

  Status Outputs() {
    std::span<std::string_view> names =
        arena_.Make<std::string_view>(static_cast<size_t>(message_.outputs_size()));
    for (size_t i = 0; i < names.size(); ++i) {
      const auto& output = message_.outputs(static_cast<int>(i));
      QUERN_TRY(RefuseExtensions(output.parameters(), output.name()));
      names[i] = output.name();
    }
    request_.call.outputs = names;
    return {};
  }

  Status Inputs() {
    const int count = message_.inputs_size();
    const int raw = message_.raw_input_contents_size();
    if (raw != 0 && raw != count) {
      return Bad("raw_input_contents has " + std::to_string(raw) + " entries for " +
                 std::to_string(count) + " inputs: one for each, or none at all");
    }
    std::span<NamedTensor> inputs = arena_.Make<NamedTensor>(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) {
      QUERN_ASSIGN(inputs[static_cast<size_t>(i)], Input(message_.inputs(i), i, raw != 0));
    }
    request_.call.inputs = inputs;
    return {};
  }

  Result<NamedTensor> Input(const ModelInferRequest::InferInputTensor& input, int index, bool raw) {
    TensorHead head;
    head.name = input.name();
    head.shape = {input.shape().data(), static_cast<size_t>(input.shape_size())};
    if (head.name.empty()) return Bad("input " + std::to_string(index) + " has no name");
    QUERN_TRY(oip::CheckShape(head.name, head.shape, &head.elements));
    const auto type = model::ParseDataType(input.datatype());
    if (!type) {
      return BadTensor(head.name, "unknown datatype " + serving::Quoted(input.datatype()));
    }
    head.type = *type;
    QUERN_ASSIGN(const bool base64, IsBase64(input, head));
    if (raw && input.has_contents()) {
      return BadTensor(head.name,
                       "has 'contents', but the request has raw_input_contents: values "
                       "come all in the one form or all in the other");
    }
    QUERN_ASSIGN(TensorView view,
                 raw ? oip::ReadBinaryData(head, message_.raw_input_contents(index), arena_)
                     : ReadContents(head, input.contents(), arena_));
    if (base64) QUERN_TRY(oip::DecodeBase64(head.name, view, arena_));
    return NamedTensor{head.name, view};
  }

  static Result<bool> IsBase64(const ModelInferRequest::InferInputTensor& input,
                               const TensorHead& head) {
    if (input.parameters().empty()) return false;
    QUERN_TRY(RefuseExtensions(input.parameters(), head.name));
    const auto found = input.parameters().find("content_type");
    if (found == input.parameters().end()) return false;
    const std::string& type = found->second.string_param();
    constexpr std::array<std::string_view, 5> kKnown = {"np", "pd", "str", "base64", "datetime"};
    if (std::find(kKnown.begin(), kKnown.end(), type) == kKnown.end()) {
      return BadTensor(head.name, "unknown content_type " + serving::Quoted(type) +
                                      "; known: np, pd, str, base64, datetime");
    }
    return type == "base64";
  }

  const ModelInferRequest& message_;
  Arena& arena_;
  InferRequest request_;
};

}  // namespace

Result<InferRequest> ReadInferRequest(const ModelInferRequest& message, Arena& arena) {
  return Reader(message, arena).Read();
}

}  // namespace quern::server::grpc
