#pragma once
// The artifact stores of one tracking server, opened by its settings.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fs.h"
#include "base/result.h"
#include "base/time.h"
#include "server/mlflow/artifact_places.h"
#include "server/mlflow/artifacts.h"
#include "store/folder_artifacts.h"
#include "store/mounted_artifacts.h"
#include "store/multipart.h"
#include "upkeep/purge.h"

namespace quern::server {

/// The folder that a path or a file: URI names, absolute; nothing for any other URI.
std::optional<std::string> LocalFolder(std::string_view place);

struct ArtifactSettings {
  std::string destination;   // a folder, or s3://bucket/prefix
  std::string default_root;  // "" or a folder or a URI
  bool serve = true;
  /// The folder `artifacts` of a state folder, where runs keep packages: clients may read it.
  std::string packages;
  /// A folder for what is on its way into an object store; made when it is needed.
  std::string scratch;
  /// Of credentials and the like: a variable's value, or "". Null: the process's own.
  std::function<std::string(const std::string&)> environment;
};

/// Not moved while in use: routes borrow its members.
class ArtifactStores {
 public:
  /// Makes the folders that are absent. kInvalidArgument for a destination that is neither a folder
  /// nor in an object store, or whose credentials are missing; an object store is not asked yet.
  static Result<std::unique_ptr<ArtifactStores>> Open(const ArtifactSettings& settings, Fs& fs,
                                                      const Clock& clock);

  /// Where new experiments keep their artifacts: a folder, absolute, or a URI.
  const std::string& default_root() const { return default_root_; }
  /// What stands before a package's path within the state folder, "artifacts/models/x", in the URI
  /// that clients reach it by.
  const std::string& package_root() const { return package_root_; }
  const mlflow::ArtifactPlaces& places() const { return places_; }
  /// What is behind the artifact calls, packages left out; its root as the settings named it.
  store::ArtifactStore& destination() const { return *destination_; }
  const std::string& destination_name() const { return destination_name_; }
  /// Uploads in parts that are under way; null if artifacts are not served.
  store::MultipartUploads* uploads() const { return uploads_.get(); }
  /// For the artifact calls; its store is null if artifacts are not served.
  const mlflow::ArtifactContext& served() const { return served_; }

 private:
  std::string default_root_;
  std::string package_root_;
  std::string destination_name_;
  /// Parts of uploads that are not complete.
  std::string parts_folder_;
  Status OpenDestination(const ArtifactSettings& settings, Fs& fs, const Clock& clock);
  Status OpenRoot(const ArtifactSettings& settings, Fs& fs, const Clock& clock);
  Result<std::unique_ptr<store::ArtifactStore>> OpenPlace(const std::string& place,
                                                          const ArtifactSettings& settings, Fs& fs,
                                                          const Clock& clock);
  std::unique_ptr<store::ArtifactStore> destination_;
  std::unique_ptr<store::ArtifactStore> root_;  // if it lies elsewhere
  std::unique_ptr<store::FolderArtifacts> packages_;
  std::unique_ptr<store::MountedArtifacts> proxied_;
  std::unique_ptr<store::MultipartUploads> uploads_;
  mlflow::ArtifactPlaces places_;
  mlflow::ArtifactContext served_;
};

/// Where URIs lead, for upkeep; borrows the stores.
upkeep::FindPlace PlacesOf(const ArtifactStores& stores);

}  // namespace quern::server
