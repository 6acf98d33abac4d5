#include "server/model_references.h"

#include <map>
#include <utility>

#include "base/text.h"

namespace quern::server {
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

/// NAME/3 is always the same version.
bool MayMove(const std::string& reference) {
  const size_t slash = reference.rfind('/');
  return slash == std::string::npos || !ParseInt(reference.substr(slash + 1));
}

}  // namespace

Result<ModelsToServe> FindModels(const std::vector<std::string>& references,
                                 const RegistryLookup& registry, model::EnginePreference engine,
                                 Fs& fs) {
  ModelsToServe found;
  std::map<std::pair<std::string, std::string>, std::string> taken;
  for (const std::string& text : references) {
    const Reference reference = Split(text);
    ModelToServe model;
    if (IsModelPath(reference.model, fs)) {
      model = {reference.name.empty() ? NameOfPath(reference.model) : reference.name,
               "1",
               {},
               reference.model,
               engine};
    } else if (!registry) {
      return Fail(
          Code::kNotFound,
          "'" + reference.model + "' is neither a model's folder or file nor a registered model",
          "name an ONNX file or a folder with an MLmodel or model.onnx, or give --root a "
          "project that has run");
    } else {
      const auto resolve = [reference, registry, engine]() -> Result<ModelToServe> {
        QUERN_ASSIGN(ModelToServe meant, registry(reference.model));
        if (!reference.name.empty()) meant.name = reference.name;
        meant.engine = engine;
        return meant;
      };
      QUERN_ASSIGN(model, resolve());
      if (MayMove(reference.model)) found.watched.push_back({text, resolve, model});
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

}  // namespace quern::server
