#include "server/artifact_stores.h"

#include <filesystem>

#include "net/strict.h"

namespace quern::server {
namespace {

constexpr char kProxiedRoot[] = "mlflow-artifacts:/";
constexpr char kProxiedPackages[] = "mlflow-artifacts:/quern/";
constexpr char kPackagesMount[] = "quern/artifacts";

Result<std::string> RequireFolder(const std::string& place, std::string_view option) {
  std::optional<std::string> folder = LocalFolder(place);
  if (folder) return std::move(*folder);
  return Fail(
      Code::kInvalidArgument,
      std::string(option) + " '" + place + "' is not a folder of this machine",
      "name a folder; to keep artifacts in an object store that clients reach by themselves, "
      "give its URI as --default-artifact-root");
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

Result<std::unique_ptr<ArtifactStores>> ArtifactStores::Open(const ArtifactSettings& settings,
                                                             Fs& fs, const Clock& clock) {
  auto stores = std::make_unique<ArtifactStores>();
  QUERN_ASSIGN(const std::string destination,
               RequireFolder(settings.destination, "--artifacts-destination"));
  QUERN_ASSIGN(stores->destination_, store::FolderArtifacts::Open(destination, fs));
  stores->places_.AddFolder(destination, *stores->destination_);
  stores->places_.AddFolder(stores->destination_->root(), *stores->destination_);
  QUERN_ASSIGN(stores->packages_, store::FolderArtifacts::Open(settings.packages, fs));
  stores->places_.AddFolder(stores->packages_->root(), *stores->packages_);
  stores->package_root_ =
      settings.serve ? kProxiedPackages : DirName(stores->packages_->root()) + "/";
  if (settings.serve) {
    stores->uploads_ = std::make_unique<store::MultipartUploads>(
        *stores->destination_, JoinPath(stores->destination_->scratch(), "parts"), fs, clock);
    stores->proxied_ = std::make_unique<store::MountedArtifacts>(
        *stores->destination_, kPackagesMount, *stores->packages_);
    stores->served_ = {stores->proxied_.get(), stores->uploads_.get()};
    stores->places_.AddProxied(*stores->proxied_);
  }
  stores->default_root_ = settings.default_root;
  if (stores->default_root_.empty()) {
    stores->default_root_ = settings.serve ? kProxiedRoot : destination;
  }
  const std::optional<std::string> folder = LocalFolder(stores->default_root_);
  if (!folder) return stores;
  stores->default_root_ = *folder;
  if (*folder == destination) return stores;
  QUERN_ASSIGN(stores->root_, store::FolderArtifacts::Open(*folder, fs));
  stores->places_.AddFolder(*folder, *stores->root_);
  stores->places_.AddFolder(stores->root_->root(), *stores->root_);
  return stores;
}

}  // namespace quern::server
