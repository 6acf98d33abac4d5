#pragma once
// ONNX Runtime as an engine: any ONNX model whose inputs and outputs are tensors.
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/engine.h"

namespace quern::model {

/// One session on the caller's thread. A ZipMap, which makes a list of dictionaries of a matrix of
/// scores, is left out: the matrix [N,C] is answered. Text may not hold NUL characters.
/// kInvalidArgument: bytes that are no model, an operator that the runtime lacks (its message is
/// kept), or an input or output that is no tensor; kFailedPrecondition: no ONNX Runtime, or one
/// older than 1.17.
Result<std::shared_ptr<const Engine>> MakeOnnxRuntimeEngine(std::string_view onnx);

}  // namespace quern::model
