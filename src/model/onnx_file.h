#pragma once
// An ONNX file together with the files that hold its larger tensors.
#include <string>
#include <string_view>

#include "base/fs.h"
#include "base/result.h"

namespace quern::model {

/// The model in the file `path` as one piece. Tensors that lie in files beside it (as PyTorch's
/// exporter and MLflow write all but small ones) are put into it, so that engines need no folder.
/// kInvalidArgument: such a file is missing, lies outside of the folder or is too short, or the
/// whole is above 2 GB, which no ONNX model in one piece can be; errors of reading `path`.
Result<std::string> ReadOnnxFile(const std::string& path, Fs& fs);

/// True if a path that a file names stays below the file's folder.
bool StaysBelow(std::string_view path);

}  // namespace quern::model
