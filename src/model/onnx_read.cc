#include "model/onnx_read.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "model/onnx_types.h"
#include "onnx/onnx-ml.pb.h"

namespace quern::model {
namespace {

constexpr const char* kHint = "export the model again";

bool Parse(std::string_view bytes, onnx::ModelProto& model) {
  return bytes.size() <= static_cast<size_t>(std::numeric_limits<int>::max()) &&
         model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

/// Product of the dimensions, or nothing if one is negative or the product is absurd.
std::optional<size_t> CountOf(const onnx::TensorProto& tensor) {
  size_t count = 1;
  for (const int64_t d : tensor.dims()) {
    if (d < 0 || d > std::numeric_limits<int32_t>::max()) return std::nullopt;
    count *= static_cast<size_t>(d);
    if (count > static_cast<size_t>(std::numeric_limits<int32_t>::max())) return std::nullopt;
  }
  return count;
}

/// Values from the raw bytes (little-endian, as the machine) or from the typed field.
template <class T, class Stored, class Field>
bool Fill(const onnx::TensorProto& tensor, const Field& field, size_t count, std::vector<T>& out) {
  if (tensor.has_raw_data()) {
    if (tensor.raw_data().size() != count * sizeof(Stored)) return false;
    out.resize(count);
    for (size_t i = 0; i < count; ++i) {
      Stored value;
      std::memcpy(&value, tensor.raw_data().data() + i * sizeof(Stored), sizeof(Stored));
      out[i] = static_cast<T>(value);
    }
    return true;
  }
  if (static_cast<size_t>(field.size()) != count) return false;
  out.assign(field.begin(), field.end());
  return true;
}

Result<bool> FillConstant(const onnx::TensorProto& tensor, size_t count, Constant& out) {
  std::vector<int64_t> integers;
  const auto keep = [&](bool good) {
    out.values = std::move(integers);
    return good;
  };
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT:
      return Fill<float, float>(tensor, tensor.float_data(), count,
                                out.values.emplace<std::vector<float>>());
    case onnx::TensorProto::DOUBLE:
      return Fill<double, double>(tensor, tensor.double_data(), count,
                                  out.values.emplace<std::vector<double>>());
    case onnx::TensorProto::INT64:
      return keep(Fill<int64_t, int64_t>(tensor, tensor.int64_data(), count, integers));
    case onnx::TensorProto::INT32:
      return keep(Fill<int64_t, int32_t>(tensor, tensor.int32_data(), count, integers));
    case onnx::TensorProto::BOOL:
      return keep(Fill<int64_t, uint8_t>(tensor, tensor.int32_data(), count, integers));
    case onnx::TensorProto::STRING: {
      auto& texts = out.values.emplace<std::vector<std::string>>();
      texts.assign(tensor.string_data().begin(), tensor.string_data().end());
      return texts.size() == count;
    }
    default:
      return Fail(Code::kUnimplemented, fmt::format("the constant '{}' is of type {}",
                                                    tensor.name(), tensor.data_type()));
  }
}

Result<Constant> ReadConstant(const onnx::TensorProto& tensor) {
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    return Fail(Code::kUnimplemented,
                fmt::format("the constant '{}' lies in another file", tensor.name()));
  }
  const std::optional<DataType> type = FromOnnxType(tensor.data_type());
  const std::optional<size_t> count = CountOf(tensor);
  if (!type || !count) {
    return Fail(Code::kInvalidArgument,
                fmt::format("the constant '{}' has no valid type or shape", tensor.name()), kHint);
  }
  Constant constant;
  constant.type = *type;
  constant.shape.assign(tensor.dims().begin(), tensor.dims().end());
  QUERN_ASSIGN(const bool whole, FillConstant(tensor, *count, constant));
  if (!whole) {
    return Fail(Code::kInvalidArgument,
                fmt::format("the constant '{}' does not hold the {} values of its shape",
                            tensor.name(), *count),
                kHint);
  }
  return constant;
}

Result<AttributeValue> ReadAttribute(const onnx::AttributeProto& attribute,
                                     const onnx::NodeProto& node) {
  switch (attribute.type()) {
    case onnx::AttributeProto::INT:
      return attribute.i();
    case onnx::AttributeProto::FLOAT:
      return attribute.f();
    case onnx::AttributeProto::STRING:
      return attribute.s();
    case onnx::AttributeProto::INTS:
      return std::vector<int64_t>(attribute.ints().begin(), attribute.ints().end());
    case onnx::AttributeProto::FLOATS:
      return std::vector<float>(attribute.floats().begin(), attribute.floats().end());
    case onnx::AttributeProto::STRINGS:
      return std::vector<std::string>(attribute.strings().begin(), attribute.strings().end());
    case onnx::AttributeProto::TENSOR: {
      QUERN_ASSIGN(Constant constant, ReadConstant(attribute.t()));
      return constant;
    }
    default:
      return Fail(Code::kUnimplemented,
                  fmt::format("node '{}' ({}) has the attribute '{}', a graph "
                              "or another kind of value",
                              node.name(), node.op_type(), attribute.name()));
  }
}

Result<GraphNode> ReadNode(const onnx::NodeProto& proto) {
  GraphNode node;
  node.op = proto.op_type();
  node.domain = proto.domain() == "ai.onnx" ? "" : proto.domain();
  node.name = proto.name();
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  if (node.name.empty() && !node.outputs.empty()) node.name = node.outputs.front();
  for (const onnx::AttributeProto& attribute : proto.attribute()) {
    QUERN_ASSIGN(AttributeValue value, ReadAttribute(attribute, proto));
    node.attributes.insert_or_assign(attribute.name(), std::move(value));
  }
  return node;
}

Result<TensorSpec> ReadInput(const onnx::ValueInfoProto& info) {
  const onnx::TypeProto::Tensor& tensor = info.type().tensor_type();
  const std::optional<DataType> type = FromOnnxType(tensor.elem_type());
  if (!info.type().has_tensor_type() || !type) {
    return Fail(Code::kUnimplemented, fmt::format("the input '{}' is no tensor", info.name()));
  }
  TensorSpec spec{info.name(), *type, {}};
  for (const onnx::TensorShapeProto::Dimension& d : tensor.shape().dim()) {
    spec.shape.push_back(d.has_dim_value() && d.dim_value() >= 0 ? d.dim_value() : -1);
  }
  return spec;
}

}  // namespace

