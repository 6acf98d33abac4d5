#include "pipeline/world.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <optional>

#include "base/digest.h"
#include "base/text.h"
#include "expr/expr.h"
#include "model/signature.h"
#include "table/session.h"

namespace quern::pipeline {

std::vector<ColumnInfo> ColumnsOf(const json::value& ingest_record) {
  std::vector<ColumnInfo> columns;
  for (const json::value& column : ingest_record.at("columns").as_array()) {
    columns.push_back({std::string(column.at("name").as_string()),
                       std::string(column.at("type").as_string()),
                       column.at("physical").as_string() == "VARCHAR"});
  }
  return columns;
}

std::string SnapshotOf(const World& world, const json::value& ingest_record) {
  return world.workspace.Path(std::string(ingest_record.at("snapshot").as_string()));
}

Result<Frame> ReadSource(const World& world, const StepContext& context,
                         const std::string& source) {
  const json::value& record = context.Output("ingest:" + source).record;
  QUERN_ASSIGN(const auto session, table::Session::Open({.threads = 1}));
  std::string names;
  for (const ColumnInfo& column : ColumnsOf(record)) {
    names += (names.empty() ? "" : ", ") + table::QuoteName(column.name);
  }
  return session->QueryFrame("SELECT " + names + " FROM read_parquet(" +
                             table::QuoteText(SnapshotOf(world, record)) + ")");
}

namespace {

/// The column that `data.KEY` names, if it names one.
Result<std::optional<Column>> Steering(const World& world, const Frame& rows, const char* key,
                                       const std::string& name) {
  if (name.empty()) return std::optional<Column>();
  const Column* column = rows.Find(name);
  if (column != nullptr) return std::optional<Column>(*column);
  std::vector<std::string> known;
  for (const Column& other : rows.columns) known.push_back(other.name);
  return FailAt(world.project.root.Find("data")->Find(key)->where,
                std::string("data.") + key + ": there is no column '" + name + "'",
                SuggestName(name, known));
}

}  // namespace

Result<Column> LabelsOf(const World& world, const Frame& rows) {
  const TargetSpec& target = world.project.data.target;
  QUERN_ASSIGN(const expr::Expr tree, expr::Parse(target.expression, target.where));
  return expr::Evaluate(tree, rows, target.name);
}

bool HasTarget(const World& world, const std::vector<ColumnInfo>& columns) {
  const TargetSpec& target = world.project.data.target;
  const auto tree = expr::Parse(target.expression, target.where);
  if (!tree) return false;
  for (const expr::ColumnRef& ref : expr::Columns(*tree)) {
    const bool there = std::any_of(columns.begin(), columns.end(), [&](const ColumnInfo& column) {
      return column.name == ref.name;
    });
    if (!there) return false;
  }
  return true;
}

Result<Column> LateLabelsOf(const World& world, const Frame& rows) {
  std::vector<ColumnInfo> columns;
  for (const Column& column : rows.columns) columns.push_back({column.name, "", column.is_text});
  if (HasTarget(world, columns)) return LabelsOf(world, rows);
  Column none{world.project.data.target.name, false, {}, {}};
  none.numbers.assign(rows.rows(), std::nan(""));
  return none;
}

Result<training::Dataset> LoadDataset(const World& world, const StepContext& context,
                                      const std::vector<std::string>& sources) {
  training::Dataset dataset;
  for (const std::string& source : sources) {
    QUERN_ASSIGN(const Frame rows, ReadSource(world, context, source));
    dataset.rows.Append(rows);
  }
  const DataSpec& data = world.project.data;
  QUERN_ASSIGN(const Column labels, LabelsOf(world, dataset.rows));
  auto target = training::MakeTarget(labels, data.target.task, data.target.positive);
  if (!target) {
    Error error = target.error();
    error.where = data.target.where;
    return std::unexpected(std::move(error));
  }
  dataset.target = std::move(*target);
  QUERN_TRY(Steer(world, dataset));
  return dataset;
}

Status Steer(const World& world, training::Dataset& dataset) {
  const DataSpec& data = world.project.data;
  QUERN_ASSIGN(dataset.groups, Steering(world, dataset.rows, "group", data.group));
  QUERN_ASSIGN(dataset.times, Steering(world, dataset.rows, "time", data.time));
  return {};
}

training::TrainingSpec TrainingOf(const World& world, const json::value& train_record) {
  const std::string_view task = train_record.at("task").as_string();
  return training::ForTask(world.project.training,
                           model::ParseTask(task).value_or(ml::Task::kBinary));
}

namespace {

/// Columns that say nothing a model may know: the target's own, keys, times, and what is ignored.
std::vector<std::string> NeverFeatures(const World& world) {
  const DataSpec& data = world.project.data;
  std::vector<std::string> never = data.ignore;
  for (const std::string& name : {data.key, data.time, data.group}) {
    if (!name.empty()) never.push_back(name);
  }
  if (const auto tree = expr::Parse(data.target.expression, data.target.where)) {
    for (const expr::ColumnRef& ref : expr::Columns(*tree)) never.push_back(ref.name);
  }
  return never;
}

Status CheckNames(const World& world, const ml::PrepSpec& prep) {
  std::vector<std::string> known;
  expr::Schema schema;
  for (const auto& input : prep.inputs) {
    known.push_back(input.name);
    schema.push_back({input.name, input.is_text ? expr::Type::kText : expr::Type::kNumber});
  }
  const FeatureSpec& features = world.project.features;
  for (size_t i = 0; i < features.derived.size(); ++i) {
    QUERN_ASSIGN(const auto tree,
                 expr::Parse(features.derived[i].expression, features.derived_where[i]));
    QUERN_ASSIGN(const auto type, expr::Check(tree, schema));
    if (type == expr::Type::kText) {
      return FailAt(features.derived_where[i],
                    "derived column '" + features.derived[i].name + "' is text",
                    "a derived column is a number");
    }
    if (std::find(known.begin(), known.end(), features.derived[i].name) != known.end()) {
      return FailAt(features.derived_where[i], "derived column '" + features.derived[i].name +
                                                   "' is called like a raw column");
    }
    known.push_back(features.derived[i].name);
    schema.push_back({features.derived[i].name, expr::Type::kNumber});
  }
  const YamlNode* section = world.project.root.Find("features");
  const YamlNode* columns = section != nullptr ? section->Find("columns") : nullptr;
  if (columns == nullptr) return {};
  for (const YamlEntry& entry : columns->entries) {
    if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      return FailAt(entry.where, "no feature column '" + entry.key + "'",
                    SuggestName(entry.key, known));
    }
  }
  return {};
}

}  // namespace

