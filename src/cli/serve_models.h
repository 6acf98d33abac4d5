#pragma once
// What `quern serve` is told to serve: [NAME=]MODEL, found in files or in a registry.
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/result.h"
#include "pipeline/workspace.h"
#include "server/model_watch.h"

namespace quern::cli {

struct ModelsToServe {
  std::vector<server::ModelToServe> models;
  /// Those of the registry whose names may come to mean another version.
  std::vector<server::WatchedModel> watched;
};

/// A reference is a folder, an ONNX file, or NAME@alias, NAME/3, NAME of the registry of
/// `workspace` (null: there is none). The name is what stands before '=', else the registered one,
/// else the folder's or file's. kInvalidArgument: two that would be the same name and version (both
/// are named); kNotFound; errors of the registry.
Result<ModelsToServe> FindModels(const std::vector<std::string>& references,
                                 pipeline::Workspace* workspace, Fs& fs);

}  // namespace quern::cli
