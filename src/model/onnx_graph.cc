#include "model/onnx_graph.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <bit>
#include <limits>
#include <map>
#include <set>

#include "base/text.h"
#include "model/onnx_types.h"
#include "onnx/onnx-ml.pb.h"

namespace quern::model {
namespace {

constexpr int64_t kIrVersion = 9;
constexpr int64_t kOpset = 19;
constexpr int64_t kMlOpset = 3;
constexpr const char* kMlDomain = "ai.onnx.ml";

void FillType(onnx::ValueInfoProto& info, DataType type, std::span<const int64_t> shape) {
  onnx::TypeProto::Tensor& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(OnnxType(type));
  for (int64_t size : shape) {
    onnx::TensorShapeProto::Dimension& dimension = *tensor.mutable_shape()->add_dim();
    if (size < 0) {
      dimension.set_dim_param("N");
    } else {
      dimension.set_dim_value(size);
    }
  }
}

struct AttributeFiller {
  onnx::AttributeProto& proto;
  void operator()(int64_t value) const {
    proto.set_type(onnx::AttributeProto::INT);
    proto.set_i(value);
  }
  void operator()(float value) const {
    proto.set_type(onnx::AttributeProto::FLOAT);
    proto.set_f(value);
  }
  void operator()(const std::string& value) const {
    proto.set_type(onnx::AttributeProto::STRING);
    proto.set_s(value);
  }
  void operator()(const std::vector<int64_t>& values) const {
    proto.set_type(onnx::AttributeProto::INTS);
    for (int64_t value : values) proto.add_ints(value);
  }
  void operator()(const std::vector<float>& values) const {
    proto.set_type(onnx::AttributeProto::FLOATS);
    for (float value : values) proto.add_floats(value);
  }
  void operator()(const std::vector<std::string>& values) const {
    proto.set_type(onnx::AttributeProto::STRINGS);
    for (const std::string& value : values) proto.add_strings(value);
  }
};

}  // namespace

struct GraphWriter::State {
  onnx::ModelProto model;
  std::set<std::string> taken;
  std::map<uint64_t, Value> scalars;  // by bits
  std::map<int64_t, Value> ints;
  std::map<std::string, Value> texts;

  onnx::GraphProto& graph() { return *model.mutable_graph(); }

  std::string Unique(const std::string& name) {
    std::string unique = name;
    for (int n = 2; !taken.insert(unique).second; ++n) unique = fmt::format("{}_{}", name, n);
    return unique;
  }

  onnx::TensorProto& Initializer(const std::string& hint, DataType type,
                                 const std::vector<int64_t>& shape) {
    onnx::TensorProto& tensor = *graph().add_initializer();
    tensor.set_name(Unique(hint));
    tensor.set_data_type(OnnxType(type));
    for (int64_t size : shape) tensor.add_dims(size);
    return tensor;
  }

