#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/text.h"
#include "ml/metrics.h"
#include "monitoring/record.h"
#include "pipeline/batch.h"
#include "pipeline/packages.h"
#include "pipeline/release.h"
#include "pipeline/retrain_rows.h"
#include "pipeline/retrain_runs.h"
#include "pipeline/rollout.h"
#include "pipeline/steps.h"

namespace quern::pipeline {
namespace {

stats::Interval IntervalOf(const json::value& interval) {
  return {NumberOf(interval.at("value")), NumberOf(interval.at("low")),
          NumberOf(interval.at("high"))};
}

/// The trigger's evidence is what monitoring recorded; nothing is measured twice.
monitoring::TriggerEvidence EvidenceOf(const World& world, const StepContext& context,
                                       const json::value& monitored) {
  const training::TrainingSpec spec = TrainingOf(world, context.Output("train").record);
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

/// What a tolerated loss of 0.02 means: points of a metric that has a scale of its own, a share of
/// the value for errors in the target's units.
double UnitOf(const training::TrainingSpec& spec, double value) {
  return ml::FindMetric(spec.metric)->in_target_units ? value : 1;
}

Result<ml::FittedPipeline> FitCandidate(World& world, StepContext& context,
                                        const ml::PrepSpec& prep, const Candidate& candidate) {
  const json::value& trained = context.Output("train").record;
  const training::TrainingSpec spec = TrainingOf(world, trained);
  const training::TrainOptions options{world.threads, &context.cancel(), &context.progress()};
  if (world.project.retraining.tune) {
    QUERN_ASSIGN(training::TrainResult result,
                 training::Train(spec, prep, candidate.rows, options));
    return std::move(result.fitted);
  }
  return training::FitOne(spec, prep, ChampionLearner(trained), candidate.rows, options);
}

/// A candidate after its trial on the batch's untouched rows.
struct Tried {
  json::object record;
  /// All that was measured on those rows, as evaluation records it.
  json::value metrics;
  /// Whose rows it learned from.
  std::vector<std::string> sources;
  bool accepted = false;
  double value = 0;  // of the metric, more is better
  WrittenModel package;
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  std::string run_id;
};

struct Contest {
  World& world;
  StepContext& context;
  const std::string& batch;
  const training::TrainingSpec& spec;
  const BatchRows& rows;
  const ml::Scores& champion_scores;
  monitoring::AcceptRule rule;  // its margins in units of the metric
  ml::PrepSpec prep;
};

Result<Tried> Try(const Contest& contest, const Candidate& candidate) {
  const training::TrainingSpec& spec = contest.spec;
  const monitoring::AcceptRule& rule = contest.rule;
  Tried tried;
  tried.record = {
      {"name", candidate.name}, {"data", candidate.data}, {"rows", candidate.rows.target.rows()},
      {"version", nullptr},     {"value", nullptr},       {"difference", nullptr},
      {"p_value", nullptr},     {"accepted", false}};
  tried.sources = candidate.others;
  tried.sources.push_back(contest.batch);
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
  tried.metrics = training::MetricsRecord(metrics);
  auto test = training::ComparePaired(spec.metric, target, scores, contest.champion_scores,
                                      monitoring::HypothesisOf(rule),
                                      contest.world.project.evaluation.resamples, spec.seed);
  if (!test) {
    tried.record["reason"] = "could not be compared: " + test.error().message;
    return tried;
  }
  // Where less is better a positive difference is a loss avoided; the words say so.
  const bool higher = ml::FindMetric(spec.metric)->higher_is_better;
  const auto acceptance = monitoring::Judge(rule, higher ? spec.metric : "gain in " + spec.metric,
                                            *test, target.rows());
  tried.record["difference"] = training::IntervalJson({test->difference, test->low, test->high});
  tried.record["p_value"] = acceptance.p_value;
  tried.record["accepted"] = acceptance.accepted;
  tried.record["reason"] = acceptance.reason;
  tried.accepted = acceptance.accepted;
  tried.value = test->difference;
  PackageFacts facts;
  facts.training_rows = &candidate.rows.rows;
  facts.metrics = metrics;
  for (const std::string& source : tried.sources) {
    facts.lineage.push_back(SnapshotId(contest.context, source));
  }
  QUERN_ASSIGN(tried.package, WriteModel(contest.world, *fitted, facts));
  return tried;
}

Status NoteTried(const Contest& contest, std::vector<Tried>& tried) {
  std::vector<CandidateTrial> trials;
  for (const Tried& one : tried) {
    trials.push_back({&one.record, one.sources, one.start_ms, one.end_ms});
  }
  QUERN_ASSIGN(const auto ids,
               NoteCandidates(contest.world, contest.context, contest.batch, contest.spec, trials));
  for (size_t i = 0; i < tried.size(); ++i) tried[i].run_id = ids[i];
  return {};
}

/// What the candidates' trial on the batch came to.
struct Competition {
  Champion after;        // who serves when it is over
  std::string obstacle;  // why nobody could compete, or the winner waits; "" otherwise
  bool waits = false;    // the winner, for people
  size_t judged = 0;
  json::value champion_value = nullptr;
  std::vector<Tried> tried;
  json::value deployment = nullptr;
};

/// Registers the winner, which takes over from the champion by the project's strategy; if it fails
/// on the way, or waits for people, the champion stays.
Status Promote(const Contest& contest, const Champion& before, Tried& winner,
               const std::string& decision_id, Competition& out) {
  registry::PackageRegistry& registry = contest.world.workspace.registry();
  const std::string& name = contest.world.project.name;
  QUERN_ASSIGN(const auto version,
               registry.Register({name,
                                  winner.package.digest,
                                  winner.run_id,
                                  {{"quern.retrained_after", contest.batch},
                                   {"quern.data", TextOf(winner.record, "data")},
                                   {"quern.metrics", WriteJson(winner.metrics)}}}));
  const Champion next{name, version.version, winner.package.digest, winner.package.path};
  winner.record["version"] = version.version;
  tracking::Lineage& lineage = contest.world.workspace.lineage();
  const std::string run = RunNodeId(winner.run_id);
  std::vector<std::string> inputs = {decision_id};
  for (const std::string& source : winner.sources) {
    inputs.push_back(SnapshotId(contest.context, source));
  }
  QUERN_TRY(lineage.Add(
      {run, "run", "retraining after " + contest.batch, TextOf(winner.record, "reason")}, inputs));
  QUERN_TRY(lineage.Add(
      {VersionId(name, version.version), "model_version",
       fmt::format("{} v{}", name, version.version), "retrained after " + contest.batch},
      {run}));
  QUERN_ASSIGN(const registry::GateReport gate,
               registry.Gate(name, kChampionAlias, version.version));
  if (!gate.open) {
    out.waits = true;
    out.obstacle = fmt::format("v{} {}", version.version, WaitsFor(gate));
    return registry.SetAlias(name, kChallengerAlias, version.version, out.obstacle);
  }
  QUERN_ASSIGN(const Frame traffic, ReadSource(contest.world, contest.context, contest.batch));
  QUERN_ASSIGN(Deployment deployment, Deploy(contest.world, contest.context,
                                             {next, before, &contest.rows.judge.rows, &traffic}));
  if (deployment.failures.empty()) out.after = next;
  out.deployment = std::move(deployment.record);
  return {};
}

std::string Decide(const json::value& trigger, bool promoted, const Competition& competition) {
  const std::string state = TextOf(trigger, "state");
  if (state != "fired") {
    return state == "undecided" ? "the evidence does not decide whether retraining is needed"
                                : "nothing calls for retraining";
  }
  if (promoted) {
    return fmt::format("v{} replaces the champion by {}", competition.after.version,
                       TextOf(competition.deployment.at("release"), "strategy"));
  }
  if (!competition.obstacle.empty()) return competition.obstacle;
  if (!competition.deployment.is_null()) {
    std::string failed;
    for (const json::value& gate : competition.deployment.at("gates").as_array()) {
      if (gate.at("status").as_string() == "fail") failed += " " + TextOf(gate, "id");
    }
    const json::value& release = competition.deployment.at("release");
    if (!release.is_null() && failed.empty()) {
      return fmt::format("the accepted candidate did not pass its {}: {}",
                         TextOf(release, "strategy"), EndOf(release));
    }
    return "the accepted candidate failed in service (" +
           (failed.empty() ? "parity" : failed.substr(1)) + ")";
  }
  std::string reasons;
  for (const Tried& candidate : competition.tried) {
    reasons += (reasons.empty() ? "" : "; ") + TextOf(candidate.record, "name") + ": " +
               TextOf(candidate.record, "reason");
  }
  return "no candidate is good enough to replace the champion: " + reasons;
}

/// Candidates against the champion on rows that none of them saw; the best accepted one is
/// promoted.
Result<Competition> Compete(World& world, StepContext& context, const std::string& batch,
                            const std::vector<std::string>& earlier, const Champion& champion,
                            const std::string& decision_id) {
  Competition out;
  out.after = champion;
  const json::value& monitored = context.Output("monitor:" + batch).record;
  if (monitored.at("labels").at("joined").to_number<size_t>() == 0) {
    out.obstacle = "there are no labels to learn from";
    return out;
  }
  QUERN_ASSIGN(const LoadedModel current, LoadModel(world, champion.package));
  const ml::FittedPipeline shape = ShapeOf(current.scorer->signature());
  const auto rows = SplitBatch(world, context, batch, shape);
  if (!rows && rows.error().where.line > 0) return std::unexpected(rows.error());
  if (!rows) {
    out.obstacle = "the labelled rows cannot both teach and judge: " + rows.error().message;
    return out;
  }
  const training::TrainingSpec spec = TrainingOf(world, context.Output("train").record);
  out.judged = rows->judge.target.rows();
  QUERN_ASSIGN(const ml::Scores scores, current.score(rows->judge.rows));
  QUERN_ASSIGN(const auto metrics,
               training::MetricIntervals(rows->judge.target, scores,
                                         world.project.evaluation.resamples, spec.seed));
  out.champion_value = training::IntervalJson(metrics.at(spec.metric));
  monitoring::AcceptRule rule = world.project.retraining.accept;
  rule.margin *= UnitOf(spec, metrics.at(spec.metric).value);
  rule.min_gain *= UnitOf(spec, metrics.at(spec.metric).value);
  QUERN_ASSIGN(
      ml::PrepSpec prep,
      MakePrep(world,
               ColumnsOf(context.Output("ingest:" + world.project.data.train.front()).record)));
  const Contest contest{world, context, batch, spec, *rows, scores, rule, std::move(prep)};
  QUERN_ASSIGN(const auto candidates, Candidates(world, context, earlier, *rows, shape));
  for (const Candidate& candidate : candidates) {
    const int64_t start = world.workspace.clock().NowMs();
    QUERN_ASSIGN(Tried result, Try(contest, candidate));
    result.start_ms = start;
    result.end_ms = world.workspace.clock().NowMs();
    out.tried.push_back(std::move(result));
  }
  if (!out.tried.empty()) QUERN_TRY(NoteTried(contest, out.tried));
  Tried* winner = nullptr;
  for (Tried& candidate : out.tried) {
    if (candidate.accepted && (winner == nullptr || candidate.value > winner->value))
      winner = &candidate;
  }
  if (winner == nullptr) return out;
  QUERN_TRY(Promote(contest, champion, *winner, decision_id, out));
  return out;
}

Result<json::value> JudgeTrigger(World& world, const StepContext& context,
                                 const json::value& monitored, const Champion& champion) {
  monitoring::TriggerEvidence evidence = EvidenceOf(world, context, monitored);
  QUERN_ASSIGN(const auto serving, world.workspace.registry().Get(champion.name, champion.version));
  evidence.champion_age_seconds =
      static_cast<double>(world.workspace.clock().NowMs() - serving.created_ms) / 1000;
  monitoring::TriggerSpec spec = world.project.retraining.trigger;
  spec.tolerance *=
      UnitOf(TrainingOf(world, context.Output("train").record), evidence.reference.value);
  QUERN_ASSIGN(const auto verdict, monitoring::EvaluateTrigger(spec, evidence));
  return monitoring::TriggerRecord(verdict);
}

}  // namespace

Step MakeRetrainStep(World& world, const std::string& batch, const std::string& before,
                     const std::vector<std::string>& earlier) {
  Step step = NewStep("retrain:" + batch, "retrain");
  step.needs = {"monitor:" + batch, "train", "evaluate", before};
  for (const std::string& name : earlier) step.needs.push_back("ingest:" + name);
  AddParams(world, "retraining", step);
  AddParams(world, "deployment", step, {"log"});
  AddParams(world, "data.time", step);
  AddParams(world, "data.group", step);
  AddParams(world, "evaluation.resamples", step);
  AddTracking(world, step);
  const auto& when = world.project.retraining.trigger.when;
  if (std::find(when.begin(), when.end(), "schedule") != when.end()) {
    // A schedule is about today: yesterday's verdict is not up to date.
    step.parts.push_back({"day", FormatTime(world.workspace.clock().NowMs()).substr(0, 10)});
  }
  step.run = [&world, batch, earlier](StepContext& context) -> Result<StepOutput> {
    const json::value& monitored = context.Output("monitor:" + batch).record;
    const Champion champion = ChampionOf(monitored);
    QUERN_ASSIGN(const json::value trigger, JudgeTrigger(world, context, monitored, champion));
    const std::string decision_id = "decision:" + batch + "@v" + std::to_string(champion.version);
    QUERN_TRY(world.workspace.lineage().Add(
        {decision_id, "decision", "retrain after " + batch + "?", TextOf(trigger, "state")},
        {BatchId(batch, champion)}));
    Competition competition;
    competition.after = champion;
    if (TextOf(trigger, "state") == "fired") {
      QUERN_ASSIGN(competition, Compete(world, context, batch, earlier, champion, decision_id));
    }
    const bool promoted = competition.after.version != champion.version;
    const std::string reason = Decide(trigger, promoted, competition);
    StepOutput output;
    json::array candidates;
    for (Tried& candidate : competition.tried) {
      candidates.push_back(std::move(candidate.record));
      if (!candidate.package.path.empty())
        output.files.push_back(candidate.package.path + "/model.onnx");
    }
    const int64_t version = competition.after.version;
    output.record =
        json::object{{"batch", batch},
                     {"trigger", trigger},
                     {"holdout_rows", competition.judged},
                     {"metric", context.Output("train").record.at("metric")},
                     {"champion", ChampionJson(competition.after)},
                     {"before", json::object{{"version", champion.version},
                                             {"value", std::move(competition.champion_value)}}},
                     {"candidates", std::move(candidates)},
                     {"decision", json::object{{"action", promoted ? "promote" : "keep"},
                                               {"version", version},
                                               {"reason", reason}}},
                     {"deployment", std::move(competition.deployment)}};
    // How fast it answered is of this machine and moment; what was decided is not.
    json::value decided = output.record;
    decided.as_object().erase("deployment");
    output.digest = RecordDigest(decided);
    output.waits = competition.waits;
    output.message =
        fmt::format("{}: {}", promoted ? "promoted" : "kept v" + std::to_string(version), reason);
    return output;
  };
  return step;
}

}  // namespace quern::pipeline
