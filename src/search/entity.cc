#include "search/entity.h"

namespace quern::search {
namespace {

Index ByText(std::string table, std::string owner, const std::string& text) {
  return {std::move(table), std::move(owner), BeginningOf(text), text};
}

Index OfRuns(const std::string& column) { return {"runs x", "x.num", column, column}; }

Group Attributes(std::vector<std::string> names) {
  Group group;
  group.names = std::move(names);
  return group;
}

Group Texts(Group::Kind kind, std::vector<std::string> names, std::string rows, bool orderable) {
  Group group;
  group.kind = kind;
  group.names = std::move(names);
  group.rows = std::move(rows);
  group.value = "x.value";
  group.orderable = orderable;
  return group;
}

Group Tags(std::string rows, bool orderable) {
  return Texts(Group::Kind::kTag, {"tag", "tags"}, std::move(rows), orderable);
}

Group Params(std::string rows, bool orderable) {
  return Texts(Group::Kind::kParam, {"parameter", "parameters", "param", "params"}, std::move(rows),
               orderable);
}

Group RunMetrics() {
  Group group;
  group.kind = Group::Kind::kMetric;
  group.names = {"metric", "metrics"};
  group.rows = "metric_series x WHERE x.run = r.num";
  group.value = "x.last_value";
  group.least = "x.least";
  group.greatest = "x.greatest";
  group.count = "x.points";
  group.orderable = true;
  group.index = {"metric_series x", "x.run", "x.last_value", "x.last_value"};
  return group;
}

Group RunDatasets() {
  const std::string inputs =
      "run_inputs i JOIN datasets d ON d.num = i.dataset WHERE i.run = r.num";
  Group group;
  group.kind = Group::Kind::kDataset;
  group.names = {"dataset", "datasets"};
  group.unique = false;
  group.fields = {
      {"name", inputs, "d.name"},
      {"digest", inputs, "d.digest"},
      {"context",
       "run_inputs i JOIN run_input_tags x ON x.input = i.num AND x.key = 'mlflow.data.context' "
       "WHERE i.run = r.num",
       "x.value"},
  };
  return group;
}

/// A logged model may have one metric many times: by step, run and dataset. A filter asks for any
/// of them, an order takes the newest.
Group ModelMetrics() {
  Group group;
  group.kind = Group::Kind::kMetric;
  group.names = {"metrics", "metric"};
  group.rows = "logged_model_metrics x WHERE x.model = l.num";
  group.value = "CASE WHEN x.nan = 0 THEN x.value END";
  group.unique = false;
  group.newest =
      "x.time_ms DESC, x.step DESC, x.run_id, x.dataset_name, x.dataset_digest, x.nan, x.value "
      "DESC";
  group.dataset_name = "x.dataset_name";
  group.dataset_digest = "x.dataset_digest";
  group.orderable = true;
  return group;
}

constexpr ValueType kText = ValueType::kText;
constexpr ValueType kInteger = ValueType::kInteger;

Entity MakeRuns() {
  Entity entity;
  entity.name = "runs";
  entity.from = "runs r";
  entity.id = "r.num";
  const Index by_name = ByText("runs x", "x.num", "x.name");
  entity.attributes = {
      {{"run_id"}, kText, "r.id", false, {}},
      {{"run_name", "run name", "Run name", "Run Name"}, kText, "r.name", false, {}, by_name},
      {{"user_id"}, kText, "r.user_id", false, {}},
      {{"status"}, kText, "r.status", false, {}, OfRuns("x.status")},
      {{"artifact_uri"}, kText, "r.artifact_uri", false, {}},
      {{"start_time", "created", "Created"},
       kInteger,
       "r.start_ms",
       false,
       {},
       OfRuns("x.start_ms")},
      {{"end_time"}, kInteger, "r.end_ms", true, {}, OfRuns("x.end_ms")},
      // As a double: clients may send any times, and PostgreSQL refuses a difference beyond 64
      // bits. Exact up to 285,000 years.
      {{"duration"},
       ValueType::kReal,
       "(CAST(r.end_ms AS DOUBLE PRECISION) - r.start_ms)",
       true,
       {}},
  };
  Group params = Params("run_params x WHERE x.run = r.num", true);
  params.index = ByText("run_params x", "x.run", "x.value");
  Group tags = Tags("run_tags x WHERE x.run = r.num", true);
  tags.index = ByText("run_tags x", "x.run", "x.value");
  entity.groups = {Attributes({"attribute", "attributes", "attr", "run"}), RunMetrics(),
                   std::move(params), std::move(tags), RunDatasets()};
  entity.tie_breakers = {{"start_time", true}, {"run_id", false}};
  return entity;
}

Entity MakeExperiments() {
  Entity entity;
  entity.name = "experiments";
  entity.from = "experiments e";
  entity.attributes = {
      {{"name"}, kText, "e.name", false, {}},
      {{"experiment_id"}, ValueType::kId, "e.id", false, {}},
      {{"creation_time"}, kInteger, "e.created_ms", false, {}},
      {{"last_update_time"}, kInteger, "e.updated_ms", false, {}},
  };
  entity.groups = {Attributes({"attribute", "attributes", "attr"}),
                   Tags("experiment_tags x WHERE x.experiment_id = e.id", false)};
  entity.default_order = {{"creation_time", true}, {"experiment_id", false}};
  entity.tie_breakers = {{"experiment_id", true}};
  return entity;
}

Entity MakeRegisteredModels() {
  Entity entity;
  entity.name = "registered models";
  entity.from = "registered_models m";
  entity.attributes = {
      {{"name"}, kText, "m.name", false, {}},
      {{"creation_timestamp"}, kInteger, "m.created_ms", false, {}},
      {{"last_updated_timestamp", "timestamp"}, kInteger, "m.updated_ms", false, {}},
  };
  entity.groups = {Attributes({"attribute", "attributes", "attr"}),
                   Tags("registered_model_tags x WHERE x.name = m.name", false)};
  entity.tie_breakers = {{"name", false}};
  entity.no_prompts =
      "NOT EXISTS (SELECT 1 FROM registered_model_tags x WHERE x.name = m.name AND "
      "x.key = 'mlflow.prompt.is_prompt' AND x.value = 'true')";
  return entity;
}

Entity MakeModelVersions() {
  Entity entity;
  entity.name = "model versions";
  entity.from = "model_versions v";
  entity.attributes = {
      {{"name"}, kText, "v.name", false, {}},
      {{"version_number"}, kInteger, "v.version", false, {}},
      {{"run_id"}, kText, "v.run_id", false, {}},
      {{"source_path"}, kText, "v.source", false, {}},
      {{"creation_timestamp"}, kInteger, "v.created_ms", false, {}},
      {{"last_updated_timestamp"}, kInteger, "v.updated_ms", false, {}},
  };
  entity.groups = {
      Attributes({"attribute", "attributes", "attr"}),
      Tags("model_version_tags x WHERE x.name = v.name AND x.version = v.version", false)};
  entity.default_order = {
      {"last_updated_timestamp", true}, {"name", false}, {"version_number", true}};
  entity.tie_breakers = {{"name", false}, {"version_number", true}};
  entity.quoted_numbers = true;
  // As MLflow: one version with the tag makes a prompt of its whole model.
  entity.no_prompts =
      "NOT EXISTS (SELECT 1 FROM model_version_tags x WHERE x.name = v.name AND "
      "x.key = 'mlflow.prompt.is_prompt' AND x.value = 'true')";
  return entity;
}

Entity MakeLoggedModels() {
  Entity entity;
  entity.name = "logged models";
  entity.from = "logged_models l";
  entity.attributes = {
      {{"model_id"}, kText, "l.id", false, {}},
      {{"name"}, kText, "l.name", false, {}},
      {{"status"},
       kText,
       "l.status",
       false,
       {{"PENDING", "LOGGED_MODEL_PENDING"},
        {"READY", "LOGGED_MODEL_READY"},
        {"FAILED", "LOGGED_MODEL_UPLOAD_FAILED"}}},
      {{"status_message"}, kText, "l.status_message", false, {}},
      {{"model_type"}, kText, "l.model_type", false, {}},
      {{"source_run_id"}, kText, "l.source_run_id", false, {}},
      {{"artifact_location"}, kText, "l.artifact_uri", false, {}},
      {{"experiment_id"}, ValueType::kId, "l.experiment_id", false, {}},
      {{"creation_timestamp_ms", "creation_timestamp", "creation_time"},
       kInteger,
       "l.created_ms",
       false,
       {}},
      {{"last_updated_timestamp_ms", "last_updated_timestamp"},
       kInteger,
       "l.updated_ms",
       false,
       {}},
  };
  entity.groups = {Attributes({"attributes", "attribute", "attr"}), ModelMetrics(),
                   Params("logged_model_params x WHERE x.model = l.num", false),
                   Tags("logged_model_tags x WHERE x.model = l.num", false)};
  entity.tie_breakers = {{"creation_timestamp_ms", true}, {"model_id", false}};
  entity.bare_texts = true;
  return entity;
}

}  // namespace

std::string BeginningOf(const std::string& text) { return "substr(" + text + ", 1, 64)"; }

const Entity& Runs() {
  static const Entity entity = MakeRuns();
  return entity;
}

const Entity& Experiments() {
  static const Entity entity = MakeExperiments();
  return entity;
}

const Entity& RegisteredModels() {
  static const Entity entity = MakeRegisteredModels();
  return entity;
}

const Entity& ModelVersions() {
  static const Entity entity = MakeModelVersions();
  return entity;
}

const Entity& LoggedModels() {
  static const Entity entity = MakeLoggedModels();
  return entity;
}

}  // namespace quern::search
