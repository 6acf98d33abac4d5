#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/text.h"
#include "base/time.h"
#include "pipeline/batch.h"
#include "pipeline/release.h"
#include "pipeline/steps.h"

namespace quern::pipeline {
namespace {

constexpr const char* kChallenger = "challenger";

/// Gates that evaluation could measure, with the size of the package.
std::vector<design::Gate> GatesNow(const World& world, const json::value& evaluated,
                                   uint64_t bytes) {
  std::map<std::string, design::Evidence> measured;
  const auto number = [](const json::value& value) {
    return value.is_null() ? std::nan("") : value.to_number<double>();
  };
  for (const auto& [name, interval] : evaluated.at("metrics").as_object()) {
    measured[std::string(name)] = {number(interval.at("value")), number(interval.at("low")),
                                   number(interval.at("high"))};
  }
  measured["package.bytes"].value = static_cast<double>(bytes);
  return design::JudgeGates(world.project.charter, measured);
}

}  // namespace

Champion ChampionOf(const json::value& record) {
  const json::value& champion = record.at("champion");
  return {TextOf(champion, "name"), champion.at("version").to_number<int64_t>(),
          TextOf(champion, "digest"), TextOf(champion, "package")};
}

json::value ChampionJson(const Champion& champion) {
  return json::object{{"name", champion.name},
                      {"version", champion.version},
                      {"digest", champion.digest},
                      {"package", champion.package}};
}

Step MakeRegisterStep(World& world) {
  Step step = NewStep("register", "register");
  step.needs = {"train", "evaluate", "design"};
  AddTracking(world, step);
  step.run = [&world](StepContext& context) -> Result<StepOutput> {
    const json::value& trained = context.Output("train").record;
    const json::value& evaluated = context.Output("evaluate").record;
    const std::string package = TextOf(trained, "package");
    const std::string name = world.project.name;
    registry::PackageRegistry& registry = world.workspace.registry();
    QUERN_ASSIGN(const model::PackageInfo info,
                 model::ReadPackage(world.workspace.Path(package), world.workspace.fs()));
    const auto gates = GatesNow(world, evaluated, info.bytes);
    const std::vector<std::string> failures = design::Failures(gates);
    QUERN_ASSIGN(registry::ModelVersion version,
                 registry.Register({name,
                                    info.digest,
                                    TextOf(trained, "run_id"),
                                    {{"quern.model", TextOf(trained, "selected")},
                                     {"quern.data", Join(world.project.data.train, ", ")},
                                     {"quern.metrics", WriteJson(evaluated.at("metrics"))}}}));
    QUERN_TRY(registry.SetAlias(name, kChallenger, version.version, "trained by a run"));
    const std::string reason = failures.empty()
                                   ? "every gate that can be measured before deployment holds"
                                   : Join(failures, "; ");
    if (failures.empty()) {
      QUERN_TRY(registry.SetAlias(name, kChampionAlias, version.version, reason));
    }
    QUERN_ASSIGN(version, registry.Get(name, version.version));
    json::array aliases;
    for (const std::string& alias : version.aliases) aliases.emplace_back(alias);
    StepOutput output;
    output.record =
        json::object{{"name", name},
                     {"version", version.version},
                     {"digest", info.digest},
                     {"path", package},
                     {"bytes", info.bytes},
                     {"aliases", std::move(aliases)},
                     {"promoted", failures.empty()},
                     {"gates", design::GatesRecord(gates)},
                     {"reason", reason},
                     {"champion", ChampionJson({name, version.version, info.digest, package})}};
    output.digest = info.digest + (failures.empty() ? "+" : "-");
    output.files = {package + "/model.onnx"};
    output.message = fmt::format("{}/{} {}", name, version.version,
                                 failures.empty() ? "is champion" : "stays challenger: " + reason);
    if (!failures.empty()) output.outcome = Outcome::kGateFailed;
    QUERN_TRY(world.workspace.lineage().Add({VersionId(name, version.version), "model_version",
                                             fmt::format("{} v{}", name, version.version), reason},
                                            {RunNodeId(TextOf(trained, "run_id"))}));
    return output;
  };
  return step;
}

namespace {

double MaxDifference(const ml::Scores& a, const ml::Scores& b) {
  const auto& x = a.classes > 0 ? a.probabilities : a.predictions;
  const auto& y = b.classes > 0 ? b.probabilities : b.predictions;
  if (x.size() != y.size() || a.labels != b.labels) return INFINITY;
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) worst = std::max(worst, std::abs(x[i] - y[i]));
  return worst;
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

}  // namespace

Result<Deployment> Deploy(World& world, const Champion& champion, const Frame& offline_rows) {
  const std::string id =
      fmt::format("{}/{}@{}", champion.name, champion.version, world.workspace.clock().NowMs());
  QUERN_TRY(NoteDeployment(world, id, champion, "starting", ""));
  auto address = world.host.Serve(champion.name, champion.version, champion.package);
  if (!address) {
    QUERN_TRY(NoteDeployment(world, id, champion, "failed", address.error().message));
    return std::unexpected(address.error());
  }
  QUERN_TRY(NoteDeployment(world, id, champion, "testing", address->url));
  QUERN_ASSIGN(const LoadedModel offline, LoadModel(world, champion.package));
  ModelClient client(address->port, champion.name, offline.scorer->signature());
  const Frame inputs = offline.Inputs(offline_rows);
  std::vector<uint32_t> first;
  for (uint32_t row = 0; row < std::min<size_t>(5, inputs.rows()); ++row) first.push_back(row);
  const Frame example = inputs.Take(first);
  QUERN_ASSIGN(const ml::Scores example_offline, offline.score(example));
  QUERN_ASSIGN(const auto example_served, client.Score(example, ""));
  const double self_difference = MaxDifference(example_offline, example_served.scores);
  QUERN_ASSIGN(const ml::Scores all_offline, offline.score(inputs));
  QUERN_ASSIGN(const auto all_served, client.Score(inputs, ""));
  const double difference = MaxDifference(all_offline, all_served.scores);
  QUERN_ASSIGN(const Latency latency, MeasureLatency(client, inputs));

  constexpr double kLimit = 1e-6;
  std::map<std::string, design::Evidence> measured;
  measured["serving.max_difference"].value = difference;
  measured["serving.p50_ms"].value = latency.p50_ms;
  measured["serving.p99_ms"].value = latency.p99_ms;
  auto gates = design::JudgeGates(world.project.charter, measured);
  std::erase_if(
      gates, [](const design::Gate& gate) { return gate.status == design::GateStatus::kPending; });

  Deployment deployment;
  deployment.failures = design::Failures(gates);
  if (!(difference <= kLimit)) {
    deployment.failures.push_back(
        fmt::format("served and offline scores differ by {:.2g}, at most {:.0e} is allowed",
                    difference, kLimit));
  }
  const bool ok = deployment.failures.empty();
  const auto finite = [](double value) {
    return std::isfinite(value) ? json::value(value) : json::value(nullptr);
  };
  deployment.record =
      json::object{{"name", champion.name},
                   {"version", champion.version},
                   {"state", ok ? "live" : "failed"},
                   {"url", address->url},
                   {"self_test", json::object{{"rows", example.rows()},
                                              {"max_difference", finite(self_difference)},
                                              {"ok", self_difference <= kLimit}}},
                   {"parity", json::object{{"rows", inputs.rows()},
                                           {"max_difference", finite(difference)},
                                           {"limit", kLimit},
                                           {"ok", difference <= kLimit}}},
                   {"latency", json::object{{"requests", latency.requests},
                                            {"p50_ms", latency.p50_ms},
                                            {"p99_ms", latency.p99_ms}}},
                   {"gates", design::GatesRecord(gates)},
                   {"champion", ChampionJson(champion)}};
  deployment.message =
      ok ? fmt::format(
               "{}/{} answers like offline (difference {:.0e}), p50 {:.2f} ms, p99 {:.2f} ms",
               champion.name, champion.version, difference, latency.p50_ms, latency.p99_ms)
         : Join(deployment.failures, "; ");
  QUERN_TRY(NoteDeployment(world, id, champion, ok ? "live" : "failed", deployment.message));
  QUERN_TRY(world.workspace.lineage().Add(
      {DeploymentId(champion), "deployment",
       fmt::format("{} v{} served", champion.name, champion.version), deployment.message},
      {VersionId(champion.name, champion.version)}));
  return deployment;
}

std::string VersionId(const std::string& name, int64_t version) {
  return fmt::format("model_version:{}/{}", name, version);
}

std::string DeploymentId(const Champion& champion) {
  return fmt::format("deployment:{}/{}", champion.name, champion.version);
}

Step MakeDeployStep(World& world) {
  Step step = NewStep("deploy", "deploy");
  step.needs = {"register"};
  AddParams(world, "deployment", step);
  AddParams(world, "design.requirements", step);
  AddTracking(world, step);
  step.run = [&world](StepContext& context) -> Result<StepOutput> {
    const Champion champion = ChampionOf(context.Output("register").record);
    QUERN_ASSIGN(const std::vector<uint32_t> holdout, HoldOutOf(context));
    QUERN_ASSIGN(const training::Dataset dataset,
                 LoadDataset(world, context, world.project.data.train));
    QUERN_ASSIGN(Deployment deployment, Deploy(world, champion, dataset.rows.Take(holdout)));
    StepOutput output;
    output.record = std::move(deployment.record);
    const bool ok = deployment.failures.empty();
    output.digest = champion.digest + (ok ? " live" : " failed");
    output.message = deployment.message;
    if (!ok) {
      output.outcome = Outcome::kGateFailed;
      QUERN_TRY(world.workspace.registry().RemoveAlias(champion.name, kChampionAlias,
                                                       deployment.message));
    }
    return output;
  };
  return step;
}

}  // namespace quern::pipeline
