#include "server/artifact_stores.h"

#include <filesystem>

#include "net/strict.h"
#include "registry/package_registry.h"
#include "store/s3_artifacts.h"

namespace quern::server {
namespace {

constexpr char kProxiedRoot[] = "mlflow-artifacts:/";

bool IsS3(std::string_view place) { return place.starts_with("s3://"); }

std::string WithoutSlashAtEnd(std::string text) {
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

}  // namespace

std::optional<std::string> LocalFolder(std::string_view place) {
  std::string path(place);
  constexpr std::string_view kFile = "file:";
  if (place.starts_with(kFile)) {
    place.remove_prefix(kFile.size());
    if (place.starts_with("//localhost/")) place.remove_prefix(11);
    if (place.starts_with("///")) place.remove_prefix(2);
    if (!place.starts_with('/') || place.starts_with("//")) return std::nullopt;
    auto decoded = net::DecodeUrl(place);
    if (!decoded) return std::nullopt;
    path = std::move(*decoded);
  } else if (const size_t colon = path.find(':');
             colon != std::string::npos && colon > 1 && path.find('/') > colon) {
    return std::nullopt;
  }
  if (path.empty()) return std::nullopt;
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return std::nullopt;
  std::string normal = absolute.lexically_normal().string();
  while (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  return normal;
}

/// A folder's or an object store's, with all names by which its places are called.
Result<std::unique_ptr<store::ArtifactStore>> ArtifactStores::OpenPlace(
    const std::string& place, const ArtifactSettings& settings, Fs& fs, const Clock& clock) {
  if (IsS3(place)) {
    QUERN_ASSIGN(auto options, settings.environment
                                   ? store::S3OptionsFrom(place, settings.environment)
                                   : store::S3OptionsFrom(place));
    QUERN_TRY(fs.MakeDirs(settings.scratch));
    auto opened = std::make_unique<store::S3Artifacts>(std::move(options), settings.scratch, clock);
    places_.AddUri(place, *opened);
    return opened;
  }
  QUERN_ASSIGN(auto opened, store::FolderArtifacts::Open(place, fs));
  places_.AddFolder(place, *opened);
  places_.AddFolder(opened->root(), *opened);
  parts_folder_ = JoinPath(opened->scratch(), "parts");
  return opened;
}

Status ArtifactStores::OpenDestination(const ArtifactSettings& settings, Fs& fs,
                                       const Clock& clock) {
  const auto folder = LocalFolder(settings.destination);
  if (!folder && !IsS3(settings.destination)) {
    return Fail(
        Code::kInvalidArgument,
        "--artifacts-destination '" + settings.destination + "' is not a folder of this machine",
        "name a folder or s3://bucket/prefix; to keep artifacts in another store that clients "
        "reach by themselves, give its URI as --default-artifact-root");
  }
  destination_name_ = folder ? *folder : WithoutSlashAtEnd(settings.destination);
  QUERN_ASSIGN(destination_, OpenPlace(destination_name_, settings, fs, clock));
  // A folder's parts lie in the same file system, so that they take their place by a rename.
  if (!folder) parts_folder_ = JoinPath(settings.scratch, "parts");
  return {};
}

/// Where new experiments keep their artifacts, if that is reached from here and not opened yet.
Status ArtifactStores::OpenRoot(const ArtifactSettings& settings, Fs& fs, const Clock& clock) {
  default_root_ = settings.default_root;
  if (default_root_.empty()) {
    default_root_ = settings.serve ? std::string(kProxiedRoot) : destination_name_;
  }
  const std::optional<std::string> folder = LocalFolder(default_root_);
  if (folder) default_root_ = *folder;
  if (default_root_ == destination_name_) return {};
  if (folder) {
    const std::string parts = parts_folder_;
    QUERN_ASSIGN(root_, OpenPlace(*folder, settings, fs, clock));
    parts_folder_ = parts;
  }
  return {};
}

Result<std::unique_ptr<ArtifactStores>> ArtifactStores::Open(const ArtifactSettings& settings,
                                                             Fs& fs, const Clock& clock) {
  auto stores = std::make_unique<ArtifactStores>();
  QUERN_TRY(stores->OpenDestination(settings, fs, clock));
  QUERN_ASSIGN(stores->packages_, store::FolderArtifacts::Open(settings.packages, fs));
  stores->places_.AddFolder(stores->packages_->root(), *stores->packages_);
  stores->package_root_ =
      settings.serve ? registry::kProxiedPackages : DirName(stores->packages_->root()) + "/";
  if (settings.serve) {
    stores->uploads_ = std::make_unique<store::MultipartUploads>(*stores->destination_,
                                                                 stores->parts_folder_, fs, clock);
    stores->proxied_ = std::make_unique<store::MountedArtifacts>(
        *stores->destination_, registry::kPackagesMount, *stores->packages_);
    stores->served_ = {stores->proxied_.get(), stores->uploads_.get()};
    stores->places_.AddProxied(*stores->proxied_);
  }
  QUERN_TRY(stores->OpenRoot(settings, fs, clock));
  return stores;
}

upkeep::FindPlace PlacesOf(const ArtifactStores& stores) {
  return [&stores](std::string_view uri) -> Result<upkeep::Place> {
    QUERN_ASSIGN(mlflow::ArtifactPlace place, stores.places().Find(uri));
    return upkeep::Place{place.store, std::move(place.path)};
  };
}

}  // namespace quern::server
