#include "server/oip/tensor.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "serving/frame_builder.h"

namespace quern::server::oip {
namespace {

/// What a datatype accepts; integers with their range.
struct Datatype {
  std::string_view name;
  bool integer = false;
  double low = 0;
  double high = 0;
};

constexpr std::array<Datatype, 12> kDatatypes = {{
    {"BOOL", true, 0, 1},
    {"INT8", true, -128, 127},
    {"INT16", true, -32768, 32767},
    {"INT32", true, -2147483648.0, 2147483647.0},
    {"INT64", true, -9223372036854775808.0, 9223372036854775808.0},
    {"UINT8", true, 0, 255},
    {"UINT16", true, 0, 65535},
    {"UINT32", true, 0, 4294967295.0},
    {"UINT64", true, 0, 18446744073709551616.0},
    {"FP32"},
    {"FP64"},
    {"BYTES"},
}};

const Datatype* FindDatatype(std::string_view name) {
  auto found = std::find_if(kDatatypes.begin(), kDatatypes.end(),
                            [&](const Datatype& type) { return type.name == name; });
  return found == kDatatypes.end() ? nullptr : &*found;
}

std::unexpected<Error> Bad(const std::string& name, std::string what) {
  return Fail(Code::kInvalidArgument, "input " + serving::Quoted(name) + ": " + std::move(what));
}

Status ReadShape(const json::object& object, Tensor* tensor) {
  const json::value* shape = object.if_contains("shape");
  if (shape == nullptr || !shape->is_array()) return Bad(tensor->name, "'shape' must be a list");
  size_t elements = 1;
  for (const json::value& item : shape->as_array()) {
    if (!item.is_number() || item.is_double() || (item.is_int64() && item.as_int64() < 0)) {
      return Bad(tensor->name, "'shape' must hold whole numbers from 0");
    }
    size_t dimension = item.to_number<size_t>();
    tensor->shape.push_back(dimension);
    if (__builtin_mul_overflow(elements, dimension, &elements) || elements > kMaxElements ||
        dimension > kMaxElements) {
      return Bad(tensor->name, "'shape' causes total element count to exceed maximum size of " +
                                   std::to_string(kMaxElements));
    }
  }
  if (tensor->shape.empty()) return Bad(tensor->name, "'shape' is empty");
  return {};
}

Status ReadDatatype(const json::object& object, Tensor* tensor) {
  const json::value* datatype = object.if_contains("datatype");
  if (datatype == nullptr || !datatype->is_string()) {
    return Bad(tensor->name, "'datatype' must be text");
  }
  tensor->datatype = datatype->as_string();
  if (tensor->datatype == "FP16" || tensor->datatype == "BF16") {
    return Bad(tensor->name, "receiving " + tensor->datatype +
                                 " data via JSON is not supported: send FP32 or FP64");
  }
  if (FindDatatype(tensor->datatype) == nullptr) {
    return Bad(tensor->name, "unknown datatype " + serving::Quoted(tensor->datatype));
  }
  return {};
}

/// Nested data must follow the shape exactly.
Status Flatten(const json::array& level, size_t depth, Tensor* tensor) {
  if (level.size() != tensor->shape[depth]) {
    return Bad(tensor->name, "dimension " + std::to_string(depth) + " of 'data' has " +
                                 std::to_string(level.size()) + " entries, 'shape' says " +
                                 std::to_string(tensor->shape[depth]));
  }
  bool last = depth + 1 == tensor->shape.size();
  for (const json::value& item : level) {
    if (last == item.is_array()) return Bad(tensor->name, "'data' is not nested as 'shape' says");
    if (last) {
      tensor->values.push_back(&item);
    } else {
      QUERN_TRY(Flatten(item.as_array(), depth + 1, tensor));
    }
  }
  return {};
}

Status ReadData(const json::object& object, Tensor* tensor) {
  const json::value* data = object.if_contains("data");
  if (data == nullptr || !data->is_array()) return Bad(tensor->name, "'data' must be a list");
  const json::array& list = data->as_array();
  size_t elements = 1;
  for (size_t dimension : tensor->shape) elements *= dimension;
  bool nested = !list.empty() && list.front().is_array();
  if (nested) return Flatten(list, 0, tensor);
  if (list.size() != elements) {
    return Bad(tensor->name, "'data' has " + std::to_string(list.size()) +
                                 " values, 'shape' asks for " + std::to_string(elements));
  }
  for (const json::value& item : list) {
    if (item.is_array()) return Bad(tensor->name, "'data' is neither flat nor nested");
    tensor->values.push_back(&item);
  }
  return {};
}

}  // namespace

Result<Tensor> ReadTensor(const json::value& value) {
  if (!value.is_object()) return Fail(Code::kInvalidArgument, "an entry of 'inputs' is no object");
  const json::object& object = value.as_object();
  Tensor tensor;
  const json::value* name = object.if_contains("name");
  if (name == nullptr || !name->is_string()) {
    return Fail(Code::kInvalidArgument, "an entry of 'inputs' has no 'name'");
  }
  tensor.name = name->as_string();
  const json::value* parameters = object.if_contains("parameters");
  if (parameters != nullptr && !parameters->is_object()) {
    return Bad(tensor.name, "'parameters' must be an object");
  }
  if (parameters != nullptr && parameters->as_object().contains("binary_data_size")) {
    return Bad(tensor.name, "binary tensor data is not supported: send 'data' as JSON");
  }
  QUERN_TRY(ReadShape(object, &tensor));
  QUERN_TRY(ReadDatatype(object, &tensor));
  QUERN_TRY(ReadData(object, &tensor));
  return tensor;
}

Result<Element> ReadElement(const Tensor& tensor, size_t index) {
  const json::value& value = *tensor.values[index];
  auto bad = [&](std::string_view what) {
    return Bad(tensor.name, "element " + std::to_string(index) + " of datatype " + tensor.datatype +
                                " is " + std::string(what));
  };
  Element element;
  if (value.is_null()) return element;
  if (tensor.datatype == "BYTES") {
    if (!value.is_string()) return bad("not text");
    element.kind = Element::Kind::kText;
    element.text = std::string_view(value.as_string().data(), value.as_string().size());
    return element;
  }
  if (value.is_bool()) {
    element.number = value.as_bool() ? 1 : 0;
  } else if (value.is_number()) {
    element.number = value.to_number<double>();
  } else {
    return bad("not a number");
  }
  element.kind = std::isnan(element.number) ? Element::Kind::kMissing : Element::Kind::kNumber;
  const Datatype& type = *FindDatatype(tensor.datatype);
  if (!type.integer) return element;
  if (element.kind == Element::Kind::kMissing || element.number != std::floor(element.number)) {
    return bad("not a whole number");
  }
  if (element.number < type.low || element.number > type.high) return bad("out of range");
  return element;
}

}  // namespace quern::server::oip
