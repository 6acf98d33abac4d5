#include "server/standalone/registry_folder.h"

namespace quern::server {

Result<std::unique_ptr<RegistryFolder>> RegistryFolder::Open(const std::string& root, Fs& fs) {
  const bool state = fs.Exists(JoinPath(root, "quern.db"));
  std::string folder = state ? root : JoinPath(root, ".quern");
  const std::string path = JoinPath(folder, "quern.db");
  if (!state && !fs.Exists(path)) {
    return Fail(Code::kNotFound, "there is no registry in '" + root + "': no '" + path + "'",
                "give --root the folder of a project that has run, or of a store");
  }
  QUERN_ASSIGN(auto database, store::OpenSqlite(path, fs));
  return std::unique_ptr<RegistryFolder>(
      new RegistryFolder(std::move(folder), std::move(database), fs));
}

Result<ModelToServe> RegistryFolder::Find(const std::string& reference) {
  QUERN_ASSIGN(const registry::ModelVersion version, registry_.Resolve(reference));
  const std::string package = JoinPath(state_, version.path);
  if (version.path.empty() || !fs_.Exists(JoinPath(package, "model.onnx"))) {
    return Fail(Code::kFailedPrecondition,
                "the package of version " + std::to_string(version.version) + " of model '" +
                    version.name + "' is not in '" + state_ + "'",
                "serve it by `quern serve`, which fetches packages, or name its folder");
  }
  return ModelToServe{version.name, std::to_string(version.version), version.aliases, package,
                      model::EnginePreference::kAuto};
}

}  // namespace quern::server
