#pragma once
// What runs a graph: the compiled engine, or ONNX Runtime. Fronts and scorers see this alone.
#include <span>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "model/tensor.h"

namespace quern::model {

enum class EngineKind { kCompiled, kOnnxRuntime };
/// "compiled", "onnxruntime".
std::string_view EngineName(EngineKind kind);

/// Immutable and thread-safe once made: any number of threads may Run at once, each with its own
/// arena.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual EngineKind kind() const = 0;
  virtual const std::vector<TensorSpec>& inputs() const = 0;
  virtual const std::vector<TensorSpec>& outputs() const = 0;

  /// One view per input, in the order of inputs(); sets one view per output, in the order of
  /// outputs(), whose shape and data lie in `arena`. Equal open first dimensions are one number of
  /// rows, which may be 0. kInvalidArgument, naming the input: wrong number, type or shape;
  /// kInternal: the engine failed. The compiled engine allocates from `arena` alone.
  virtual Status Run(std::span<const TensorView> inputs, Arena& arena,
                     std::span<TensorView> outputs) const = 0;
};

/// The number of rows of a call: what the open first dimensions agree on, 1 if there are none.
/// kInvalidArgument, naming the input: another number, type or shape than `specs` tell. A spec
/// without a shape takes every shape.
Result<size_t> CheckInputs(const std::vector<TensorSpec>& specs, std::span<const TensorView> views);

}  // namespace quern::model
