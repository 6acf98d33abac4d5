#include "store/mounted_artifacts.h"

#include <algorithm>

#include "base/text.h"
#include "store/artifact_path.h"

namespace quern::store {
namespace {

bool IsOrBelow(std::string_view path, std::string_view folder) {
  return path == folder || (StartsWith(path, folder) && path[folder.size()] == '/');
}

/// CleanArtifactPath, but the root is a path too.
Result<std::string> CleanFolder(std::string_view path) {
  if (path.empty()) return std::string();
  return CleanArtifactPath(path);
}

}  // namespace

Status MountedArtifacts::RefuseChange(std::string_view path) const {
  QUERN_ASSIGN(const std::string clean, CleanArtifactPath(path));
  const std::string top = mount_.substr(0, mount_.find('/'));
  if (!IsOrBelow(clean, top)) return {};
  return Fail(Code::kPermissionDenied,
              "'" + top + "' holds what this server's own runs made, and is not changed by clients",
              "use another folder");
}

std::pair<ArtifactStore*, std::string> MountedArtifacts::Holder(const std::string& clean) const {
  if (!IsOrBelow(clean, mount_)) return {&main_, clean};
  return {&read_only_, clean.size() == mount_.size() ? "" : clean.substr(mount_.size() + 1)};
}

Result<std::unique_ptr<ArtifactWriter>> MountedArtifacts::Put(std::string_view path) {
  QUERN_TRY(RefuseChange(path));
  return main_.Put(path);
}

Result<ArtifactFile> MountedArtifacts::Open(std::string_view path) {
  QUERN_ASSIGN(const std::string clean, CleanArtifactPath(path));
  const auto [store, below] = Holder(clean);
  return store->Open(below);
}

Result<ArtifactFile> MountedArtifacts::OpenPart(std::string_view path, const ChooseSpan& choose) {
  QUERN_ASSIGN(const std::string clean, CleanArtifactPath(path));
  const auto [store, below] = Holder(clean);
  return store->OpenPart(below, choose);
}

Result<std::vector<ArtifactEntry>> MountedArtifacts::List(std::string_view path) {
  QUERN_ASSIGN(const std::string clean, CleanFolder(path));
  const auto [store, below] = Holder(clean);
  QUERN_ASSIGN(auto entries, store->List(below));
  // A folder above the mount holds the next part of the way to it.
  std::string_view rest = mount_;
  if (!clean.empty()) {
    if (!StartsWith(mount_, clean + "/")) return entries;
    rest.remove_prefix(clean.size() + 1);
  }
  const std::string name(rest.substr(0, rest.find('/')));
  const auto place = std::lower_bound(
      entries.begin(), entries.end(), name,
      [](const ArtifactEntry& entry, const std::string& wanted) { return entry.name < wanted; });
  if (place == entries.end() || place->name != name) entries.insert(place, {name, true, 0});
  return entries;
}

Status MountedArtifacts::Delete(std::string_view path) {
  QUERN_TRY(RefuseChange(path));
  return main_.Delete(path);
}

Result<bool> MountedArtifacts::Exists(std::string_view path) {
  QUERN_ASSIGN(const std::string clean, CleanArtifactPath(path));
  if (StartsWith(mount_, clean + "/")) return true;
  const auto [store, below] = Holder(clean);
  if (below.empty()) return true;
  return store->Exists(below);
}

Result<UnfinishedUploads> MountedArtifacts::Unfinished(int64_t age_ms, bool remove) {
  return main_.Unfinished(age_ms, remove);
}

}  // namespace quern::store
