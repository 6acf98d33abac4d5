#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/text.h"
#include "ml/metrics.h"
#include "pipeline/batch.h"
#include "pipeline/packages.h"
#include "pipeline/steps.h"
#include "training/evaluate.h"

namespace quern::pipeline {
namespace {

tracking::MetricPoint Measured(const std::string& name, double value, int64_t step) {
  tracking::MetricPoint point;
  point.key = name;
  point.value = value;
  point.step = step;
  return point;
}

tracking::RunDraft DraftOf(const World& world, const training::TrialResult& trial, int64_t now) {
  tracking::RunDraft draft;
  draft.name = trial.model + " " + std::to_string(trial.number);
  draft.status =
      trial.failure.empty() ? tracking::RunStatus::kFinished : tracking::RunStatus::kFailed;
  draft.end_ms = now;
  draft.start_ms = now - static_cast<int64_t>(trial.seconds * 1000);
  for (const auto& [name, value] : trial.learner.params)
    draft.params[name] = training::ParamText(value);
  draft.params["model"] = trial.learner.kind;
  draft.params["seed"] = std::to_string(world.project.training.seed);
  for (const auto& [name, folds] : trial.metrics) {
    double sum = 0;
    for (size_t fold = 0; fold < folds.size(); ++fold) {
      draft.metrics.push_back(Measured("fold." + name, folds[fold], static_cast<int64_t>(fold)));
      sum += folds[fold];
    }
    draft.metrics.push_back(Measured(name, sum / static_cast<double>(folds.size()), 0));
  }
  draft.metrics.push_back(Measured("fit_seconds", trial.seconds, 0));
  return draft;
}

/// Every trial is a run: parameters, per-fold metrics, what it saw and where it came from.
Status NoteRuns(World& world, const StepContext& context, const training::TrainResult& result,
                const std::map<std::string, std::string>& tags, bool higher_is_better,
                json::value& record) {
  const int64_t now = world.workspace.clock().NowMs();
  tracking::RunFamily family;
  family.key = context.key();
  family.place = world.workspace.place();
  family.parent.name = "train";
  family.parent.start_ms = now;
  family.parent.end_ms = now;
  family.parent.tags = tags;
  family.parent.tags["quern.pipeline_run"] = context.pipeline_run_id();
  family.parent.datasets = DatasetsOf(world, context, world.project.data.train);
  for (const training::TrialResult& trial : result.trials) {
    family.trials.push_back(DraftOf(world, trial, now));
    family.trials.back().tags = tags;
    family.parent.start_ms = std::min(family.parent.start_ms, family.trials.back().start_ms);
  }
  NoteCode(world, family);
  QUERN_ASSIGN(const tracking::FamilyIds recorded,
               world.workspace.runs().Record(world.project.name, family));
  const std::vector<std::string>& ids = recorded.trials;
  record.as_object()["run_id"] = recorded.parent;
  json::array& trials = record.at("trials").as_array();
  for (size_t i = 0; i < ids.size(); ++i) trials[i].as_object()["run_id"] = ids[i];
  for (json::value& model : record.at("models").as_array()) {
    double best = 0;
    bool any = false;
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto& trial = result.trials[i];
      if (model.at("name").as_string() != trial.model || !trial.failure.empty()) continue;
      const double sign = higher_is_better ? 1 : -1;
      if (any && sign * trial.value <= sign * best) continue;
      best = trial.value;
      any = true;
      model.as_object()["run_id"] = ids[i];
      model.as_object()["fit_seconds"] = trial.seconds;
    }
  }
  return {};
}

/// A feature without a single value is a mistake of the project, not something to train around.
Status CheckPresent(const World& world, const ml::PrepSpec& prep, const Frame& rows) {
  for (const auto& input : prep.inputs) {
    const Column* column = rows.Find(input.name);
    bool any = false;
    for (size_t row = 0; column != nullptr && !any && row < column->size(); ++row)
      any = !column->Missing(row);
    if (any) continue;
    Position where{world.project.file, 0, 0};
    for (const auto& declared : world.project.data.columns) {
      if (declared.name == input.name) where = declared.where;
    }
    return FailAt(where, "column '" + input.name + "' has no value in any training row",
                  "add it to data.ignore, or check the source's missing markers");
  }
  return {};
}

/// The package tells how its model does on the rows held out.
Result<WrittenModel> Package(World& world, const StepContext& context,
                             const training::Dataset& dataset, const training::TrainResult& trained,
                             const ml::FittedPipeline& fitted) {
  QUERN_ASSIGN(const auto scorer, model::Scorer::FromPipeline(fitted));
  QUERN_ASSIGN(const ml::Scores scores, scorer->Score(dataset.rows.Take(trained.holdout.test)));
  PackageFacts facts;
  QUERN_ASSIGN(facts.metrics, training::MetricIntervals(dataset.target.Take(trained.holdout.test),
                                                        scores, world.project.evaluation.resamples,
                                                        world.project.training.seed));
  const Frame rows = dataset.rows.Take(trained.holdout.train);
  facts.training_rows = &rows;
  for (const std::string& source : world.project.data.train) {
    facts.lineage.push_back(SnapshotId(context, source));
  }
  return WriteModel(world, fitted, facts);
}

/// What steers the split of the rows, for an error that the split itself has no place for.
Position SplitPlace(const World& world) {
  const YamlNode* data = world.project.root.Find("data");
  for (const char* key : {"group", "time"}) {
    if (const YamlNode* node = data->Find(key)) return node->where;
  }
  const YamlNode* section = world.project.root.Find("training");
  if (section == nullptr) return {world.project.file, 0, 0};
  const YamlNode* folds = section->Find("cross_validation");
  return folds != nullptr ? folds->where : section->where;
}

}  // namespace

