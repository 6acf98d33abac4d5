#pragma once
// ONNX Runtime behind values: a model loaded from bytes or a file, its signature, and Run.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace quern::model {

enum class ElementType { kDouble, kFloat, kInt64, kInt32, kBool, kString, kOther };
/// "float64", "str", … as NumPy and MLflow spell them.
std::string_view ElementTypeName(ElementType type);

/// A named input or output; an open dimension is -1.
struct TensorSpec {
  std::string name;
  ElementType type = ElementType::kOther;
  std::vector<int64_t> shape;
};

/// Borrowed input of shape [n, 1]: the values must outlive the call.
using InputView = std::variant<std::span<const double>, std::span<const std::string>>;

/// An output, copied out. Floats are widened to doubles, booleans and int32 to int64.
struct Tensor {
  std::vector<int64_t> shape;
  std::variant<std::vector<double>, std::vector<int64_t>, std::vector<std::string>> values;
};

/// "1.31.1": the version of the library that is linked.
std::string RuntimeVersion();

/// One loaded session on one thread. Thread-safe: any number of threads may Run at once.
class OnnxModel {
 public:
  /// kInvalidArgument: bytes that are no model, or an operator that the runtime lacks (its message
  /// is kept); kFailedPrecondition: a runtime older than 1.17.
  static Result<std::unique_ptr<OnnxModel>> Load(std::string_view bytes);
  /// As Load; external data is looked for beside the file. kNotFound if there is none.
  static Result<std::unique_ptr<OnnxModel>> LoadFile(const std::string& path);
  ~OnnxModel();

  const std::vector<TensorSpec>& inputs() const;
  const std::vector<TensorSpec>& outputs() const;

  /// One view per input, in the order of inputs(), all of length `rows` > 0. All outputs, in order.
  /// kInvalidArgument: wrong number, type or length; kInternal: the runtime failed.
  Result<std::vector<Tensor>> Run(std::span<const InputView> views, size_t rows) const;

 private:
  struct State;
  explicit OnnxModel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace quern::model
