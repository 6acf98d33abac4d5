#include "server/mlflow/artifact_places.h"

#include <optional>
#include <utility>

#include "net/strict.h"

namespace quern::server::mlflow {
namespace {

constexpr std::string_view kProxyRoute = "/api/2.0/mlflow-artifacts/artifacts/";

std::string_view WithoutSlashes(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

/// The path below the proxy's root, of the forms that name the proxy.
std::optional<std::string> ProxiedPath(std::string_view uri) {
  constexpr std::string_view kScheme = "mlflow-artifacts:";
  if (uri.starts_with(kScheme)) {
    uri.remove_prefix(kScheme.size());
    if (uri.starts_with("//")) {
      const size_t path = uri.find('/', 2);
      uri = path == std::string_view::npos ? std::string_view() : uri.substr(path);
    }
    return std::string(WithoutSlashes(uri));
  }
  if (!uri.starts_with("http://") && !uri.starts_with("https://")) return std::nullopt;
  const size_t route = uri.find(kProxyRoute);
  if (route == std::string_view::npos) return std::nullopt;
  return std::string(WithoutSlashes(uri.substr(route + kProxyRoute.size())));
}

/// As the places are kept: a path of this machine, or a URI.
std::optional<std::string> KnownPath(std::string_view uri) {
  if (uri.starts_with('/') || uri.starts_with("s3://")) return std::string(uri);
  constexpr std::string_view kFile = "file://";
  if (!uri.starts_with(kFile)) return std::nullopt;
  uri.remove_prefix(kFile.size());
  if (uri.starts_with("localhost/")) uri.remove_prefix(std::string_view("localhost").size());
  if (!uri.starts_with('/')) return std::nullopt;
  return net::DecodeUrl(uri);
}

}  // namespace

void ArtifactPlaces::AddFolder(std::string folder, store::ArtifactStore& store) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  folders_.push_back({std::move(folder), &store});
}

void ArtifactPlaces::AddUri(std::string uri, store::ArtifactStore& store) {
  AddFolder(std::move(uri), store);
}

Result<ArtifactPlace> ArtifactPlaces::Find(std::string_view uri) const {
  if (proxied_ != nullptr) {
    if (auto path = ProxiedPath(uri)) return ArtifactPlace{proxied_, std::move(*path)};
  }
  if (const auto path = KnownPath(uri)) {
    for (const Folder& folder : folders_) {
      if (*path == folder.path) return ArtifactPlace{folder.store, ""};
      if (path->starts_with(folder.path + "/")) {
        return ArtifactPlace{folder.store,
                             std::string(WithoutSlashes(path->substr(folder.path.size())))};
      }
    }
  }
  return Fail(Code::kInvalidArgument,
              "artifacts at '" + std::string(uri) + "' are not kept by this server",
              "ask the place itself, as MLflow's client does, or start the server with "
              "--artifacts-destination there");
}

std::string BelowPath(std::string_view folder, std::string_view path) {
  std::string joined(folder);
  if (!folder.empty() && !path.empty()) joined += '/';
  return joined.append(path);
}

}  // namespace quern::server::mlflow
