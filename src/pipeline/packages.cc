#include "pipeline/packages.h"

#include <boost/json.hpp>

#include "base/digest.h"
#include "base/ids.h"
#include "base/nan.h"
#include "base/random.h"
#include "monitoring/profile.h"
#include "pipeline/code_state.h"
#include "tracking/names.h"

namespace quern::pipeline {
namespace {

constexpr uint32_t kExampleRows = 5;
constexpr size_t kBackgroundRows = 100;

/// A sample of the rows, in an order of its own: where few can be used, the first ones are one too.
Frame BackgroundOf(const World& world, const Frame& rows) {
  std::vector<uint32_t> order =
      Rng(world.project.training.seed).Fork("background").Permutation(rows.rows());
  order.resize(std::min(order.size(), kBackgroundRows));
  return rows.Take(order);
}

std::string LineageJson(const std::vector<std::string>& ids) {
  json::array out;
  for (const std::string& id : ids) out.emplace_back(id);
  return WriteJson(json::object{{"inputs", std::move(out)}});
}

std::string DeclaredJson(const World& world) {
  json::object out;
  for (const char* section : {"features", "training"}) {
    for (const auto& [name, value] : Leaves(world.project.root, section, {"hypothesis"}))
      out[name] = value;
  }
  return WriteJson(out);
}

std::string ReferenceJson(const World& world, const ml::FittedPipeline& pipeline,
                          const Frame& rows) {
  std::vector<std::string> names;
  for (const ml::InputColumn& input : pipeline.inputs) names.push_back(input.name);
  return WriteJson(monitoring::ProfileRecord(
      monitoring::BuildProfile(rows.Select(names), world.project.monitoring.drift)));
}

}  // namespace

std::string TextOf(const json::value& record, std::string_view key) {
  return std::string(record.at(key).as_string());
}

double NumberOf(const json::value& value) {
  return value.is_null() ? kNan : value.to_number<double>();
}

Result<WrittenModel> WriteModel(World& world, const ml::FittedPipeline& pipeline,
                                const PackageFacts& facts) {
  Workspace& workspace = world.workspace;
  model::PackageSpec spec;
  spec.pipeline = &pipeline;
  std::vector<uint32_t> first;
  for (uint32_t row = 0; row < std::min<size_t>(kExampleRows, facts.training_rows->rows()); ++row) {
    first.push_back(row);
  }
  spec.example = facts.training_rows->Take(first);
  if (world.project.deployment.explanations) {
    spec.background = BackgroundOf(world, *facts.training_rows);
  }
  spec.metrics_json = WriteJson(training::MetricsRecord(facts.metrics));
  spec.reference_json = ReferenceJson(world, pipeline, *facts.training_rows);
  spec.pipeline_json = DeclaredJson(world);
  spec.lineage_json = LineageJson(facts.lineage);
  spec.created_ms = workspace.clock().NowMs();
  const std::string aside = workspace.Path("tmp/package-" + NewHexId());
  QUERN_TRY(workspace.fs().MakeDirs(workspace.Path("tmp")));
  QUERN_ASSIGN(const model::PackageInfo info, model::WritePackage(spec, aside, workspace.fs()));
  const std::string path = registry::PackagePath(info.digest);
  if (workspace.fs().Exists(workspace.Path(path))) {
    QUERN_TRY(workspace.fs().RemoveAll(aside));
  } else {
    QUERN_TRY(workspace.fs().MoveInto(aside, workspace.Path(path)));
  }
  return WrittenModel{info.digest, path, info.bytes};
}

Frame LoadedModel::Inputs(const Frame& rows) const {
  std::vector<std::string> names;
  for (const ml::InputColumn& input : scorer->signature().inputs) names.push_back(input.name);
  return rows.Select(names);
}

Result<LoadedModel> LoadModel(const World& world, const std::string& path) {
  auto scorer = model::Scorer::Load(world.workspace.Path(path), world.workspace.fs());
  if (!scorer) return std::unexpected(scorer.error());
  LoadedModel loaded;
  loaded.scorer = std::move(*scorer);
  loaded.score = [scorer = loaded.scorer](const Frame& rows) { return scorer->Score(rows); };
  return loaded;
}

ml::FittedPipeline ShapeOf(const model::Signature& signature) {
  ml::FittedPipeline shape;
  shape.task = signature.task;
  shape.classes = signature.classes;
  shape.numeric_classes = signature.numeric_classes;
  shape.inputs = signature.inputs;
  shape.threshold = signature.threshold;
  return shape;
}

std::string SnapshotId(const StepContext& context, const std::string& source) {
  const std::string digest = TextOf(context.Output("ingest:" + source).record, "digest");
  return "snapshot:" + source + "@" + digest.substr(0, 12);
}

std::map<std::string, std::string> TagsOf(const World& world, const StepContext& context,
                                          const std::vector<std::string>& sources) {
  std::map<std::string, std::string> tags;
  for (const std::string& source : sources) {
    tags["quern.snapshot." + source] = TextOf(context.Output("ingest:" + source).record, "digest");
  }
  Digester digester;
  for (const char* section : {"data", "features", "training"}) {
    for (const auto& [name, value] : Leaves(world.project.root, section))
      digester.Add(name).Add(value);
  }
  tags["quern.config_digest"] = digester.Finish();
  tags["quern.program"] = std::string("quern ") + QUERN_VERSION;
  return tags;
}

void NoteCode(const World& world, tracking::RunFamily& family) {
  auto state = ReadCodeState(world.project.dir, world.project.tracking.git_diff);
  if (!state) return;
  family.parent.tags.merge(CodeTags(*state));
  state->diff.clear();
  for (tracking::RunDraft& trial : family.trials) trial.tags.merge(CodeTags(*state));
}

std::vector<tracking::DatasetInput> DatasetsOf(const World& world, const StepContext& context,
                                               const std::vector<std::string>& sources) {
  std::vector<tracking::DatasetInput> inputs;
  for (const std::string& source : sources) {
    const json::value& record = context.Output("ingest:" + source).record;
    tracking::DatasetInput input;
    input.dataset.name = source;
    // MLflow keeps 36 characters; the tag quern.snapshot.SOURCE has all of them.
    input.dataset.digest = TextOf(record, "digest").substr(0, tracking::kMaxDatasetDigest);
    input.dataset.source_type = "local";
    input.dataset.source = WriteJson(
        json::object{{"uri", JoinPath(world.workspace.folder(), TextOf(record, "snapshot"))}});
    input.dataset.profile = WriteJson(json::object{{"num_rows", record.at("rows")}});
    input.tags["mlflow.data.context"] = "training";
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::string RunNodeId(const std::string& run_id) { return "run:" + run_id.substr(0, 12); }

}  // namespace quern::pipeline
