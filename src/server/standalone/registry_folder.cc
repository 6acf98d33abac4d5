#include "server/standalone/registry_folder.h"

#include "server/registered_model.h"

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
  return RegisteredModel(version, package);
}

Status RegistryFolder::EachProjectFile(
    const std::function<Status(const YamlNode& project)>& check) const {
  // Of a project the state folder lies in the project's; ".." also where its name ends in a slash.
  for (const std::string& folder : {state_, JoinPath(state_, "..")}) {
    const std::string file = JoinPath(folder, "quern.yaml");
    if (!fs_.Exists(file)) continue;
    QUERN_ASSIGN(const std::string text, fs_.Read(file));
    QUERN_ASSIGN(const YamlNode project, ParseYaml(text, file));
    QUERN_TRY(check(project));
  }
  return {};
}

Status RegistryFolder::AllowsWholePredictions() const {
  return EachProjectFile([](const YamlNode& project) -> Status {
    const YamlNode* deployment = project.Find("deployment");
    const YamlNode* log = deployment != nullptr ? deployment->Find("log") : nullptr;
    // A section stands in one file alone, so what is here is not in an included one.
    const YamlNode* declared = deployment != nullptr ? log : project.Find("include");
    if (declared == nullptr || declared->IsNull()) return {};
    return Fail(Code::kFailedPrecondition,
                log != nullptr ? "the project declares what is kept of predictions, which "
                                 "quern-serve --log-predictions would not heed"
                               : "the project may declare what is kept of predictions in a file "
                                 "that it includes, which quern-serve --log-predictions would not "
                                 "heed",
                "serve it by `quern serve`, or without --log-predictions", declared->where);
  });
}

Status RegistryFolder::AllowsUnsigned() const {
  return EachProjectFile([](const YamlNode& project) -> Status {
    const YamlNode* registry = project.Find("registry");
    const YamlNode* signatures = registry != nullptr ? registry->Find("signatures") : nullptr;
    if (signatures == nullptr || signatures->IsNull()) return {};
    return Fail(Code::kFailedPrecondition,
                "the project declares whose signatures of packages count, which quern-serve is "
                "told by --verify-key",
                "give it --verify-key PUBLIC.pem, once for each key", signatures->where);
  });
}

}  // namespace quern::server
