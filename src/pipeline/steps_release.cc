#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <optional>

#include "base/text.h"
#include "base/time.h"
#include "pipeline/batch.h"
#include "pipeline/packages.h"
#include "pipeline/release.h"
#include "pipeline/steps.h"

namespace quern::pipeline {
namespace {

/// Gates that evaluation could measure, with the size of the package.
std::vector<design::Gate> GatesNow(const World& world, const json::value& evaluated,
                                   uint64_t bytes) {
  std::map<std::string, design::Evidence> measured;
  for (const auto& [name, interval] : evaluated.at("metrics").as_object()) {
    measured[std::string(name)] = {NumberOf(interval.at("value")), NumberOf(interval.at("low")),
                                   NumberOf(interval.at("high"))};
  }
  measured["package.bytes"].value = static_cast<double>(bytes);
  return design::JudgeGates(world.project.charter, measured);
}

/// What the registry asks for before an alias of the model moves, as the project declares it now,
/// with the requirements that evaluation has answered among its checks.
Status DeclareGate(const World& world, int64_t version, const std::vector<design::Gate>& gates) {
  registry::PackageRegistry& registry = world.workspace.registry();
  const PolicySpec& policies = world.project.policies;
  QUERN_TRY(registry.SetPolicies(world.project.name, policies));
  for (const design::Gate& gate : gates) {
    const bool asked = std::any_of(policies.begin(), policies.end(), [&](const auto& policy) {
      const std::vector<std::string>& checks = policy.second.checks;
      return std::find(checks.begin(), checks.end(), gate.id) != checks.end();
    });
    if (gate.key_metric || !asked || gate.status == design::GateStatus::kPending) continue;
    QUERN_TRY(registry.Record({world.project.name, version, gate.id,
                               gate.status == design::GateStatus::kPass, gate.Sentence()}));
  }
  return {};
}

/// The champion, if it is another version.
Result<std::optional<Champion>> InService(const World& world, const std::string& name,
                                          int64_t version) {
  QUERN_ASSIGN(const auto champion, world.workspace.registry().ByAlias(name, kChampionAlias));
  if (!champion || champion->version == version) return std::optional<Champion>();
  return std::optional<Champion>(
      {name, champion->version, champion->digest, registry::PackagePath(champion->digest)});
}

}  // namespace

std::string WaitsFor(const registry::GateReport& gate) {
  return "waits: " + Join(gate.Missing(), "; ") + "; " + gate.Remedies() + ", then run again";
}

Champion ReadChampion(const json::value& champion) {
  return {TextOf(champion, "name"), champion.at("version").to_number<int64_t>(),
          TextOf(champion, "digest"), TextOf(champion, "package")};
}

Champion ChampionOf(const json::value& record) { return ReadChampion(record.at("champion")); }

json::value ChampionJson(const Champion& champion) {
  return json::object{{"name", champion.name},
                      {"version", champion.version},
                      {"digest", champion.digest},
                      {"package", champion.package}};
}

Step MakeRegisterStep(World& world) {
  Step step = NewStep("register", "register");
  step.needs = {"train", "evaluate", "design"};
  AddParams(world, "registry", step);
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
    QUERN_TRY(registry.SetAlias(name, kChallengerAlias, version.version, "trained by a run"));
    QUERN_TRY(DeclareGate(world, version.version, gates));
    QUERN_ASSIGN(const registry::GateReport gate,
                 registry.Gate(name, kChampionAlias, version.version));
    const bool waits = failures.empty() && !gate.open;
    const bool passes = failures.empty() && gate.open;
    const std::string reason = waits    ? WaitsFor(gate)
                               : passes ? "every gate that can be measured before deployment holds"
                                        : Join(failures, "; ");
    // A version that is in service gives way by a release, which the deployment makes.
    QUERN_ASSIGN(const auto stable, InService(world, name, version.version));
    if (passes && !stable) {
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
                     {"promoted", passes && !stable},
                     {"gates", design::GatesRecord(gates)},
                     {"reason", reason},
                     {"stable", stable ? ChampionJson(*stable) : json::value(nullptr)},
                     {"champion", ChampionJson({name, version.version, info.digest, package})}};
    output.digest = info.digest + (passes ? "+" : "-");
    output.files = {package + "/model.onnx"};
    output.message = fmt::format("{}/{} {}", name, version.version,
                                 !passes  ? "stays challenger: " + reason
                                 : stable ? fmt::format("is to replace {}", stable->version)
                                          : "is champion");
    if (!passes) output.outcome = Outcome::kGateFailed;
    output.waits = waits;
    QUERN_TRY(world.workspace.lineage().Add({VersionId(name, version.version), "model_version",
                                             fmt::format("{} v{}", name, version.version), reason},
                                            {RunNodeId(TextOf(trained, "run_id"))}));
    return output;
  };
  return step;
}

Step MakeDeployStep(World& world) {
  Step step = NewStep("deploy", "deploy");
  step.needs = {"register"};
  AddParams(world, "deployment", step, {"log"});
  AddParams(world, "design.requirements", step);
  AddTracking(world, step);
  step.run = [&world](StepContext& context) -> Result<StepOutput> {
    const json::value& registered = context.Output("register").record;
    Takeover takeover;
    takeover.next = ChampionOf(registered);
    if (!registered.at("stable").is_null()) {
      takeover.stable = ReadChampion(registered.at("stable"));
    }
    QUERN_ASSIGN(const std::vector<uint32_t> holdout, HoldOutOf(context));
    QUERN_ASSIGN(const training::Dataset dataset,
                 LoadDataset(world, context, world.project.data.train));
    const Frame rows = dataset.rows.Take(holdout);
    takeover.tested = takeover.traffic = &rows;
    QUERN_ASSIGN(Deployment deployment, Deploy(world, context, takeover));
    StepOutput output;
    output.record = std::move(deployment.record);
    const bool ok = deployment.failures.empty();
    output.digest = takeover.next.digest + (ok ? " live" : " failed");
    output.message = deployment.message;
    if (ok) return output;
    output.outcome = Outcome::kGateFailed;
    if (!takeover.stable) {
      QUERN_TRY(world.workspace.registry().RemoveAlias(takeover.next.name, kChampionAlias,
                                                       deployment.message));
    }
    return output;
  };
  return step;
}

}  // namespace quern::pipeline