Step MakeTrainStep(World& world) {
  Step step = NewStep("train", "train");
  for (const std::string& source : world.project.data.train) {
    step.needs.push_back("ingest:" + source);
    step.needs.push_back("validate:" + source);
  }
  AddParams(world, "training", step, {"hypothesis"});
  AddParams(world, "features", step);
  for (const char* key : {"data.target", "data.ignore", "data.key", "data.time", "data.group",
                          "data.train", "evaluation.resamples", "deployment.explanations"}) {
    AddParams(world, key, step);
  }
  AddTracking(world, step);
  step.run = [&world](StepContext& context) -> Result<StepOutput> {
    const auto& sources = world.project.data.train;
    QUERN_ASSIGN(const training::Dataset dataset, LoadDataset(world, context, sources));
    QUERN_ASSIGN(const ml::PrepSpec prep,
                 MakePrep(world, ColumnsOf(context.Output("ingest:" + sources.front()).record)));
    QUERN_TRY(CheckPresent(world, prep, dataset.rows));
    training::TrainOptions options{world.threads, &context.cancel(), &context.progress()};
    const training::TrainingSpec spec =
        training::ForTask(world.project.training, dataset.target.task);
    auto trained = training::Train(spec, prep, dataset, options);
    if (!trained) {
      Error error = trained.error();
      if (error.where.line == 0) error.where = SplitPlace(world);
      return std::unexpected(std::move(error));
    }
    StepOutput output;
    output.record = training::TrainRecord(spec, dataset, *trained);
    json::array holdout;
    for (uint32_t row : trained->holdout.test) holdout.emplace_back(row);
    output.record.as_object()["holdout"] = std::move(holdout);
    output.record.as_object()["target"] = world.project.data.target.name;
    QUERN_ASSIGN(const WrittenModel candidate,
                 Package(world, context, dataset, *trained, trained->fitted));
    QUERN_ASSIGN(const WrittenModel baseline,
                 Package(world, context, dataset, *trained, trained->baseline_fitted));
    output.record.as_object()["model_digest"] = candidate.digest;
    output.record.as_object()["package"] = candidate.path;
    output.record.as_object()["baseline_package"] = baseline.path;
    output.files = {candidate.path + "/model.onnx", baseline.path + "/model.onnx"};
    output.digest = RecordDigest(output.record);
    QUERN_TRY(NoteRuns(world, context, *trained, TagsOf(world, context, sources),
                       ml::FindMetric(spec.metric)->higher_is_better, output.record));
    output.message = trained->reason;
    std::vector<std::string> inputs;
    for (const std::string& source : sources) inputs.push_back(SnapshotId(context, source));
    const std::string run_id(output.record.at("run_id").as_string());
    QUERN_TRY(world.workspace.lineage().Add(
        {RunNodeId(run_id), "run", "training of " + world.project.name, trained->reason}, inputs));
    return output;
  };
  return step;
}