Result<Graph> ReadGraph(std::string_view onnx) {
  onnx::ModelProto model;
  if (!Parse(onnx, model) || !model.has_graph()) {
    return Fail(Code::kInvalidArgument, "the bytes are no ONNX model", kHint);
  }
  Graph graph;
  for (const onnx::OperatorSetIdProto& opset : model.opset_import()) {
    if (opset.domain().empty() || opset.domain() == "ai.onnx") graph.opset = opset.version();
    if (opset.domain() == "ai.onnx.ml") graph.ml_opset = opset.version();
  }
  const onnx::GraphProto& proto = model.graph();
  if (model.functions_size() > 0 || proto.sparse_initializer_size() > 0) {
    return Fail(Code::kUnimplemented, "the model holds functions or sparse tensors");
  }
  for (const onnx::TensorProto& tensor : proto.initializer()) {
    QUERN_ASSIGN(Constant constant, ReadConstant(tensor));
    graph.constants.insert_or_assign(tensor.name(), std::move(constant));
  }
  for (const onnx::ValueInfoProto& info : proto.input()) {
    if (graph.constants.contains(info.name())) continue;
    QUERN_ASSIGN(TensorSpec spec, ReadInput(info));
    graph.inputs.push_back(std::move(spec));
  }
  for (const onnx::ValueInfoProto& info : proto.output()) graph.outputs.push_back(info.name());
  for (const onnx::NodeProto& node : proto.node()) {
    QUERN_ASSIGN(GraphNode read, ReadNode(node));
    graph.nodes.push_back(std::move(read));
  }
  return graph;
}

std::optional<std::string> WithoutZipMap(std::string_view onnx) {
  if (onnx.find("ZipMap") == std::string_view::npos) return std::nullopt;
  onnx::ModelProto model;
  if (!Parse(onnx, model)) return std::nullopt;
  bool found = false;
  for (onnx::NodeProto& node : *model.mutable_graph()->mutable_node()) {
    if (node.op_type() != "ZipMap" || node.domain() != "ai.onnx.ml" || node.output_size() != 1) {
      continue;
    }
    found = true;
    int64_t classes = -1;
    for (const onnx::AttributeProto& attribute : node.attribute()) {
      classes = std::max<int64_t>({classes, attribute.ints_size(), attribute.strings_size()});
    }
    for (onnx::ValueInfoProto& output : *model.mutable_graph()->mutable_output()) {
      if (output.name() != node.output(0)) continue;
      onnx::TypeProto::Tensor& tensor = *output.mutable_type()->mutable_tensor_type();
      tensor.set_elem_type(onnx::TensorProto::FLOAT);
      tensor.mutable_shape()->add_dim()->set_dim_param("N");
      onnx::TensorShapeProto::Dimension& width = *tensor.mutable_shape()->add_dim();
      if (classes > 0) width.set_dim_value(classes);
    }
    node.set_op_type("Identity");
    node.clear_domain();
    node.clear_attribute();
  }
  if (!found) return std::nullopt;
  return model.SerializeAsString();
}

}  // namespace quern::model
