#include "cli/serve_models.h"

#include <map>

#include "base/text.h"

namespace quern::cli {
namespace {

struct Reference {
  std::string name;  // "" if not given
  std::string model;
};

/// "NAME=MODEL"; a path may hold '=' behind a slash.
Reference Split(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || text.substr(0, equals).find('/') != std::string::npos) {
    return {"", text};
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

/// The last part of a path, without ".onnx" and without a slash at its end.
std::string NameOfPath(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  std::string name = BaseName(path);
  if (name.ends_with(".onnx")) name.resize(name.size() - 5);
  return name;
}

bool IsModelPath(const std::string& path, Fs& fs) {
  const auto info = fs.Stat(path);
  if (!info) return false;
  if (!info->is_dir) return true;
  return fs.Exists(JoinPath(path, "MLmodel")) || fs.Exists(JoinPath(path, "model.onnx"));
}

Result<server::ModelToServe> InRegistry(const Reference& reference,
                                        pipeline::Workspace& workspace) {
  QUERN_ASSIGN(const auto version, workspace.registry().Resolve(reference.model));
  QUERN_ASSIGN(std::string folder, workspace.PackageFolder(version));
  return server::ModelToServe{reference.name.empty() ? version.name : reference.name,
                              std::to_string(version.version), version.aliases, std::move(folder)};
}

/// NAME/3 is always the same version.
bool MayMove(const std::string& reference) {
  const size_t slash = reference.rfind('/');
  return slash == std::string::npos || !ParseInt(reference.substr(slash + 1));
}

}  // namespace

Result<ModelsToServe> FindModels(const std::vector<std::string>& references,
                                 pipeline::Workspace* workspace, Fs& fs) {
  ModelsToServe found;
  std::map<std::pair<std::string, std::string>, std::string> taken;
  for (const std::string& text : references) {
    const Reference reference = Split(text);
    server::ModelToServe model;
    if (IsModelPath(reference.model, fs)) {
      model.name = reference.name.empty() ? NameOfPath(reference.model) : reference.name;
      model.version = "1";
      model.path = reference.model;
    } else if (workspace == nullptr) {
      return Fail(Code::kNotFound,
                  "'" + reference.model +
                      "' is neither a model's folder or file nor a "
                      "registered model",
                  "name an ONNX file or a folder with an MLmodel or model.onnx, or give --root a "
                  "project that has run");
    } else {
      QUERN_ASSIGN(model, InRegistry(reference, *workspace));
      if (MayMove(reference.model)) {
        found.watched.push_back(
            {text, [reference, workspace] { return InRegistry(reference, *workspace); }, model});
      }
    }
    const auto [place, fresh] = taken.emplace(std::make_pair(model.name, model.version), text);
    if (!fresh) {
      return Fail(Code::kInvalidArgument,
                  "'" + place->second + "' and '" + text + "' would both be served as model '" +
                      model.name + "' version " + model.version,
                  "give one of them another name: NAME=" + reference.model);
    }
    found.models.push_back(std::move(model));
  }
  return found;
}

}  // namespace quern::cli
