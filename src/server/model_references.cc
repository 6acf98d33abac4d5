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

/// Who has a name and a version.
struct Taken {
  std::string text;
  std::string path;
  bool moves;
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

bool LooksLikePath(const std::string& text) {
  return text.ends_with(".onnx") || text.starts_with('/') || text.starts_with("./") ||
         text.starts_with("../");
}

}  // namespace

Error NotFoundAsPath(const std::string& model, Error registry, Fs& fs) {
  const auto info = fs.Stat(model);
  if (info && info->is_dir) {
    return {Code::kNotFound,
            "the folder '" + model + "' holds no model",
            "a model's folder has an MLmodel or a model.onnx; registered models are NAME@alias or "
            "NAME/3",
            {},
            {}};
  }
  if (!info && LooksLikePath(model)) {
    return {Code::kNotFound,
            "there is no file or folder '" + model + "'",
            "paths are looked for from the folder in which this was called",
            {},
            {}};
  }
  return registry;
}

Result<ModelsToServe> FindModels(const std::vector<std::string>& references,
                                 const RegistryLookup& registry, model::EnginePreference engine,
                                 Fs& fs) {
  ModelsToServe found;
  std::map<std::pair<std::string, std::string>, Taken> taken;
  for (const std::string& text : references) {
    const Reference reference = Split(text);
    if (text.starts_with('=') || reference.model.empty()) {
      return Fail(Code::kInvalidArgument, "'" + text + "' is no [NAME=]MODEL",
                  "as in heart@champion, live=heart/3 or price=models/price.onnx");
    }
    ModelToServe model;
    bool moves = false;
    if (IsModelPath(reference.model, fs)) {
      model = {reference.name.empty() ? NameOfPath(reference.model) : reference.name,
               "1",
               {},
               reference.model,
               engine};
    } else if (!registry) {
      const Error nowhere{
          Code::kNotFound,
          "'" + reference.model + "' is neither a model's folder or file nor a registered model",
          "name an ONNX file or a folder with an MLmodel or model.onnx, or give --root a project "
          "that has run",
          {},
          {}};
      return std::unexpected(NotFoundAsPath(reference.model, nowhere, fs));
    } else {
      const auto resolve = [reference, registry, engine]() -> Result<ModelToServe> {
        QUERN_ASSIGN(ModelToServe meant, registry(reference.model));
        if (!reference.name.empty()) meant.name = reference.name;
        meant.engine = engine;
        return meant;
      };
      auto meant = resolve();
      if (!meant) {
        return std::unexpected(NotFoundAsPath(reference.model, std::move(meant).error(), fs));
      }
      model = std::move(*meant);
      moves = MayMove(reference.model);
      if (moves) found.watched.push_back({text, resolve, model});
    }
    if (!moves) found.fixed.insert({model.name, model.version});
    const auto [place, fresh] =
        taken.emplace(std::make_pair(model.name, model.version), Taken{text, model.path, moves});
    if (!fresh) {
      const Taken& other = place->second;
      // Two aliases may come to mean one version while it is served, and so may they at a start.
      if (other.path == model.path && (other.moves || moves)) continue;
      return Fail(Code::kInvalidArgument,
                  "'" + other.text + "' and '" + text + "' would both be served as model '" +
                      model.name + "' version " + model.version,
                  "give one of them another name: NAME=" + reference.model);
    }
    found.models.push_back(std::move(model));
  }
  return found;
}

}  // namespace quern::server