namespace {

/// The part of a training's result that judging a hypothesis needs, read back from its record.
training::TrainResult FoldsOf(const json::value& record) {
  training::TrainResult result;
  for (const json::value& model : record.at("models").as_array()) {
    training::ModelResult mine;
    mine.name = std::string(model.at("name").as_string());
    for (const auto& [name, metric] : model.at("metrics").as_object()) {
      for (const json::value& fold : metric.at("folds").as_array()) {
        mine.metrics[std::string(name)].push_back(fold.is_null() ? std::nan("")
                                                                 : fold.to_number<double>());
      }
    }
    result.models.push_back(std::move(mine));
  }
  return result;
}

/// Rows set aside for judgement, with their labels.
Result<std::pair<Frame, ml::Target>> HoldOutRows(const World& world, const StepContext& context) {
  QUERN_ASSIGN(const training::Dataset dataset,
               LoadDataset(world, context, world.project.data.train));
  QUERN_ASSIGN(const std::vector<uint32_t> rows, HoldOutOf(context));
  return std::pair{dataset.rows.Take(rows), dataset.target.Take(rows)};
}

std::map<std::string, design::Evidence> Measured(const training::Evaluation& evaluation) {
  std::map<std::string, design::Evidence> measured;
  for (const auto& [name, interval] : evaluation.metrics) {
    measured[name] = {interval.value, interval.low, interval.high};
  }
  return measured;
}

/// How often this hold-out has been looked at, this time included: every look makes its numbers a
/// little less new.
Result<size_t> CountHoldoutUse(World& world) {
  int64_t before = 0;
  QUERN_TRY(
      world.workspace.database().Query("SELECT count(*) FROM step_results WHERE step = 'evaluate'",
                                       {}, [&](const store::Row& row) { before = row.Int(0); }));
  return static_cast<size_t>(before) + 1;
}

}  // namespace

Step MakeEvaluateStep(World& world) {
  Step step = NewStep("evaluate", "evaluate");
  step.needs = {"train", "design"};
  AddParams(world, "evaluation", step);
  step.run = [&world](StepContext& context) -> Result<StepOutput> {
    const json::value& trained = context.Output("train").record;
    const training::TrainingSpec spec = TrainingOf(world, trained);
    QUERN_ASSIGN(const auto held_out, HoldOutRows(world, context));
    const auto& [rows, target] = held_out;
    QUERN_ASSIGN(const LoadedModel candidate, LoadModel(world, TextOf(trained, "package")));
    QUERN_ASSIGN(const LoadedModel baseline, LoadModel(world, TextOf(trained, "baseline_package")));
    QUERN_TRY(CheckGoals(world.project.charter, target.task));
    training::EvaluationReport report;
    report.model = std::string(trained.at("selected").as_string());
    report.metric = spec.metric;
    report.threshold = candidate.threshold();
    QUERN_ASSIGN(
        report.evaluation,
        training::Evaluate(world.project.evaluation, spec.metric, candidate.Inputs(rows), target,
                           candidate.score, {spec.seed, &rows, &context.cancel()}));
    if (trained.at("baseline") != trained.at("selected")) {
      report.baseline = std::string(trained.at("baseline").as_string());
      QUERN_ASSIGN(const ml::Scores other, baseline.score(rows));
      QUERN_ASSIGN(report.comparison,
                   training::ComparePaired(spec.metric, target, report.evaluation.scores, other, {},
                                           world.project.evaluation.resamples, spec.seed));
    }
    report.gates = design::JudgeGates(world.project.charter, Measured(report.evaluation));
    if (world.project.charter.hypothesis) {
      report.hypothesis = world.project.charter.hypothesis;
      QUERN_ASSIGN(report.verdict,
                   training::JudgeHypothesis(*report.hypothesis, FoldsOf(trained), spec));
    }
    report.next_steps = training::NextSteps(report.evaluation, target, report.gates, report.verdict,
                                            spec, report.threshold);
    QUERN_ASSIGN(report.holdout_uses, CountHoldoutUse(world));
    StepOutput output;
    output.record = training::EvaluationRecord(report, target);
    output.digest = RecordDigest(output.record);
    const auto& value = report.evaluation.metrics.at(spec.metric);
    output.message = fmt::format("{} {:.3f} ({:.3f} to {:.3f}) on {} rows held out", spec.metric,
                                 value.value, value.low, value.high, target.rows());
    return output;
  };
  return step;
}

}  // namespace quern::pipeline
