#include "pipeline/release.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/text.h"
#include "base/time.h"
#include "pipeline/rollout.h"

namespace quern::pipeline {
namespace {

/// Between a score that is served and the same score offline.
constexpr double kMaxDifference = 1e-6;

double MaxDifference(const ml::Scores& a, const ml::Scores& b) {
  const auto& x = a.classes > 0 ? a.probabilities : a.predictions;
  const auto& y = b.classes > 0 ? b.probabilities : b.predictions;
  if (x.size() != y.size() || a.labels != b.labels) return INFINITY;
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) worst = std::max(worst, std::abs(x[i] - y[i]));
  return worst;
}

/// What the served model says of single answers.
struct ExplainedShare {
  double share = 0;
  std::string problem;  // of a request that failed
};

/// Rows whose served score is the offline one and whose contributions lead from the base value to
/// it, as a share.
ExplainedShare MeasureExplained(ModelClient& client, const Frame& rows, const ml::Scores& offline) {
  // Sums hold however few there are: two pairs of orders for each of ten background rows.
  const size_t evaluations = std::max<size_t>(4000, 40 * rows.columns.size());
  const auto explained = client.Explain(rows, evaluations);
  if (!explained) return {0, explained.error().message};
  size_t good = 0;
  for (size_t row = 0; row < explained->size(); ++row) {
    const auto& one = (*explained)[row];
    double score = offline.classes > 0 ? 0 : offline.predictions[row];
    if (offline.classes > 0) {
      const double* first = &offline.probabilities[row * offline.classes];
      score = offline.classes == 2 ? first[1] : *std::max_element(first, first + offline.classes);
    }
    const double off = std::abs(one.base_value + one.contributions - one.score);
    const double allowed = 1e-6 * (1 + std::abs(score));
    good += off <= allowed && std::abs(one.score - score) <= allowed ? 1 : 0;
  }
  return {static_cast<double>(good) / static_cast<double>(rows.rows()), ""};
}

struct Latency {
  size_t requests = 0;
  double p50_ms = 0;
  double p99_ms = 0;
};

/// One row a request on one kept connection, as a bedside screen would ask.
Result<Latency> MeasureRound(ModelClient& client, const Frame& rows) {
  constexpr size_t kWarmUp = 20;
  constexpr size_t kRequests = 200;
  std::vector<double> times;
  for (size_t i = 0; i < kWarmUp + kRequests; ++i) {
    const std::vector<uint32_t> row{static_cast<uint32_t>(i % rows.rows())};
    const Frame one = rows.Take(row);
    const double start = MonotonicSeconds();
    QUERN_TRY(client.Score(one, ""));
    if (i >= kWarmUp) times.push_back((MonotonicSeconds() - start) * 1000);
  }
  std::sort(times.begin(), times.end());
  return Latency{times.size(), times[times.size() / 2], times[times.size() * 99 / 100]};
}

/// The quietest of three rounds: what else the machine does at the moment is not the model's
/// latency.
Result<Latency> MeasureLatency(ModelClient& client, const Frame& rows) {
  QUERN_ASSIGN(Latency best, MeasureRound(client, rows));
  for (int round = 1; round < 3; ++round) {
    QUERN_ASSIGN(const Latency again, MeasureRound(client, rows));
    if (again.p99_ms < best.p99_ms) best = again;
  }
  return best;
}

Status NoteDeployment(World& world, const std::string& id, const Champion& champion,
                      std::string_view state, const std::string& detail) {
  const int64_t now = world.workspace.clock().NowMs();
  return world.workspace.database().Transaction([&]() -> Status {
    store::Database& db = world.workspace.database();
    if (state == "live") {
      QUERN_TRY(
          db.Execute("UPDATE deployments SET state = 'retired', changed_ms = ? WHERE name = ? AND "
                     "state = 'live'",
                     {now, champion.name}));
    }
    return db.Execute(
        "INSERT INTO deployments(id, name, version, state, created_ms, changed_ms, detail) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET state = excluded.state, "
        "changed_ms = excluded.changed_ms, detail = excluded.detail",
        {id, champion.name, champion.version, std::string(state), now, now, detail});
  });
}

json::value Finite(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

/// What a version does in service before it meets any traffic.
struct Trial {
  std::string url;
  size_t example_rows = 0;
  double example_difference = 0;
  size_t rows = 0;
  double difference = 0;
  Latency latency;
  std::optional<ExplainedShare> explained;  // of the example; none where the project wants none
};

Result<Trial> TryInService(const World& world, const ModelHost::Address& address,
                           const Champion& next, const LoadedModel& offline,
                           const Frame& offline_rows) {
  Trial trial;
  trial.url = address.url;
  ModelClient client(address.port, next.name, offline.scorer->signature());
  const Frame inputs = offline.Inputs(offline_rows);
  std::vector<uint32_t> first;
  for (uint32_t row = 0; row < std::min<size_t>(5, inputs.rows()); ++row) first.push_back(row);
  const Frame example = inputs.Take(first);
  QUERN_ASSIGN(const ml::Scores example_offline, offline.score(example));
  QUERN_ASSIGN(const auto example_served, client.Score(example, ""));
  trial.example_rows = example.rows();
  trial.example_difference = MaxDifference(example_offline, example_served.scores);
  QUERN_ASSIGN(const ml::Scores all_offline, offline.score(inputs));
  QUERN_ASSIGN(const auto all_served, client.Score(inputs, ""));
  trial.rows = inputs.rows();
  trial.difference = MaxDifference(all_offline, all_served.scores);
  QUERN_ASSIGN(trial.latency, MeasureLatency(client, inputs));
  if (world.project.deployment.explanations) {
    trial.explained = MeasureExplained(client, example, example_offline);
  }
  return trial;
}

/// The requirements of the charter that a version in service shows.
std::vector<design::Gate> ServingGates(const World& world, const Trial& trial) {
  std::map<std::string, design::Evidence> measured;
  measured["serving.max_difference"].value = trial.difference;
  measured["serving.p50_ms"].value = trial.latency.p50_ms;
  measured["serving.p99_ms"].value = trial.latency.p99_ms;
  if (trial.explained) measured["serving.explained"].value = trial.explained->share;
  auto gates = design::JudgeGates(world.project.charter, measured);
  std::erase_if(
      gates, [](const design::Gate& gate) { return gate.status == design::GateStatus::kPending; });
  return gates;
}

json::value ExplainedJson(const Trial& trial) {
  if (!trial.explained) return nullptr;
  json::object out{{"rows", trial.example_rows}, {"share", trial.explained->share}};
  if (!trial.explained->problem.empty()) out["problem"] = trial.explained->problem;
  return out;
}

Deployment DeploymentOf(const World& world, const Champion& next, const Trial& trial) {
  const auto gates = ServingGates(world, trial);
  Deployment deployment;
  deployment.failures = design::Failures(gates);
  if (!(trial.difference <= kMaxDifference)) {
    deployment.failures.push_back(
        fmt::format("served and offline scores differ by {:.2g}, at most {:.0e} is allowed",
                    trial.difference, kMaxDifference));
  }
  deployment.record =
      json::object{{"name", next.name},
                   {"version", next.version},
                   {"url", trial.url},
                   {"self_test", json::object{{"rows", trial.example_rows},
                                              {"max_difference", Finite(trial.example_difference)},
                                              {"ok", trial.example_difference <= kMaxDifference}}},
                   {"parity", json::object{{"rows", trial.rows},
                                           {"max_difference", Finite(trial.difference)},
                                           {"limit", kMaxDifference},
                                           {"ok", trial.difference <= kMaxDifference}}},
                   {"latency", json::object{{"requests", trial.latency.requests},
                                            {"p50_ms", trial.latency.p50_ms},
                                            {"p99_ms", trial.latency.p99_ms}}},
                   {"explained", ExplainedJson(trial)},
                   {"gates", design::GatesRecord(gates)},
                   {"release", nullptr},
                   {"champion", ChampionJson(next)}};
  deployment.message = fmt::format(
      "{}/{} answers like offline (difference {:.1g}), p50 {:.2f} ms, p99 {:.2f} ms", next.name,
      next.version, trial.difference, trial.latency.p50_ms, trial.latency.p99_ms);
  return deployment;
}

/// The tested version against the one in service.
Status ReleaseIt(World& world, StepContext& context, const Takeover& takeover,
                 const LoadedModel& model, Deployment& deployment) {
  QUERN_ASSIGN(json::value release,
               RollOut(world, context, *takeover.stable, takeover.next, model, *takeover.traffic));
  const std::string end = TextOf(release, "strategy") + ": " + EndOf(release);
  if (release.at("phase").as_string() == "promoted") {
    deployment.message += "; " + end;
  } else {
    deployment.failures.push_back(end);
  }
  deployment.record.as_object()["release"] = std::move(release);
  return {};
}

/// What a version shows in service, alone and then against the one that is there.
Result<Deployment> Meet(World& world, StepContext& context, const Takeover& takeover,
                        const std::string& id) {
  const Champion& next = takeover.next;
  QUERN_ASSIGN(const auto address, world.host.Serve(next.name, next.version, next.package));
  QUERN_TRY(NoteDeployment(world, id, next, "testing", address.url));
  QUERN_ASSIGN(const LoadedModel model, LoadModel(world, next.package));
  QUERN_ASSIGN(const Trial trial, TryInService(world, address, next, model, *takeover.tested));
  Deployment deployment = DeploymentOf(world, next, trial);
  const bool meets = takeover.stable && takeover.stable->version != next.version;
  if (deployment.failures.empty() && meets) {
    QUERN_TRY(NoteDeployment(world, id, next, "testing",
                             std::string(deploy::KindName(world.project.deployment.rollout.kind))));
    QUERN_TRY(ReleaseIt(world, context, takeover, model, deployment));
  }
  return deployment;
}

}  // namespace

Result<Deployment> Deploy(World& world, StepContext& context, const Takeover& takeover) {
  const Champion& next = takeover.next;
  const std::string id =
      fmt::format("{}/{}@{}", next.name, next.version, world.workspace.clock().NowMs());
  QUERN_TRY(NoteDeployment(world, id, next, "starting", ""));
  auto met = Meet(world, context, takeover, id);
  if (!met) {
    QUERN_TRY(NoteDeployment(world, id, next, "failed", met.error().message));
    return std::unexpected(met.error());
  }
  Deployment& deployment = *met;
  const bool ok = deployment.failures.empty();
  if (!ok) deployment.message = Join(deployment.failures, "; ");
  deployment.record.as_object()["state"] = ok ? "live" : "failed";
  QUERN_TRY(NoteDeployment(world, id, next, ok ? "live" : "failed", deployment.message));
  QUERN_TRY(world.workspace.lineage().Add(
      {DeploymentId(next), "deployment", fmt::format("{} v{} served", next.name, next.version),
       deployment.message},
      {VersionId(next.name, next.version)}));
  return met;
}

std::string VersionId(const std::string& name, int64_t version) {
  return fmt::format("model_version:{}/{}", name, version);
}

std::string DeploymentId(const Champion& champion) {
  return fmt::format("deployment:{}/{}", champion.name, champion.version);
}

}  // namespace quern::pipeline
