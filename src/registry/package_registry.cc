#include "registry/package_registry.h"

#include "base/text.h"

namespace quern::registry {

std::string ReasonTag(const std::string& alias) { return "quern.alias." + alias; }

std::string PackagePath(const std::string& digest) {
  return "artifacts/models/" + digest.substr(0, 16);
}

Result<ModelVersion> PackageRegistry::Resolve(const std::string& reference) {
  if (const size_t at = reference.find('@'); at != std::string::npos) {
    const std::string name = reference.substr(0, at);
    const std::string alias = reference.substr(at + 1);
    QUERN_ASSIGN(auto found, ByAlias(name, alias));
    if (found) return std::move(*found);
    return Fail(Code::kNotFound, "model '" + name + "' has no alias '" + alias + "'",
                "`quern models` lists models, versions and aliases");
  }
  if (const size_t slash = reference.find('/'); slash != std::string::npos) {
    const auto version = ParseInt(reference.substr(slash + 1));
    if (!version) {
      return Fail(Code::kInvalidArgument, "'" + reference + "' is not a model version",
                  "write NAME/3, NAME@champion or NAME");
    }
    return Get(reference.substr(0, slash), *version);
  }
  QUERN_ASSIGN(auto champion, ByAlias(reference, "champion"));
  if (champion) return std::move(*champion);
  QUERN_ASSIGN(auto all, List(reference));
  if (all.empty()) {
    return Fail(Code::kNotFound, "no model '" + reference + "'", "`quern models` lists them");
  }
  return std::move(all.front());
}

}  // namespace quern::registry
