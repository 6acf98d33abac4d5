#pragma once
// Inside of exchange/ only: an mlruns folder, as MLflow's FileStore writes it.
#include <map>
#include <memory>
#include <string>

#include "exchange/local_artifacts.h"
#include "exchange/mlflow_source.h"

namespace quern::exchange {

class FolderSource : public MlflowSource {
 public:
  /// kInvalidArgument for a folder without an experiment or a registered model.
  static Result<std::unique_ptr<FolderSource>> Open(const std::string& folder, LocalPlaces places,
                                                    Fs& fs);

  Result<std::vector<tracking::Experiment>> Experiments(Report& report) override;
  Status EachRun(const tracking::Experiment& experiment, Report& report,
                 const Visit<tracking::RunRecord>& visit) override;
  Status Complete(tracking::RunRecord& record, Report& report) override;
  Status EachLoggedModel(const tracking::Experiment& experiment, Report& report,
                         const Visit<tracking::ModelRecord>& visit) override;
  Status EachRegisteredModel(Report& report, const Visit<registry::ModelRecord>& visit) override;
  Result<std::unique_ptr<ArtifactTree>> Artifacts(const ArtifactOwner& owner) override;

 private:
  FolderSource(std::string folder, LocalPlaces places, Fs& fs)
      : folder_(std::move(folder)), places_(std::move(places)), fs_(fs) {}
  Result<tracking::Experiment> ReadExperiment(const std::string& folder, const std::string& name);
  Result<tracking::RunRecord> ReadRun(const std::string& folder, const std::string& id,
                                      const tracking::Experiment& experiment);
  Result<tracking::ModelRecord> ReadLoggedModel(const std::string& folder, const std::string& id,
                                                const tracking::Experiment& experiment,
                                                Report& report);
  Result<registry::ModelRecord> ReadRegistered(const std::string& name, Report& report);
  Result<registry::ModelVersion> ReadVersion(const std::string& folder, const std::string& name,
                                             Report& report);
  void ReadLinks(const std::string& folder, tracking::RunRecord& record, Report& report);
  Result<tracking::DatasetInput> ReadDataset(int64_t experiment_id, const std::string& id);

  std::string folder_;
  LocalPlaces places_;
  Fs& fs_;
  /// Where an experiment's folder is.
  std::map<int64_t, std::string> folders_;
};

}  // namespace quern::exchange
