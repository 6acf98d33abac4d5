#pragma once
// An upload on its way from a connection into the artifact store.
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/http.h"
#include "store/artifacts.h"

namespace quern::server::mlflow {

/// The body sink of one artifact or one part.
class ArtifactUpload : public net::BodySink {
 public:
  /// `etag` is "" for a whole artifact.
  ArtifactUpload(std::unique_ptr<store::ArtifactWriter> writer, std::string etag)
      : writer_(std::move(writer)), etag_(std::move(etag)) {}
  Status Append(std::string_view bytes) override { return writer_->Append(bytes); }
  Status Commit() { return writer_->Commit(); }
  const std::string& etag() const { return etag_; }

 private:
  std::unique_ptr<store::ArtifactWriter> writer_;
  std::string etag_;
};

/// Commits the upload that took the body of `request` while it arrived; a body that was buffered
/// instead goes into what `open` gives. Gives back the etag.
Result<std::string> FinishUpload(
    const net::HttpRequest& request,
    const std::function<Result<std::shared_ptr<ArtifactUpload>>()>& open);

}  // namespace quern::server::mlflow
