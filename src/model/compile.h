#pragma once
// From a graph's nodes to terms: a value of the graph is a list of terms with a shape. Handlers of
// operators stand in compile_*.cc. Private to this room.
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/onnx_read.h"
#include "model/terms.h"

namespace quern::model {

/// Elements of one tensor that are compiled one by one; larger ones are left to ONNX Runtime.
inline constexpr size_t kMostItems = size_t{1} << 16;
/// Terms of a whole graph, and items of all its tensors.
inline constexpr size_t kMostTerms = size_t{1} << 20;
inline constexpr size_t kMostItemsInAll = size_t{1} << 24;
/// Features of nearest neighbours: sums of sums would double them with every node.
inline constexpr size_t kMostDistances = 4096;

/// Squared differences between a row's features and many known points: what nearest neighbours
/// build, one feature after the other, before TopK. Kept apart, since a term for every point would
/// be far too many.
struct Distances {
  std::vector<TermId> features;
  /// Per feature, one value per point. Shared: each sum of the chain holds those before it.
  std::vector<std::shared_ptr<const std::vector<double>>> points;
  bool squared = false;
};

inline bool IsReal(DataType type) { return type == DataType::kFp64 || type == DataType::kFp32; }

/// A value of the graph. With `rows`, its first dimension is the number of rows and is not in
/// `dims`; `items` are one row's, row-major. Without, all items are constants (or kRows).
struct SymTensor {
  DataType type = DataType::kFp32;
  bool rows = false;
  std::vector<int64_t> dims;
  std::vector<TermId> items;
  std::shared_ptr<const Distances> distances;  // instead of items
  bool turned = false;  // ONNX has it as [1, N], and only Cast and Reshape may read it

  Bank bank() const { return BankOf(type); }
  size_t width() const { return items.size(); }
};

class Compiler {
 public:
  explicit Compiler(const Graph& graph) : graph_(graph) {}

  /// Compiles every node. kUnimplemented, naming node and operator, for what is not covered;
  /// kInvalidArgument for a graph that contradicts itself.
  Status Run();

  Terms& terms() { return terms_; }
  const Graph& graph() const { return graph_; }
  Result<SymTensor> Find(const std::string& name);

 private:
  Status AddInputs();
  const Graph& graph_;
  Terms terms_;
  std::map<std::string, SymTensor, std::less<>> values_;
  std::map<std::string, Constant, std::less<>> made_;  // of Constant nodes
  size_t items_ = 0;                                   // of all values
  friend class NodeContext;
};

/// One node while it is compiled: its inputs and attributes, checked, and its outputs.
class NodeContext {
 public:
  NodeContext(Compiler& compiler, const GraphNode& node) : compiler_(compiler), node_(node) {}

  const GraphNode& node() const { return node_; }
  Terms& terms() { return compiler_.terms_; }
  int64_t opset() const { return compiler_.graph_.opset; }
  int64_t ml_opset() const { return compiler_.graph_.ml_opset; }

  /// "node 'x' (Op): what": not covered, or (Invalid) wrong in the file.
  std::unexpected<Error> Uncovered(std::string_view what) const;
  std::unexpected<Error> Invalid(std::string_view what) const;

  bool Has(size_t input) const;
  Result<SymTensor> Input(size_t input);
  /// Likewise, but Distances and turned values are let through.
  Result<SymTensor> RawInput(size_t input);
  /// A tensor that stands in the file, or null.
  const Constant* ConstantInput(size_t input) const;
  /// Integers known now, such as axes and shapes; kRows stands for itself as kRowsMark.
  Result<std::vector<int64_t>> Integers(size_t input);
  static constexpr int64_t kRowsMark = std::numeric_limits<int64_t>::min();

  int64_t Int(std::string_view name, int64_t fallback) const;
  float Float(std::string_view name, float fallback) const;
  std::string Text(std::string_view name, std::string_view fallback) const;
  std::vector<int64_t> Ints(std::string_view name) const;
  std::vector<float> Floats(std::string_view name) const;
  std::vector<std::string> Texts(std::string_view name) const;
  const Constant* Tensor(std::string_view name) const;
  bool HasAttribute(std::string_view name) const { return node_.attributes.contains(name); }

  /// Sets an output; kUnimplemented if it passes the limits, kInvalidArgument if its name has a
  /// value already.
  Status Output(size_t output, SymTensor tensor);
  Status SetConstant(Constant constant);

  /// Position of an axis among `dims`; -1 for the axis of rows. kInvalidArgument if out of range.
  Result<int64_t> Axis(const SymTensor& tensor, int64_t axis) const;

 private:
  template <class T>
  const T* Get(std::string_view name) const;
  Status IsNew(const std::string& name) const;
  Compiler& compiler_;
  const GraphNode& node_;
};

/// Null if the operator is not covered. `domain` is "" or "ai.onnx.ml".
using Handler = Status (*)(NodeContext&);
using HandlerTable = std::map<std::string_view, Handler>;
const HandlerTable& ElementwiseHandlers();
const HandlerTable& ShapeHandlers();
const HandlerTable& MatrixHandlers();
const HandlerTable& PreparationHandlers();  // ai.onnx.ml
const HandlerTable& LearnerHandlers();      // ai.onnx.ml

/// Elementwise work on tensors that may differ in shape: the common shape, and per operand the
/// position of each of its items.
struct Broadcast {
  bool rows = false;
  std::vector<int64_t> dims;
  std::vector<std::vector<uint32_t>> positions;
  size_t width = 0;
};
/// Nothing if the shapes do not fit, or would put rows anywhere but first.
std::optional<Broadcast> BroadcastOf(std::span<const SymTensor* const> tensors);
/// Product; kMostItems + 1 if it is larger.
size_t CountItems(std::span<const int64_t> dims);

/// The attribute post_transform on the scores of two classes or more.
Result<std::vector<TermId>> PostTransform(NodeContext& node, std::vector<TermId> scores);
std::vector<TermId> SoftmaxOf(Terms& terms, std::vector<TermId> inputs);
TermId ArgMaxOf(Terms& terms, std::vector<TermId> inputs);
/// inputs x weights [inputs, outputs]
std::vector<TermId> ProductOf(Terms& terms, std::vector<TermId> inputs, std::vector<double> weights,
                              size_t outputs);
/// The label [N] of a class index in [0, count), from the attribute that holds labels.
Result<SymTensor> LabelOf(NodeContext& node, TermId index, size_t count, std::string_view strings,
                          std::string_view integers);

}  // namespace quern::model
