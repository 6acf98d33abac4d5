#pragma once
// What a server of models is told to serve: [NAME=]MODEL, found in files or in a registry.
#include <functional>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/result.h"
#include "server/model_watch.h"

namespace quern::server {

struct ModelsToServe {
  std::vector<ModelToServe> models;
  /// Those of the registry whose names may come to mean another version.
  std::vector<WatchedModel> watched;
  /// Those that were not named in such a way: they stay whatever becomes of the others.
  VersionSet fixed;
};

/// What NAME@alias, NAME/3 or NAME means in a registry now.
using RegistryLookup = std::function<Result<ModelToServe>(const std::string& reference)>;

/// What to say of a model that is no file's and that the registry does not have: `registry` is its
/// error, which stands unless a path was meant.
Error NotFoundAsPath(const std::string& model, Error registry, Fs& fs);

/// A reference is a folder, an ONNX file, or what `registry` (empty: there is none) finds. The name
/// is what stands before '=', else the registered one, else the folder's or file's. `engine` runs
/// them all. kInvalidArgument: two that would be the same name and version (both are named), unless
/// they are one version of the registry, found by names of which one may move;
/// kNotFound; errors of the registry.
Result<ModelsToServe> FindModels(const std::vector<std::string>& references,
                                 const RegistryLookup& registry, model::EnginePreference engine,
                                 Fs& fs);

}  // namespace quern::server
