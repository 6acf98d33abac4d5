#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/ids.h"
#include "base/text.h"
#include "data/ingest.h"
#include "expr/expr.h"
#include "pipeline/packages.h"
#include "pipeline/steps.h"

namespace quern::pipeline {
namespace {

bool Trains(const World& world, const std::string& source) {
  const auto& train = world.project.data.train;
  return std::find(train.begin(), train.end(), source) != train.end();
}

/// Training decides how a column is stored; every later source is read the same way.
Result<data::ColumnDecls> DeclsFor(const World& world, const StepContext& context,
                                   const std::string& source) {
  data::ColumnDecls decls = world.project.data.columns;
  const std::string& first = world.project.data.train.front();
  if (source == first) return decls;
  for (const ColumnInfo& column : ColumnsOf(context.Output("ingest:" + first).record)) {
    QUERN_ASSIGN(const auto type, data::ParseColumnType(column.type, {}));
    const std::string physical = type == data::ColumnType::kTime ? "TIMESTAMP"
                                 : column.is_text                ? "VARCHAR"
                                                                 : "DOUBLE";
    const auto found = std::find_if(decls.begin(), decls.end(),
                                    [&](const auto& decl) { return decl.name == column.name; });
    if (found != decls.end()) {
      found->physical = physical;
    } else {
      decls.push_back({column.name, type, physical, {}});
    }
  }
  return decls;
}

/// Names in the project file that only the data can confirm: at the first training source.
Status CheckColumns(const World& world, const data::IngestResult& result) {
  QUERN_TRY(data::CheckDeclared(result));
  std::vector<std::string> known;
  expr::Schema schema;
  for (const data::ColumnDecl& column : result.columns) {
    known.push_back(column.name);
    schema.push_back(
        {column.name, column.physical == "DOUBLE" ? expr::Type::kNumber : expr::Type::kText});
  }
  const DataSpec& data = world.project.data;
  QUERN_TRY(data::ValidateExpectations(data.expectations, known));
  QUERN_ASSIGN(const expr::Expr target, expr::Parse(data.target.expression, data.target.where));
  QUERN_TRY(expr::Check(target, schema));
  const YamlNode* section = world.project.root.Find("data");
  const auto check = [&](const std::string& name, const char* key) -> Status {
    if (name.empty() || std::find(known.begin(), known.end(), name) != known.end()) return {};
    return FailAt(section->Find(key)->where,
                  "data." + std::string(key) + " names column '" + name + "', which '" +
                      result.path + "' does not have",
                  SuggestName(name, known));
  };
  for (const std::string& name : data.ignore) QUERN_TRY(check(name, "ignore"));
  QUERN_TRY(check(data.key, "key"));
  QUERN_TRY(check(data.time, "time"));
  QUERN_TRY(check(data.group, "group"));
  for (const auto& slice : world.project.evaluation.slices) {
    if (std::find(known.begin(), known.end(), slice.column) != known.end()) continue;
    return FailAt(
        world.project.root.Find("evaluation")->Find("slices")->where,
        "evaluation.slices names column '" + slice.column + "', which the data does not have",
        SuggestName(slice.column, known));
  }
  return {};
}

/// Where the rows stay and what they are: whatever else of a run goes elsewhere, they do not.
Status NoteSource(World& world, const std::string& source, const data::IngestResult& result,
                  const std::string& snapshot) {
  const std::string source_id = "source:" + source + "@" + result.source_digest.substr(0, 12);
  QUERN_TRY(world.workspace.lineage().Add(
      {source_id, "source", result.path, "sha256 " + result.source_digest}, {}));
  return world.workspace.lineage().Add(
      {"snapshot:" + source + "@" + result.digest.substr(0, 12), "snapshot", source,
       fmt::format("{} rows, {} rejected; sha256 {}; {}", result.rows, result.rejected,
                   result.digest, snapshot)},
      {source_id});
}

/// Keeps one folder per content: the same rows from another file are the same snapshot.
Result<std::string> Keep(World& world, const std::string& source, const std::string& aside,
                         const data::IngestResult& result) {
  Workspace& workspace = world.workspace;
  const std::string folder = "tables/" + source + "/" + result.digest.substr(0, 16);
  if (workspace.fs().Exists(workspace.Path(folder + "/data.parquet"))) {
    QUERN_TRY(workspace.fs().RemoveAll(aside));
  } else {
    QUERN_TRY(workspace.fs().RemoveAll(workspace.Path(folder)));
    QUERN_TRY(workspace.fs().MoveInto(aside, workspace.Path(folder)));
  }
  return folder + "/data.parquet";
}

}  // namespace

Step MakeIngestStep(World& world, const data::SourceSpec& source) {
  Step step = NewStep("ingest:" + source.name, "ingest");
  const std::string name = source.name;
  if (name != world.project.data.train.front()) {
    step.needs = {"ingest:" + world.project.data.train.front()};
  }
  data::SourceSpec spec = source;
  spec.root = world.project.dir;
  step.input_files = {spec.File()};
  AddParams(world, "data.sources." + name, step);
  AddParams(world, "data.defaults", step);
  AddParams(world, "data.columns", step);
  if (name == world.project.data.train.front()) {
    // This step confirms the names that other sections use.
    for (const char* key : {"data.ignore", "data.key", "data.time", "data.group",
                            "data.target.expr", "data.expectations", "evaluation.slices"}) {
      AddParams(world, key, step);
    }
  }
  step.run = [&world, spec](StepContext& context) -> Result<StepOutput> {
    QUERN_ASSIGN(const data::ColumnDecls decls, DeclsFor(world, context, spec.name));
    const std::string aside = world.workspace.Path("tmp/ingest-" + NewHexId());
    QUERN_TRY(world.workspace.fs().MakeDirs(aside));
    auto result = data::Ingest(spec, decls, aside, world.workspace.fs(), context.progress());
    if (result && spec.name == world.project.data.train.front()) {
      if (auto checked = CheckColumns(world, *result); !checked)
        result = std::unexpected(checked.error());
    } else if (result && Trains(world, spec.name)) {
      if (auto checked = data::CheckDeclared(*result); !checked)
        result = std::unexpected(checked.error());
    }
    if (!result) {
      (void)world.workspace.fs().RemoveAll(aside);
      return std::unexpected(result.error());
    }
    QUERN_ASSIGN(const std::string snapshot, Keep(world, spec.name, aside, *result));
    StepOutput output;
    output.record = data::IngestRecord(*result);
    output.record.as_object()["snapshot"] = snapshot;
    output.files = {snapshot};
    output.digest = result->digest;
    output.message = fmt::format("{} rows", result->rows);
    if (result->rejected > 0) output.message += fmt::format(", {} rejected", result->rejected);
    QUERN_TRY(NoteSource(world, spec.name, *result, snapshot));
    return output;
  };
  return step;
}

}  // namespace quern::pipeline
