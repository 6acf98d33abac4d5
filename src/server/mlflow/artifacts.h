#pragma once
// MLflow's artifact proxy: files up, down, listed and deleted below
// /{api,ajax-api}/2.0/mlflow-artifacts/, and uploads in parts.
#include <string_view>

#include "net/http.h"
#include "server/http/router.h"
#include "store/artifacts.h"
#include "store/multipart.h"

namespace quern::server::mlflow {

/// Borrowed; must outlive the server.
struct ArtifactContext {
  store::ArtifactStore* store = nullptr;
  /// Null: uploads in parts are NOT_IMPLEMENTED, and MLflow's client sends the file whole.
  store::MultipartUploads* uploads = nullptr;
};

void AddArtifactRoutes(Router* router, const ArtifactContext& context);

/// Takes the bodies of uploads (artifacts and parts) into the store while they arrive; null for any
/// other request. For net::ServerOptions::body_hook. It runs before any handler, so whatever a
/// handler would refuse a request for (host, user) must be asked before it too; nothing becomes
/// visible without the handler, though.
net::BodyHook ArtifactBodies(const ArtifactContext& context);

/// Answers a GET or HEAD with one artifact as a download: whole, a range, or not modified. Errors
/// in MLflow's form. `path` is decoded and not yet checked.
net::HttpResponse ServeArtifact(store::ArtifactStore& store, std::string_view path,
                                const net::HttpRequest& request);

}  // namespace quern::server::mlflow
