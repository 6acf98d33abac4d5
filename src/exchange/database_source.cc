#include "exchange/database_source.h"

#include <cmath>

#include "base/text.h"
#include "exchange/mlflow_words.h"
#include "store/foreign.h"

namespace quern::exchange {
namespace {

using store::Row;
using tracking::Experiment;
using tracking::ModelRecord;
using tracking::RunRecord;

/// What a database of any series that is read has.
const std::map<std::string, std::vector<std::string>> kNeeded{
    {"experiments", {"experiment_id", "name", "artifact_location", "lifecycle_stage"}},
    {"runs",
     {"run_uuid", "name", "user_id", "status", "start_time", "end_time", "lifecycle_stage",
      "artifact_uri", "experiment_id"}},
    {"params", {"key", "value", "run_uuid"}},
    {"tags", {"key", "value", "run_uuid"}},
    {"metrics", {"key", "value", "timestamp", "run_uuid", "step", "is_nan"}},
};

std::optional<std::string> TextOf(const Row& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return row.Text(column);
}

}  // namespace

Result<Schema> Schema::Read(store::Database& database, const std::string& path) {
  Schema schema;
  QUERN_TRY(database.Query(
      "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c "
      "WHERE m.type = 'table'",
      {}, [&](const Row& row) { schema.columns_[row.Text(0)].insert(row.Text(1)); }));
  if (!schema.Has("alembic_version") || !schema.Has("experiments")) {
    return Fail(Code::kInvalidArgument, "'" + path + "' is no database of MLflow's",
                "its tables would be experiments, runs and others");
  }
  std::string revision;
  QUERN_TRY(database.Query("SELECT version_num FROM alembic_version", {},
                           [&](const Row& row) { revision = row.Text(0); }));
  for (const auto& [table, columns] : kNeeded) {
    for (const std::string& column : columns) {
      if (schema.Has(table, column)) continue;
      return Fail(Code::kFailedPrecondition,
                  "'" + path + "' has the schema " + revision +
                      " of MLflow, which is not one of those that are read: it lacks " + table +
                      "." + column,
                  "`mlflow db upgrade sqlite:///" + path +
                      "` brings an older one up to date; of a newer one, start `mlflow server` on "
                      "it and import from its address");
    }
  }
  return schema;
}

bool Schema::Has(const std::string& table, const std::string& column) const {
  const auto found = columns_.find(table);
  return found != columns_.end() && found->second.contains(column);
}

std::string Schema::Column(const std::string& table, const std::string& column,
                           const std::string& otherwise) const {
  return Has(table, column) ? table + "." + column : otherwise;
}

std::string Schema::InWorkspace(const std::string& table) const {
  return Has(table, "workspace") ? table + ".workspace = 'default'" : "1 = 1";
}

Result<std::unique_ptr<DatabaseSource>> DatabaseSource::Open(const std::string& path,
                                                             LocalPlaces places) {
  QUERN_ASSIGN(auto database, store::OpenForeignSqlite(path));
  QUERN_ASSIGN(Schema schema, Schema::Read(*database, path));
  return std::unique_ptr<DatabaseSource>(
      new DatabaseSource(std::move(database), std::move(schema), path, std::move(places)));
}

Status DatabaseSource::ReadTexts(const std::string& sql, const store::Param& owner,
                                 tracking::Texts& into) {
  return database_->Query(sql, {owner}, [&](const Row& row) { into[row.Text(0)] = row.Text(1); });
}

Status DatabaseSource::NoteOrphans(Report& report) {
  QUERN_TRY(database_->Query(
      "SELECT run_uuid, experiment_id FROM runs WHERE experiment_id IS NULL OR experiment_id NOT "
      "IN (SELECT experiment_id FROM experiments)",
      {}, [&](const Row& row) {
        report.Damaged({Code::kInvalidArgument,
                        "the run " + row.Text(0) + " belongs to experiment '" + row.Text(1) +
                            "', which does not exist",
                        "it was left out",
                        {path_, 0, 0},
                        {}});
      }));
  if (!schema_.Has("experiments", "workspace")) return {};
  return database_->Query(
      "SELECT workspace, count(*) FROM experiments WHERE workspace <> 'default' GROUP BY workspace",
      {}, [&](const Row& row) {
        report.Note(row.Text(1) + " experiments of the workspace '" + row.Text(0) +
                    "' are not read: only those of 'default' are");
      });
}

Result<std::vector<Experiment>> DatabaseSource::Experiments(Report& report) {
  QUERN_TRY(NoteOrphans(report));
  std::vector<Experiment> found;
  QUERN_TRY(database_->Query("SELECT experiment_id, name, artifact_location, lifecycle_stage, " +
                                 schema_.Column("experiments", "creation_time", "NULL") + ", " +
                                 schema_.Column("experiments", "last_update_time", "NULL") +
                                 " FROM experiments WHERE " + schema_.InWorkspace("experiments") +
                                 " ORDER BY experiment_id",
                             {}, [&](const Row& row) {
                               found.push_back({row.Int(0),
                                                row.Text(1),
                                                row.Text(2),
                                                row.Text(3) == "deleted",
                                                row.Int(4),
                                                row.IsNull(5) ? row.Int(4) : row.Int(5),
                                                {}});
                             }));
  if (!schema_.Has("experiment_tags")) return found;
  for (Experiment& experiment : found) {
    QUERN_TRY(ReadTexts("SELECT key, value FROM experiment_tags WHERE experiment_id = ?",
                        experiment.id, experiment.tags));
  }
  return found;
}

Status DatabaseSource::EachRun(const Experiment& experiment, Report& report,
                               const Visit<RunRecord>& visit) {
  // In pieces, so that no statement is open while runs are written elsewhere for long.
  constexpr int64_t kPiece = 1000;
  const std::string sql =
      "SELECT rowid, run_uuid, name, user_id, status, start_time, end_time, artifact_uri, "
      "lifecycle_stage, " +
      schema_.Column("runs", "deleted_time", "NULL") +
      " FROM runs WHERE experiment_id = ? AND rowid > ? ORDER BY rowid LIMIT " +
      std::to_string(kPiece);
  int64_t after = INT64_MIN;
  for (int64_t count = kPiece; count == kPiece;) {
    std::vector<RunRecord> records;
    count = 0;
    QUERN_TRY(database_->Query(sql, {experiment.id, after}, [&](const Row& row) {
      ++count;
      after = row.Int(0);
      const auto status = RunStatusWord(row.Text(4));
      if (!status) {
        report.Damaged({Code::kInvalidArgument,
                        "the run " + row.Text(1) + " has the unknown status '" + row.Text(4) + "'",
                        "it was left out",
                        {path_, 0, 0},
                        {}});
        return;
      }
      RunRecord record;
      record.info.id = row.Text(1);
      record.info.experiment_id = experiment.id;
      record.info.name = row.Text(2);
      record.info.user_id = row.Text(3);
      record.info.status = *status;
      record.info.start_ms = row.Int(5);
      if (!row.IsNull(6)) record.info.end_ms = row.Int(6);
      record.info.artifact_uri = row.Text(7);
      record.info.deleted = row.Text(8) == "deleted";
      if (record.info.deleted && !row.IsNull(9)) record.deleted_ms = row.Int(9);
      records.push_back(std::move(record));
    }));
    for (RunRecord& record : records) QUERN_TRY(visit(std::move(record)));
  }
  return {};
}

Status DatabaseSource::Complete(RunRecord& record, Report&) {
  const std::string& id = record.info.id;
  QUERN_TRY(ReadTexts("SELECT key, value FROM params WHERE run_uuid = ?", id, record.params));
  QUERN_TRY(ReadTexts("SELECT key, value FROM tags WHERE run_uuid = ?", id, record.tags));
  if (const auto tag = record.tags.find(kRunNameTag); tag != record.tags.end()) {
    if (record.info.name.empty()) record.info.name = tag->second;
  }
  QUERN_TRY(database_->Query(
      "SELECT key, timestamp, step, value, is_nan FROM metrics WHERE run_uuid = ?", {id},
      [&](const Row& row) {
        record.metrics[row.Text(0)].push_back(
            {row.Int(1), row.Int(2), row.Int(4) != 0 ? std::nan("") : row.Number(3)});
      }));
  return ReadInputs(record);
}

Status DatabaseSource::ReadInputs(RunRecord& record) {
  if (!schema_.Has("inputs") || !schema_.Has("datasets")) return {};
  std::vector<std::string> inputs;
  QUERN_TRY(database_->Query(
      "SELECT i.input_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source, "
      "d.dataset_schema, d.dataset_profile FROM inputs i JOIN datasets d ON d.dataset_uuid = "
      "i.source_id WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND "
      "i.destination_id = ? ORDER BY i.rowid",
      {record.info.id}, [&](const Row& row) {
        inputs.push_back(row.Text(0));
        record.datasets.push_back(
            {{row.Text(1), row.Text(2), row.Text(3), row.Text(4), TextOf(row, 5), TextOf(row, 6)},
             {}});
      }));
  for (size_t i = 0; i < inputs.size(); ++i) {
    QUERN_TRY(ReadTexts("SELECT name, value FROM input_tags WHERE input_uuid = ?", inputs[i],
                        record.datasets[i].tags));
  }
  return database_->Query(
      "SELECT inputs.source_type, inputs.destination_id, " + schema_.Column("inputs", "step", "0") +
          " FROM inputs WHERE inputs.source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND "
          "inputs.source_id = ? ORDER BY inputs.rowid",
      {record.info.id}, [&](const Row& row) {
        auto& links = row.Text(0) == "RUN_INPUT" ? record.model_inputs : record.model_outputs;
        links.push_back({row.Text(1), row.Int(2)});
      });
}

Status DatabaseSource::EachLoggedModel(const Experiment& experiment, Report& report,
                                       const Visit<ModelRecord>& visit) {
  if (!schema_.Has("logged_models")) return {};
  std::vector<ModelRecord> records;
  QUERN_TRY(database_->Query(
      "SELECT model_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms, "
      "status, lifecycle_stage, model_type, source_run_id, status_message FROM logged_models "
      "WHERE experiment_id = ? ORDER BY creation_timestamp_ms, rowid",
      {experiment.id}, [&](const Row& row) {
        ModelRecord record;
        tracking::LoggedModel& model = record.model;
        model.id = row.Text(0);
        model.experiment_id = experiment.id;
        model.name = row.Text(1);
        model.artifact_uri = row.Text(2);
        model.created_ms = row.Int(3);
        model.updated_ms = row.Int(4);
        model.model_type = row.Text(7);
        model.source_run_id = row.Text(8);
        model.status_message = row.Text(9);
        if (row.Text(6) == "deleted") record.deleted_ms = model.updated_ms;
        const auto status = ModelStatusWord(std::to_string(row.Int(5)));
        if (!status) {
          report.Damaged({Code::kInvalidArgument,
                          "the logged model " + model.id + " has the unknown status " +
                              std::to_string(row.Int(5)),
                          "it was left out",
                          {path_, 0, 0},
                          {}});
          return;
        }
        model.status = *status;
        records.push_back(std::move(record));
      }));
  for (ModelRecord& record : records) {
    tracking::LoggedModel& model = record.model;
    QUERN_TRY(ReadTexts("SELECT param_key, param_value FROM logged_model_params WHERE model_id = ?",
                        model.id, model.params));
    QUERN_TRY(ReadTexts("SELECT tag_key, tag_value FROM logged_model_tags WHERE model_id = ?",
                        model.id, model.tags));
    QUERN_TRY(ReadModelMetrics(model));
    QUERN_TRY(visit(std::move(record)));
  }
  return {};
}

Status DatabaseSource::ReadModelMetrics(tracking::LoggedModel& model) {
  return database_->Query(
      "SELECT metric_name, metric_value, metric_step, metric_timestamp_ms, dataset_name, "
      "dataset_digest, run_id FROM logged_model_metrics WHERE model_id = ?",
      {model.id}, [&](const Row& row) {
        model.metrics.push_back({{row.Text(0), row.IsNull(1) ? std::nan("") : row.Number(1),
                                  row.Int(2), row.Int(3), model.id, row.Text(4), row.Text(5)},
                                 row.Text(6)});
      });
}

Result<std::unique_ptr<ArtifactTree>> DatabaseSource::Artifacts(const ArtifactOwner& owner) {
  if (owner.kind == ArtifactOwner::Kind::kVersion) {
    return Fail(Code::kUnimplemented, "artifacts in '" + owner.uri + "'");
  }
  QUERN_ASSIGN(std::string folder, places_.FolderOf(owner, ""));
  return FolderTree(std::move(folder));
}

}  // namespace quern::exchange
