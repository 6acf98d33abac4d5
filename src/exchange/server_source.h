#pragma once
// Inside of exchange/ only: a running MLflow server, or whatever speaks its protocol.
#include <map>
#include <memory>
#include <string>

#include "exchange/mlflow_source.h"
#include "exchange/server_client.h"

namespace quern::exchange {

/// What a server does not tell is not there: deleted logged models and versions, when a run was
/// deleted, all but the last values of a logged model's metrics.
class ServerSource : public MlflowSource {
 public:
  explicit ServerSource(std::unique_ptr<ServerClient> client) : client_(std::move(client)) {}

  Result<std::vector<tracking::Experiment>> Experiments(Report& report) override;
  Status EachRun(const tracking::Experiment& experiment, Report& report,
                 const Visit<tracking::RunRecord>& visit) override;
  /// What is left to ask for: its logged models, and the histories of the metrics whose last values
  /// are known.
  Status Complete(tracking::RunRecord& record, Report& report) override;
  Status EachLoggedModel(const tracking::Experiment& experiment, Report& report,
                         const Visit<tracking::ModelRecord>& visit) override;
  Status EachRegisteredModel(Report& report, const Visit<registry::ModelRecord>& visit) override;
  Result<std::unique_ptr<ArtifactTree>> Artifacts(const ArtifactOwner& owner) override;

 private:
  Status ReadVersions(registry::ModelRecord& record, bool prompt, Report& report);
  std::unique_ptr<ServerClient> client_;
};

}  // namespace quern::exchange
