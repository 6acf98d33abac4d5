#include "serving/model_loader.h"

#include "base/text.h"
#include "model/onnx_file.h"
#include "model/package.h"
#include "serving/background.h"

namespace quern::serving {
namespace {

Result<LoadedModel> FromBytes(ModelParts parts, std::string_view onnx,
                              model::EnginePreference preference) {
  if (onnx.empty()) return Fail(Code::kInvalidArgument, "the ONNX file is empty");
  QUERN_ASSIGN(parts.engine, model::MakeEngine(onnx, preference));
  QUERN_ASSIGN(ServedModel served, ServedModel::Make(std::move(parts)));
  return LoadedModel{std::move(served), {}};
}

Status KeepBackground(const Frame& rows, ServedModel& served) {
  Arena arena;
  InferenceCall call;
  call.inputs = TensorsOf(rows, arena);
  call.columns_only = true;
  QUERN_ASSIGN(auto background, MakeBackground(served, call, Background::Source::kTraining));
  served.CompareWith(std::move(background));
  return {};
}

Result<LoadedModel> FromMlflow(ModelParts parts, const std::string& mlmodel,
                               const ModelFiles& files, Fs& fs) {
  QUERN_ASSIGN(MlmodelFile file, ReadMlmodel(mlmodel, JoinPath(files.path, "MLmodel")));
  if (file.data.empty()) {
    return Fail(
        Code::kInvalidArgument,
        "the model in '" + files.path + "' has no flavor onnx, it has " + Join(file.flavors, ", "),
        "export it to ONNX (skl2onnx, onnxmltools, torch.onnx) and save that with "
        "mlflow.onnx");
  }
  if (!model::StaysBelow(file.data)) {
    return Fail(Code::kInvalidArgument, "'" + files.path +
                                            "/MLmodel' names a graph outside of its "
                                            "folder: '" +
                                            file.data + "'");
  }
  parts.mlflow = std::move(file.signature);
  if (parts.mlflow && parts.mlflow->inputs.empty()) parts.mlflow.reset();
  parts.metadata = std::move(file.metadata);
  std::optional<Frame> background;
  if (fs.Exists(JoinPath(files.path, "quern.json"))) {
    QUERN_ASSIGN(model::PackageInfo package, model::ReadPackage(files.path, fs));
    parts.signature = std::move(package.signature);
    parts.leaves_out_background = package.leaves_out_background;
    background = std::move(package.background);
  }
  QUERN_ASSIGN(const std::string onnx, model::ReadOnnxFile(JoinPath(files.path, file.data), fs));
  QUERN_ASSIGN(LoadedModel loaded, FromBytes(std::move(parts), onnx, files.engine));
  if (background) QUERN_TRY(KeepBackground(*background, loaded.served));
  if (model::StaysBelow(file.serving_example)) {
    const std::string example = JoinPath(files.path, file.serving_example);
    if (fs.Exists(example)) {
      QUERN_ASSIGN(loaded.example, fs.Read(example));
    }
  }
  return loaded;
}

}  // namespace

Result<LoadedModel> LoadModel(const ModelFiles& files, int64_t now_ms, Fs& fs) {
  ModelParts parts;
  parts.name = files.name;
  parts.version = files.version;
  parts.source = files.path;
  parts.loaded_at = now_ms;
  auto stat = fs.Stat(files.path);
  if (!stat) {
    if (stat.error().code != Code::kNotFound) return std::unexpected(stat.error());
    return Fail(Code::kNotFound, "there is no '" + files.path + "'");
  }
  if (!stat->is_dir) {
    QUERN_ASSIGN(const std::string onnx, model::ReadOnnxFile(files.path, fs));
    return FromBytes(std::move(parts), onnx, files.engine);
  }
  auto mlmodel = fs.Read(JoinPath(files.path, "MLmodel"));
  if (mlmodel) return FromMlflow(std::move(parts), *mlmodel, files, fs);
  const std::string file = JoinPath(files.path, "model.onnx");
  if (fs.Exists(file)) {
    QUERN_ASSIGN(const std::string onnx, model::ReadOnnxFile(file, fs));
    return FromBytes(std::move(parts), onnx, files.engine);
  }
  return Fail(Code::kNotFound, "there is no model in '" + files.path + "'",
              "a folder that is served holds an MLmodel or a model.onnx");
}

}  // namespace quern::serving
