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

}  // namespace quern::model
