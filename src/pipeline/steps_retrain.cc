#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <set>

#include "base/random.h"
#include "base/text.h"
#include "ml/metrics.h"
#include "ml/split.h"
#include "monitoring/record.h"
#include "pipeline/batch.h"
#include "pipeline/release.h"
#include "pipeline/steps.h"

namespace quern::pipeline {
namespace {

double NumberOf(const json::value& value) {
  return value.is_null() ? std::nan("") : value.to_number<double>();
}

stats::Interval IntervalOf(const json::value& interval) {
  return {NumberOf(interval.at("value")), NumberOf(interval.at("low")),
          NumberOf(interval.at("high"))};
}

/// The trigger's evidence is what monitoring recorded; nothing is measured twice.
monitoring::TriggerEvidence EvidenceOf(const World& world, const StepContext& context,
                                       const json::value& monitored) {
  const auto& spec = world.project.training;
  monitoring::TriggerEvidence evidence;
  const json::value& dataset = monitored.at("drift").at("dataset");
  evidence.drift = {
      dataset.at("drifted").as_bool(), dataset.at("drifted_columns").to_number<size_t>(),
      dataset.at("columns").to_number<size_t>(), dataset.at("share").to_number<double>(),
      dataset.at("limit").to_number<double>()};
  for (const json::value& column : monitored.at("drift").at("columns").as_array()) {
    if (column.at("drifted").as_bool())
      evidence.drifted_columns.push_back(TextOf(column, "column"));
  }
  evidence.metric = spec.metric;
  evidence.higher_is_better = ml::FindMetric(spec.metric)->higher_is_better;
  evidence.reference = IntervalOf(context.Output("evaluate").record.at("metrics").at(spec.metric));
  const json::object& realised = monitored.at("performance").at("metrics").as_object();
  if (const json::value* metric = realised.if_contains(spec.metric))
    evidence.realised = IntervalOf(*metric);
  for (const design::Goal& goal : world.project.charter.key_metrics) {
    if (goal.metric == spec.metric) evidence.limit = goal.value;
  }
  evidence.labels = monitored.at("labels").at("joined").to_number<size_t>();
  return evidence;
}

/// Labelled rows of a batch: what candidates may learn from, and what they are judged on.
struct BatchRows {
  training::Dataset learn;
  training::Dataset judge;
};

training::Dataset Subset(const Frame& rows, const ml::Target& target,
                         std::span<const uint32_t> picked) {
  return {rows.Take(picked), target.Take(picked), std::nullopt, std::nullopt};
}

/// The newest rows judge where there is a time column, else a stratified sample.
Result<BatchRows> SplitBatch(const World& world, const StepContext& context,
                             const std::string& batch, const ml::FittedPipeline& shape) {
  QUERN_ASSIGN(const Frame rows, ReadSource(world, context, batch));
  QUERN_ASSIGN(const Column labels, LabelsOf(world, rows));
  std::vector<uint32_t> labelled;
  QUERN_ASSIGN(const ml::Target target, training::LabelsFor(labels, shape, labelled));
  const Frame known = rows.Take(labelled);
  ml::SplitSpec split;
  split.test = world.project.retraining.holdout;
  split.stratify = target.task != ml::Task::kRegression;
  split.times = world.project.data.time.empty() ? nullptr : known.Find(world.project.data.time);
  const Rng rng = Rng(world.project.training.seed).Fork("retrain " + batch);
  auto sides = ml::HoldOut(split, target, rng);
  if (!sides) {
    // A class with a single row cannot be on both sides; chance decides where it goes.
    split.stratify = false;
    sides = ml::HoldOut(split, target, rng);
  }
  if (!sides) return std::unexpected(sides.error());
  return BatchRows{Subset(known, target, sides->train), Subset(known, target, sides->test)};
}

void AppendRows(training::Dataset& into, const training::Dataset& more) {
  into.rows.Append(more.rows);
  into.target.index.insert(into.target.index.end(), more.target.index.begin(),
                           more.target.index.end());
  into.target.values.insert(into.target.values.end(), more.target.values.begin(),
                            more.target.values.end());
}

struct Candidate {
  std::string name;
  std::string data;
  training::Dataset rows;
};

/// "combined": the first training's rows, what earlier batches gave to learn from, and this batch's
/// share.
Result<std::vector<Candidate>> Candidates(const World& world, const StepContext& context,
                                          const std::vector<std::string>& earlier,
                                          const BatchRows& batch, const ml::FittedPipeline& shape) {
  std::vector<Candidate> out;
  for (const std::string& data : world.project.retraining.data) {
    if (data == "new_only") {
      out.push_back({"new_only", "this batch's labelled rows", batch.learn});
      continue;
    }
    QUERN_ASSIGN(training::Dataset rows, LoadDataset(world, context, world.project.data.train));
    QUERN_ASSIGN(const auto holdout, HoldOutOf(context));
    const std::set<uint32_t> out_of_bounds(holdout.begin(), holdout.end());
    std::vector<uint32_t> kept;
    for (uint32_t row = 0; row < rows.target.rows(); ++row) {
      if (!out_of_bounds.contains(row)) kept.push_back(row);
    }
    training::Dataset combined = Subset(rows.rows, rows.target, kept);
    for (const std::string& name : earlier) {
      QUERN_ASSIGN(const BatchRows past, SplitBatch(world, context, name, shape));
      AppendRows(combined, past.learn);
    }
    AppendRows(combined, batch.learn);
    out.push_back(
        {"combined", "first training, earlier batches and this batch", std::move(combined)});
  }
  return out;
}

/// The learner that won the first training, with the parameters tuned there.
ml::LearnerSpec ChampionLearner(const json::value& trained) {
  ml::LearnerSpec learner;
  for (const json::value& model : trained.at("models").as_array()) {
    if (model.at("name") != trained.at("selected")) continue;
    learner.kind = TextOf(model, "kind");
    for (const auto& [name, value] : model.at("params").as_object()) {
      if (value.is_bool()) {
        learner.params[std::string(name)] = value.as_bool();
      } else if (value.is_string()) {
        learner.params[std::string(name)] = std::string(value.as_string());
      } else {
        learner.params[std::string(name)] = value.to_number<double>();
      }
    }
  }
  return learner;
}

Result<ml::FittedPipeline> FitCandidate(World& world, StepContext& context,
                                        const ml::PrepSpec& prep, const Candidate& candidate) {
  const training::TrainOptions options{world.threads, &context.cancel(), &context.progress()};
  if (world.project.retraining.tune) {
    QUERN_ASSIGN(training::TrainResult result,
                 training::Train(world.project.training, prep, candidate.rows, options));
    return std::move(result.fitted);
  }
  return training::FitOne(world.project.training, prep,
                          ChampionLearner(context.Output("train").record), candidate.rows, options);
}

/// A candidate after its trial on the batch's untouched rows.
struct Tried {
  json::object record;
  bool accepted = false;
  double value = 0;  // of the metric, more is better
  WrittenModel package;
};

struct Contest {
  World& world;
  StepContext& context;
  const std::string& batch;
  const BatchRows& rows;
  const ml::Scores& champion_scores;
  ml::PrepSpec prep;
};

Result<Tried> Try(const Contest& contest, const Candidate& candidate) {
  const auto& spec = contest.world.project.training;
  const auto& rule = contest.world.project.retraining.accept;
  Tried tried;
  tried.record = {
      {"name", candidate.name}, {"data", candidate.data}, {"rows", candidate.rows.target.rows()},
      {"version", nullptr},     {"value", nullptr},       {"difference", nullptr},
      {"p_value", nullptr},     {"accepted", false}};
  auto fitted = FitCandidate(contest.world, contest.context, contest.prep, candidate);
  if (!fitted) {
    if (fitted.error().code == Code::kCancelled) return std::unexpected(fitted.error());
    tried.record["reason"] = "could not be fitted: " + fitted.error().message;
    return tried;
  }
  QUERN_ASSIGN(const auto scorer, model::Scorer::FromPipeline(*fitted));
  QUERN_ASSIGN(const ml::Scores scores, scorer->Score(contest.rows.judge.rows));
  const ml::Target& target = contest.rows.judge.target;
  QUERN_ASSIGN(const auto metrics,
               training::MetricIntervals(target, scores, contest.world.project.evaluation.resamples,
                                         spec.seed));
  tried.record["value"] = training::IntervalJson(metrics.at(spec.metric));
  auto test = training::ComparePaired(spec.metric, target, scores, contest.champion_scores,
                                      monitoring::HypothesisOf(rule),
                                      contest.world.project.evaluation.resamples, spec.seed);
  if (!test) {
    tried.record["reason"] = "could not be compared: " + test.error().message;
    return tried;
  }
  const auto acceptance = monitoring::Judge(rule, spec.metric, *test, target.rows());
  tried.record["difference"] = training::IntervalJson({test->difference, test->low, test->high});
  tried.record["p_value"] = acceptance.p_value;
  tried.record["accepted"] = acceptance.accepted;
  tried.record["reason"] = acceptance.reason;
  tried.accepted = acceptance.accepted;
  tried.value = test->difference;
  PackageFacts facts;
  facts.training_rows = &candidate.rows.rows;
  facts.metrics = metrics;
  facts.lineage = {SnapshotId(contest.context, contest.batch)};
  QUERN_ASSIGN(tried.package, WriteModel(contest.world, *fitted, facts));
  return tried;
}

/// Registers the winner, makes it champion and serves it; a failed deployment puts the old one
/// back.
Result<json::object> Promote(const Contest& contest, const Champion& before, Tried& winner,
                             const std::string& decision_id, Champion& after) {
  registry::Registry& registry = contest.world.workspace.registry();
  const std::string& name = contest.world.project.name;
  QUERN_ASSIGN(const auto version,
               registry.Register(name, winner.package.digest, winner.package.path,
                                 contest.context.pipeline_run_id(),
                                 WriteJson(json::object{{"retrained_after", contest.batch}})));
  const Champion next{name, version.version, winner.package.digest, winner.package.path};
  winner.record["version"] = version.version;
  QUERN_TRY(
      registry.SetAlias(name, kChampionAlias, version.version, TextOf(winner.record, "reason")));
  QUERN_TRY(contest.world.workspace.lineage().Add(
      {VersionId(name, version.version), "model_version",
       fmt::format("{} v{}", name, version.version), "retrained after " + contest.batch},
      {decision_id, SnapshotId(contest.context, contest.batch)}));
  QUERN_ASSIGN(Deployment deployment, Deploy(contest.world, next, contest.rows.judge.rows));
  if (deployment.failures.empty()) {
    after = next;
  } else {
    QUERN_TRY(registry.SetAlias(name, kChampionAlias, before.version, deployment.message));
    QUERN_TRY(contest.world.host.Serve(before.name, before.version));
  }
  return deployment.record.as_object();
}

std::string Decide(const json::value& trigger, bool promoted, const Champion& champion,
                   const std::vector<Tried>& tried, const json::value& deployment) {
  const std::string state = TextOf(trigger, "state");
  if (state != "fired") {
    return state == "undecided" ? "the evidence does not decide whether retraining is needed"
                                : "nothing calls for retraining";
  }
  if (promoted) return fmt::format("v{} replaces the champion", champion.version);
  if (tried.empty()) return "there are no labels to learn from";
  if (!deployment.is_null()) {
    std::string failed;
    for (const json::value& gate : deployment.at("gates").as_array()) {
      if (gate.at("status").as_string() == "fail") failed += " " + TextOf(gate, "id");
    }
    return "the accepted candidate failed in service (" +
           (failed.empty() ? "parity" : failed.substr(1)) + ")";
  }
  std::string reasons;
  for (const Tried& candidate : tried) {
    reasons += (reasons.empty() ? "" : "; ") + TextOf(candidate.record, "name") + ": " +
               TextOf(candidate.record, "reason");
  }
  return "no candidate is good enough to replace the champion: " + reasons;
}

}  // namespace

Step MakeRetrainStep(World& world, const std::string& batch, const std::string& before,
                     const std::vector<std::string>& earlier) {
  Step step = NewStep("retrain:" + batch, "retrain");
  step.needs = {"monitor:" + batch, "train", "evaluate", before};
  for (const std::string& name : earlier) step.needs.push_back("ingest:" + name);
  AddParams(world, "retraining", step);
  AddParams(world, "data.time", step);
  const auto& when = world.project.retraining.trigger.when;
  if (std::find(when.begin(), when.end(), "schedule") != when.end()) {
    // A schedule is about today: yesterday's verdict is not up to date.
    step.parts.push_back({"day", FormatTime(world.workspace.clock().NowMs()).substr(0, 10)});
  }
  step.run = [&world, batch, earlier](StepContext& context) -> Result<StepOutput> {
    const json::value& monitored = context.Output("monitor:" + batch).record;
    const Champion champion = ChampionOf(monitored);
    const auto& spec = world.project.retraining;
    monitoring::TriggerEvidence evidence = EvidenceOf(world, context, monitored);
    QUERN_ASSIGN(const auto serving,
                 world.workspace.registry().Get(champion.name, champion.version));
    evidence.champion_age_seconds =
        static_cast<double>(world.workspace.clock().NowMs() - serving.created_ms) / 1000;
    QUERN_ASSIGN(const auto verdict, monitoring::EvaluateTrigger(spec.trigger, evidence));
    const json::value trigger = monitoring::TriggerRecord(verdict);
    Champion after = champion;
    std::vector<Tried> tried;
    json::value champion_value = nullptr, deployment = nullptr;
    size_t judged = 0;
    const std::string decision_id = "decision:" + batch + "@v" + std::to_string(champion.version);
    QUERN_TRY(world.workspace.lineage().Add(
        {decision_id, "decision", "retrain after " + batch + "?", TextOf(trigger, "state")},
        {BatchId(batch, champion)}));
    const bool labelled = monitored.at("labels").at("joined").to_number<size_t>() > 1;
    if (verdict.state == monitoring::TriggerState::kFired && labelled) {
      QUERN_ASSIGN(const LoadedModel current, LoadModel(world, champion.package));
      const ml::FittedPipeline shape = ShapeOf(current.scorer->signature());
      QUERN_ASSIGN(const BatchRows rows, SplitBatch(world, context, batch, shape));
      judged = rows.judge.target.rows();
      QUERN_ASSIGN(const ml::Scores scores, current.score(rows.judge.rows));
      QUERN_ASSIGN(const auto metrics, training::MetricIntervals(rows.judge.target, scores,
                                                                 world.project.evaluation.resamples,
                                                                 world.project.training.seed));
      champion_value = training::IntervalJson(metrics.at(world.project.training.metric));
      QUERN_ASSIGN(
          ml::PrepSpec prep,
          MakePrep(world,
                   ColumnsOf(context.Output("ingest:" + world.project.data.train.front()).record)));
      const Contest contest{world, context, batch, rows, scores, std::move(prep)};
      QUERN_ASSIGN(const auto candidates, Candidates(world, context, earlier, rows, shape));
      for (const Candidate& candidate : candidates) {
        QUERN_ASSIGN(Tried result, Try(contest, candidate));
        tried.push_back(std::move(result));
      }
      Tried* winner = nullptr;
      for (Tried& candidate : tried) {
        if (candidate.accepted && (winner == nullptr || candidate.value > winner->value))
          winner = &candidate;
      }
      if (winner != nullptr) {
        QUERN_ASSIGN(json::object served, Promote(contest, champion, *winner, decision_id, after));
        deployment = std::move(served);
      }
    }
    const bool promoted = after.version != champion.version;
    const std::string reason = Decide(trigger, promoted, after, tried, deployment);
    StepOutput output;
    json::array candidates;
    for (Tried& candidate : tried) {
      candidates.push_back(std::move(candidate.record));
      if (!candidate.package.path.empty())
        output.files.push_back(candidate.package.path + "/model.onnx");
    }
    output.record = json::object{
        {"batch", batch},
        {"trigger", trigger},
        {"holdout_rows", judged},
        {"metric", world.project.training.metric},
        {"champion", ChampionJson(after)},
        {"before", json::object{{"version", champion.version}, {"value", champion_value}}},
        {"candidates", std::move(candidates)},
        {"decision", json::object{{"action", promoted ? "promote" : "keep"},
                                  {"version", after.version},
                                  {"reason", reason}}},
        {"deployment", std::move(deployment)}};
    output.digest = RecordDigest(output.record);
    output.message = fmt::format(
        "{}: {}", promoted ? "promoted" : "kept v" + std::to_string(after.version), reason);
    return output;
  };
  return step;
}

}  // namespace quern::pipeline
