#include "exchange/moving_version.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "model/package.h"
#include "registry/package_registry.h"
#include "registry/signature.h"

namespace quern::exchange {

registry::Texts TravellingTags(const registry::Texts& tags) {
  constexpr std::string_view kOfOneRegistry[] = {"quern.alias.", registry::kSignatureTag,
                                                 registry::kDigestTag, registry::kCopiedFromTag};
  registry::Texts going = tags;
  std::erase_if(going, [&](const auto& tag) {
    return std::any_of(std::begin(kOfOneRegistry), std::end(kOfOneRegistry),
                       [&](std::string_view own) { return tag.first.starts_with(own); });
  });
  return going;
}

Result<std::vector<std::string>> FilesOfPackage(const std::string& folder, Fs& fs) {
  QUERN_ASSIGN(const auto names, fs.List(folder));
  for (const std::string& name : names) {
    std::error_code error;
    const auto status = std::filesystem::symlink_status(JoinPath(folder, name), error);
    if (!error && std::filesystem::is_regular_file(status)) continue;
    return Fail(Code::kFailedPrecondition,
                "'" + JoinPath(folder, name) + "' is no plain file: a package holds nothing else",
                "take it out of the package's folder");
  }
  return names;
}

Result<MovingVersion> Depart(const registry::ModelVersion& version, const std::string& folder,
                             const std::string& registry, const std::string& model_description,
                             Fs& fs) {
  MovingVersion moving;
  moving.name = version.name;
  moving.version = version.version;
  QUERN_ASSIGN(const model::PackageInfo info, model::ReadPackage(folder, fs));
  if (!version.digest.empty() && info.digest != version.digest) {
    return Fail(Code::kDataLoss,
                "the package of " + moving.reference() + " in '" + folder + "' has the digest " +
                    info.digest + ", but " + version.digest + " was registered",
                "somebody changed it: bring it back from a backup");
  }
  QUERN_TRY(FilesOfPackage(folder, fs));
  moving.registry = registry;
  moving.folder = folder;
  moving.digest = info.digest;
  moving.run_id = version.run_id;
  moving.created_ms = version.created_ms;
  moving.description = version.description;
  moving.model_description = model_description;
  moving.signature = registry::SignatureOf(version);
  moving.tags = TravellingTags(version.tags);
  return moving;
}

}  // namespace quern::exchange
