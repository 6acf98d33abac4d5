#pragma once
// ONNX files as plain values, checked. protobuf stays in onnx_read.cc.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "model/tensor.h"

namespace quern::model {

/// A tensor that stands in the file. FP32 lies in floats, FP64 in doubles, integers and booleans in
/// int64_t, whatever their width.
struct Constant {
  DataType type = DataType::kFp32;
  std::vector<int64_t> shape;
  std::variant<std::vector<double>, std::vector<float>, std::vector<int64_t>,
               std::vector<std::string>>
      values;
};

using AttributeValue = std::variant<int64_t, float, std::string, std::vector<int64_t>,
                                    std::vector<float>, std::vector<std::string>, Constant>;

/// A node as the file has it. The domain ai.onnx is "".
struct GraphNode {
  std::string op;
  std::string domain;
  std::string name;
  std::vector<std::string> inputs;  // "" where an optional one is left out
  std::vector<std::string> outputs;
  std::map<std::string, AttributeValue, std::less<>> attributes;
};

struct Graph {
  std::vector<TensorSpec> inputs;  // without those that are constants
  std::vector<std::string> outputs;
  std::map<std::string, Constant, std::less<>> constants;
  std::vector<GraphNode> nodes;  // in the file's order
  int64_t opset = 0;             // of ai.onnx; 0 if not declared
  int64_t ml_opset = 0;          // of ai.onnx.ml
};

/// kInvalidArgument: bytes that are no ONNX model, or whose parts contradict each other;
/// kUnimplemented: a part that only a general runtime knows (subgraphs, sparse or external tensors,
/// half-precision constants, inputs that are no tensors).
Result<Graph> ReadGraph(std::string_view onnx);

/// The same model with every ZipMap replaced by an Identity, so that its output is the matrix of
/// scores [N,C]; nothing if there is none, or if the bytes are no model.
std::optional<std::string> WithoutZipMap(std::string_view onnx);

}  // namespace quern::model
