#pragma once
// Writes ONNX graphs with readable, unique names. protobuf stays in onnx_graph.cc.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "model/tensor.h"

namespace quern::model {

struct Attribute {
  std::string name;
  std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
               std::vector<std::string>>
      value;
};

/// Element type codes of TensorProto, for Cast.
inline constexpr int64_t kCastFloat = 1;
inline constexpr int64_t kCastInt64 = 7;
inline constexpr int64_t kCastBool = 9;
inline constexpr int64_t kCastDouble = 11;

/// A value in the graph, by its name.
using Value = std::string;

/// Builds one graph of ai.onnx 19 and ai.onnx.ml 3, IR version 9: the oldest that have every
/// operator needed, so that old runtimes accept the file. Same calls, same bytes. Not thread-safe.
class GraphWriter {
 public:
  GraphWriter();
  ~GraphWriter();

  /// A graph input of shape [N, 1]. kInvalidArgument if the name is empty, taken or reserved.
  Result<Value> Input(const std::string& name, DataType type);
  /// Keeps a name for an output, before anything else may take it.
  void Reserve(const std::string& name);
  /// Declares a reserved name as an output; -1 is the open number of rows.
  void Output(const std::string& name, DataType type, std::span<const int64_t> shape);

  /// Constants. Equal scalars are stored once.
  Value Scalar(double value);
  Value Int(int64_t value);
  Value Text(const std::string& value);
  Value Doubles(const std::string& hint, std::span<const double> values,
                std::vector<int64_t> shape);
  Value Ints(const std::string& hint, std::span<const int64_t> values, std::vector<int64_t> shape);
  Value Texts(const std::string& hint, std::span<const std::string> values,
              std::vector<int64_t> shape);

  /// A node whose only output has the node's name: `name`, or `name_2` and so on if it is taken.
  Value Node(std::string_view op, const std::string& name, std::span<const Value> inputs,
             std::vector<Attribute> attributes = {});
  Value Node(std::string_view op, const std::string& name, std::initializer_list<Value> inputs,
             std::vector<Attribute> attributes = {});
  /// A node of the domain ai.onnx.ml.
  Value MlNode(std::string_view op, const std::string& name, std::initializer_list<Value> inputs,
               std::vector<Attribute> attributes);
  /// A node with `outputs` outputs, named `name/0` and so on.
  std::vector<Value> NodeOf(std::string_view op, const std::string& name,
                            std::initializer_list<Value> inputs, size_t outputs,
                            std::vector<Attribute> attributes = {});
  std::vector<Value> MlNodeOf(std::string_view op, const std::string& name,
                              std::initializer_list<Value> inputs, size_t outputs,
                              std::vector<Attribute> attributes);
  /// A node that computes the reserved output `name`.
  void NodeTo(std::string_view op, const std::string& name, std::initializer_list<Value> inputs,
              std::vector<Attribute> attributes = {});

  void Metadata(const std::string& key, const std::string& value);
  /// The serialized ModelProto. kInvalidArgument if it passes protobuf's limit of 2 GB.
  Result<std::string> Finish(const std::string& graph_name);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quern::model
