#include "server/mlflow/artifact_upload.h"

namespace quern::server::mlflow {

Result<std::string> FinishUpload(
    const net::HttpRequest& request,
    const std::function<Result<std::shared_ptr<ArtifactUpload>>()>& open) {
  if (request.body_error) return std::unexpected(*request.body_error);
  auto upload = std::dynamic_pointer_cast<ArtifactUpload>(request.sink);
  if (upload == nullptr) {
    QUERN_ASSIGN(upload, open());
    QUERN_TRY(upload->Append(request.body));
  }
  QUERN_TRY(upload->Commit());
  return upload->etag();
}

}  // namespace quern::server::mlflow
