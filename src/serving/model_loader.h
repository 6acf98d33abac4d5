#pragma once
// Models from files: a package of ours, any MLflow model with the flavor onnx, a bare ONNX file.
#include <string>
#include <string_view>

#include "base/fs.h"
#include "base/result.h"
#include "model/engine_choice.h"
#include "serving/served_model.h"

namespace quern::serving {

struct ModelFiles {
  std::string name;
  std::string version;
  /// A folder in MLflow's layout, a folder with model.onnx, or an ONNX file.
  std::string path;
  model::EnginePreference engine = model::EnginePreference::kAuto;
  /// The signature that a registry keeps with it, for whoever checks one before it is loaded.
  std::string signature = {};
};

struct LoadedModel {
  ServedModel served;
  /// Of the folder, if it has one: the body of an /invocations request that the model must answer.
  std::string example;
};

/// A package of ours is verified. kNotFound: nothing there, or no model in it; kInvalidArgument: a
/// model of other flavors alone (they are named), a file that is no ONNX model, a signature that
/// does not fit; errors of ReadPackage and of the engine.
Result<LoadedModel> LoadModel(const ModelFiles& files, int64_t now_ms, Fs& fs = RealFs());

/// What the file MLmodel at `text` says.
struct MlmodelFile {
  /// The graph's path below the folder; "" if there is no flavor onnx.
  std::string data;
  std::vector<std::string> flavors;
  std::optional<MlflowSignature> signature;
  std::map<std::string, std::string> metadata;
  /// Below the folder; "" if there is none.
  std::string serving_example;
};
/// kInvalidArgument with the place for text that is no MLmodel.
Result<MlmodelFile> ReadMlmodel(std::string_view text, const std::string& file_name);

}  // namespace quern::serving
