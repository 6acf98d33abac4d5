#pragma once
// Inside of exchange/ only: the SQLite database of an MLflow server, of the 2.x and 3.x series.
#include <map>
#include <memory>
#include <set>
#include <string>

#include "exchange/local_artifacts.h"
#include "exchange/mlflow_source.h"
#include "store/database.h"

namespace quern::exchange {

/// Which tables and columns a database has. MLflow has added some in every series.
class Schema {
 public:
  /// kInvalidArgument for a database that is not MLflow's, kFailedPrecondition if it lacks what
  /// every series that is read has.
  static Result<Schema> Read(store::Database& database, const std::string& path);
  bool Has(const std::string& table) const { return columns_.contains(table); }
  bool Has(const std::string& table, const std::string& column) const;
  /// "t.column", or the literal in its place where there is no such column.
  std::string Column(const std::string& table, const std::string& column,
                     const std::string& otherwise) const;
  /// A condition that leaves out what belongs to another workspace than the default one.
  std::string InWorkspace(const std::string& table) const;

 private:
  std::map<std::string, std::set<std::string>> columns_;
};

class DatabaseSource : public MlflowSource {
 public:
  static Result<std::unique_ptr<DatabaseSource>> Open(const std::string& path, LocalPlaces places);

  Result<std::vector<tracking::Experiment>> Experiments(Report& report) override;
  Status EachRun(const tracking::Experiment& experiment, Report& report,
                 const Visit<tracking::RunRecord>& visit) override;
  Status Complete(tracking::RunRecord& record, Report& report) override;
  Status EachLoggedModel(const tracking::Experiment& experiment, Report& report,
                         const Visit<tracking::ModelRecord>& visit) override;
  Status EachRegisteredModel(Report& report, const Visit<registry::ModelRecord>& visit) override;
  Result<std::unique_ptr<ArtifactTree>> Artifacts(const ArtifactOwner& owner) override;

 private:
  DatabaseSource(std::unique_ptr<store::Database> database, Schema schema, std::string path,
                 LocalPlaces places)
      : database_(std::move(database)),
        schema_(std::move(schema)),
        path_(std::move(path)),
        places_(std::move(places)) {}
  Status NoteOrphans(Report& report);
  Status ReadTexts(const std::string& sql, const store::Param& owner, tracking::Texts& into);
  Status ReadInputs(tracking::RunRecord& record);
  Status ReadModelMetrics(tracking::LoggedModel& model);
  Status ReadVersions(registry::ModelRecord& record);

  std::unique_ptr<store::Database> database_;
  Schema schema_;
  std::string path_;
  LocalPlaces places_;
};

}  // namespace quern::exchange
