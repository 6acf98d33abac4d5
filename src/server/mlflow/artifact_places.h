#pragma once
// Which of this server's artifact stores holds what a URI names.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/artifacts.h"

namespace quern::server::mlflow {

struct ArtifactPlace {
  store::ArtifactStore* store = nullptr;
  /// Below the store's root; "" is the root.
  std::string path;
};

/// Filled once, then read by many threads. Borrows the stores.
class ArtifactPlaces {
 public:
  /// `mlflow-artifacts:/a/b`, with or without a server's name, and the http(s) URL of the same.
  void AddProxied(store::ArtifactStore& store) { proxied_ = &store; }
  /// `/folder/a/b` and `file:///folder/a/b`.
  void AddFolder(std::string folder, store::ArtifactStore& store);
  /// `s3://bucket/prefix/a/b` of "s3://bucket/prefix".
  void AddUri(std::string uri, store::ArtifactStore& store);
  /// kInvalidArgument for what lies elsewhere: clients reach it by themselves, this server does
  /// not.
  Result<ArtifactPlace> Find(std::string_view uri) const;

 private:
  /// A folder, or a URI that is taken as it is written.
  struct Folder {
    std::string path;
    store::ArtifactStore* store;
  };
  store::ArtifactStore* proxied_ = nullptr;
  std::vector<Folder> folders_;
};

/// "a/b" of "a" and "b"; the other one if either is "".
std::string BelowPath(std::string_view folder, std::string_view path);

}  // namespace quern::server::mlflow