  onnx::NodeProto& Node(std::string_view op, std::span<const Value> inputs,
                        const std::vector<Attribute>& attributes) {
    onnx::NodeProto& node = *graph().add_node();
    node.set_op_type(std::string(op));
    for (const Value& input : inputs) node.add_input(input);
    for (const Attribute& attribute : attributes) {
      onnx::AttributeProto& proto = *node.add_attribute();
      proto.set_name(attribute.name);
      std::visit(AttributeFiller{proto}, attribute.value);
    }
    return node;
  }
};

GraphWriter::GraphWriter() : state_(std::make_unique<State>()) {
  onnx::ModelProto& model = state_->model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name("quern");
  model.set_producer_version(QUERN_VERSION);
  onnx::OperatorSetIdProto& opset = *model.add_opset_import();
  opset.set_domain("");
  opset.set_version(kOpset);
  onnx::OperatorSetIdProto& ml = *model.add_opset_import();
  ml.set_domain(kMlDomain);
  ml.set_version(kMlOpset);
}
GraphWriter::~GraphWriter() = default;

Result<Value> GraphWriter::Input(const std::string& name, DataType type) {
  if (name.empty()) return Fail(Code::kInvalidArgument, "an input column has no name");
  if (!state_->taken.insert(name).second) {
    return Fail(Code::kInvalidArgument,
                fmt::format("input column '{}' is there twice, or has the name of an output", name),
                "rename the column");
  }
  onnx::ValueInfoProto& info = *state_->graph().add_input();
  info.set_name(name);
  const int64_t shape[] = {-1, 1};
  FillType(info, type, shape);
  return name;
}

void GraphWriter::Reserve(const std::string& name) { state_->taken.insert(name); }

void GraphWriter::Output(const std::string& name, DataType type, std::span<const int64_t> shape) {
  onnx::ValueInfoProto& info = *state_->graph().add_output();
  info.set_name(name);
  FillType(info, type, shape);
}

Value GraphWriter::Scalar(double value) {
  Value& known = state_->scalars[std::bit_cast<uint64_t>(value)];
  if (known.empty()) known = Doubles("const/" + ShortestDouble(value), {&value, 1}, {});
  return known;
}

Value GraphWriter::Int(int64_t value) {
  Value& known = state_->ints[value];
  if (known.empty()) known = Ints(fmt::format("const/int/{}", value), {&value, 1}, {});
  return known;
}

Value GraphWriter::Text(const std::string& value) {
  Value& known = state_->texts[value];
  if (known.empty()) known = Texts("const/text/" + value, {&value, 1}, {});
  return known;
}

Value GraphWriter::Doubles(const std::string& hint, std::span<const double> values,
                           std::vector<int64_t> shape) {
  onnx::TensorProto& tensor = state_->Initializer(hint, DataType::kFp64, shape);
  static_assert(std::endian::native == std::endian::little, "raw_data is little endian");
  tensor.set_raw_data(values.data(), values.size_bytes());
  return tensor.name();
}

Value GraphWriter::Ints(const std::string& hint, std::span<const int64_t> values,
                        std::vector<int64_t> shape) {
  onnx::TensorProto& tensor = state_->Initializer(hint, DataType::kInt64, shape);
  tensor.set_raw_data(values.data(), values.size_bytes());
  return tensor.name();
}

Value GraphWriter::Texts(const std::string& hint, std::span<const std::string> values,
                         std::vector<int64_t> shape) {
  onnx::TensorProto& tensor = state_->Initializer(hint, DataType::kBytes, shape);
  for (const std::string& value : values) tensor.add_string_data(value);
  return tensor.name();
}

Value GraphWriter::Node(std::string_view op, const std::string& name, std::span<const Value> inputs,
                        std::vector<Attribute> attributes) {
  const std::string unique = state_->Unique(name);
  onnx::NodeProto& node = state_->Node(op, inputs, attributes);
  node.set_name(unique);
  node.add_output(unique);
  return unique;
}

Value GraphWriter::Node(std::string_view op, const std::string& name,
                        std::initializer_list<Value> inputs, std::vector<Attribute> attributes) {
  return Node(op, name, std::span<const Value>(inputs.begin(), inputs.size()),
              std::move(attributes));
}

Value GraphWriter::MlNode(std::string_view op, const std::string& name,
                          std::initializer_list<Value> inputs, std::vector<Attribute> attributes) {
  const Value value = Node(op, name, inputs, std::move(attributes));
  state_->graph().mutable_node()->rbegin()->set_domain(kMlDomain);
  return value;
}

std::vector<Value> GraphWriter::MlNodeOf(std::string_view op, const std::string& name,
                                         std::initializer_list<Value> inputs, size_t outputs,
                                         std::vector<Attribute> attributes) {
  std::vector<Value> values = NodeOf(op, name, inputs, outputs, std::move(attributes));
  state_->graph().mutable_node()->rbegin()->set_domain(kMlDomain);
  return values;
}

std::vector<Value> GraphWriter::NodeOf(std::string_view op, const std::string& name,
                                       std::initializer_list<Value> inputs, size_t outputs,
                                       std::vector<Attribute> attributes) {
  onnx::NodeProto& node =
      state_->Node(op, std::span<const Value>(inputs.begin(), inputs.size()), attributes);
  node.set_name(state_->Unique(name));
  std::vector<Value> values;
  for (size_t i = 0; i < outputs; ++i) {
    values.push_back(state_->Unique(fmt::format("{}/{}", name, i)));
    node.add_output(values.back());
  }
  return values;
}

void GraphWriter::NodeTo(std::string_view op, const std::string& name,
                         std::initializer_list<Value> inputs, std::vector<Attribute> attributes) {
  onnx::NodeProto& node =
      state_->Node(op, std::span<const Value>(inputs.begin(), inputs.size()), attributes);
  node.set_name(name);
  node.add_output(name);
}

void GraphWriter::Metadata(const std::string& key, const std::string& value) {
  onnx::StringStringEntryProto& entry = *state_->model.add_metadata_props();
  entry.set_key(key);
  entry.set_value(value);
}

Result<std::string> GraphWriter::Finish(const std::string& graph_name) {
  state_->graph().set_name(graph_name);
  const size_t size = state_->model.ByteSizeLong();
  if (size > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return Fail(
        Code::kInvalidArgument,
        fmt::format("the model takes {}, more than the 2 GB of one ONNX file", FormatBytes(size)),
        "train fewer or shallower trees, or fewer rows for nearest neighbours");
  }
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    if (!state_->model.SerializeToCodedStream(&coded)) {
      return Fail(Code::kInternal, "serializing the model failed");
    }
  }
  return bytes;
}

}  // namespace quern::model
