#pragma once
// The artifact stores of one tracking server, opened by its settings.
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

namespace quern::server {

/// The folder that a path or a file: URI names, absolute; nothing for any other URI.
std::optional<std::string> LocalFolder(std::string_view place);

struct ArtifactSettings {
  std::string destination;   // a folder
  std::string default_root;  // "" or a folder or a URI
  bool serve = true;
  /// The folder `artifacts` of a state folder, where runs keep packages: clients may read it.
  std::string packages;
};

/// Not moved while in use: routes borrow its members.
class ArtifactStores {
 public:
  /// Makes the folders that are absent. kInvalidArgument for a destination that is no folder.
  static Result<std::unique_ptr<ArtifactStores>> Open(const ArtifactSettings& settings, Fs& fs,
                                                      const Clock& clock);

  /// Where new experiments keep their artifacts: a folder, absolute, or a URI.
  const std::string& default_root() const { return default_root_; }
  /// What stands before a package's path within the state folder, "artifacts/models/x", in the URI
  /// that clients reach it by.
  const std::string& package_root() const { return package_root_; }
  const mlflow::ArtifactPlaces& places() const { return places_; }
  /// For the artifact calls; its store is null if artifacts are not served.
  const mlflow::ArtifactContext& served() const { return served_; }

 private:
  std::string default_root_;
  std::string package_root_;
  std::unique_ptr<store::FolderArtifacts> destination_;
  std::unique_ptr<store::FolderArtifacts> root_;  // if it lies elsewhere
  std::unique_ptr<store::FolderArtifacts> packages_;
  std::unique_ptr<store::MountedArtifacts> proxied_;
  std::unique_ptr<store::MultipartUploads> uploads_;
  mlflow::ArtifactPlaces places_;
  mlflow::ArtifactContext served_;
};

}  // namespace quern::server