Result<ml::PrepSpec> MakePrep(const World& world, const std::vector<ColumnInfo>& columns) {
  const FeatureSpec& features = world.project.features;
  const std::vector<std::string> never = NeverFeatures(world);
  ml::PrepSpec prep;
  for (const ColumnInfo& column : columns) {
    if (std::find(never.begin(), never.end(), column.name) != never.end()) continue;
    if (column.type != "number" && column.type != "category" && column.type != "boolean") continue;
    // A boolean is a number 0 or 1; scaling it does no harm and needs no category list.
    prep.inputs.push_back({column.name, column.type == "category", column.is_text});
  }
  prep.derived = features.derived;
  prep.numeric = features.numeric;
  prep.categorical = features.categorical;
  prep.numeric_of = features.numeric_of;
  prep.categorical_of = features.categorical_of;
  prep.select = features.select;
  QUERN_TRY(CheckNames(world, prep));
  return prep;
}

std::map<std::string, monitoring::ColumnKind> KindsOf(const std::vector<ColumnInfo>& columns) {
  std::map<std::string, monitoring::ColumnKind> kinds;
  for (const ColumnInfo& column : columns) {
    kinds[column.name] = column.type == "number" ? monitoring::ColumnKind::kNumber
                                                 : monitoring::ColumnKind::kCategory;
  }
  return kinds;
}

void AddParams(const World& world, const std::string& section, Step& step,
               const std::vector<std::string>& except) {
  for (auto& [name, value] : Leaves(world.project.root, section, except)) {
    step.parts.push_back({"param:" + name, value});
  }
}

namespace {

bool Volatile(std::string_view key) {
  return key.ends_with("_seconds") || key.ends_with("_ms") || key == "run_id" || key == "path" ||
         key == "url" || key == "run_ids" || key == "latency" || key == "holdout_uses";
}

json::value Stable(const json::value& value) {
  if (value.is_object()) {
    json::object out;
    for (const auto& [key, item] : value.as_object()) {
      if (!Volatile(key)) out[key] = Stable(item);
    }
    return out;
  }
  if (value.is_array()) {
    json::array out;
    for (const json::value& item : value.as_array()) out.push_back(Stable(item));
    return out;
  }
  return value;
}

}  // namespace

void AddTracking(const World& world, Step& step) {
  const auto& server = world.project.tracking.server;
  if (server) step.parts.push_back({"param:tracking.server", server->Text()});
}

std::string RecordDigest(const json::value& record) { return Sha256(WriteJson(Stable(record))); }

}  // namespace quern::pipeline
