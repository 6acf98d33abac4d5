#include "pipeline/rollout.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "deploy/release_store.h"
#include "net/encode_url.h"
#include "pipeline/release.h"
#include "pipeline/release_client.h"
#include "registry/alias_reason.h"

namespace quern::pipeline {
namespace {

/// Between two looks at how the release stands.
constexpr double kLookSeconds = 0.05;

std::string ActorOf(const World& world) { return "quern run " + world.project.name; }

/// A phase in which nothing changes by itself any more.
bool Ended(std::string_view phase) {
  return phase == "promoted" || phase == "rolled_back" || phase == "paused";
}

/// Rows one by one, as requests of their own, over and over.
class Traffic {
 public:
  Traffic(uint16_t port, const Champion& champion, const LoadedModel& model, const Frame& rows)
      : client_("127.0.0.1", port),
        target_("/v2/models/" + net::EncodeUrl(champion.name) + "/infer"),
        inputs_(model.Inputs(rows)),
        writer_(port, champion.name, model.scorer->signature()),
        bodies_(inputs_.rows()) {}

  /// Whatever status the answer has: the release counts it.
  Status Ask(const std::vector<net::Header>& headers) {
    std::string& body = bodies_[next_];
    // A release may be decided long before the last row of a large batch.
    if (body.empty()) {
      body = writer_.RequestBody(inputs_.Take(std::vector<uint32_t>{static_cast<uint32_t>(next_)}),
                                 "");
    }
    QUERN_TRY(client_.Post(target_, body, "application/json", headers));
    next_ = (next_ + 1) % bodies_.size();
    return {};
  }

 private:
  net::HttpClient client_;
  std::string target_;
  Frame inputs_;
  ModelClient writer_;
  std::vector<std::string> bodies_;  // by row, once it was sent
  size_t next_ = 0;
};

/// What a tester sends, where the strategy lets testers alone reach the candidate.
std::vector<net::Header> HeadersFor(const deploy::Strategy& strategy, const json::value& release) {
  const bool preview = strategy.kind == deploy::StrategyKind::kBlueGreen &&
                       release.at("phase").as_string() == "step";
  if (!preview || strategy.override_header.empty()) return {};
  return {{strategy.override_header, "candidate"}};
}

void Tell(Progress& progress, const deploy::Strategy& strategy, const json::value& release) {
  const size_t steps = std::max<size_t>(strategy.steps.size(), 1) + 1;  // and baking
  const bool baking = release.at("phase").as_string() == "baking";
  const size_t step = baking ? steps : release.at("step").to_number<size_t>() + 1;
  progress.Update(step, steps, fmt::format("steps of the {}", deploy::KindName(strategy.kind)));
}

/// Until the release is promoted, rolled back or paused.
Status Play(StepContext& context, const deploy::Strategy& strategy, ReleaseClient& releases,
            Traffic& traffic, json::value* release) {
  for (;;) {
    QUERN_ASSIGN(*release, releases.Latest());
    if (Ended(release->at("phase").as_string())) return {};
    Tell(context.progress(), strategy, *release);
    const std::vector<net::Header> headers = HeadersFor(strategy, *release);
    const double look = MonotonicSeconds() + kLookSeconds;
    while (MonotonicSeconds() < look) {
      QUERN_TRY(context.cancel().Check());
      QUERN_TRY(traffic.Ask(headers));
    }
  }
}

bool UnderWay(deploy::Phase phase) {
  return phase != deploy::Phase::kPromoted && phase != deploy::Phase::kRolledBack;
}

/// Somebody else's release is not ours to end, and nothing of it is touched.
Status RefuseOthers(World& world, const std::string& model) {
  deploy::ReleaseStore store(world.workspace.database());
  QUERN_ASSIGN(const auto open, store.Unfinished(model));
  if (!open || !UnderWay(open->release.phase)) return {};
  QUERN_ASSIGN(const auto audits, store.Audits(open->release.id));
  const std::string actor = audits.empty() ? "somebody" : audits.front().audit.actor;
  if (actor == ActorOf(world)) return {};
  return Fail(Code::kFailedPrecondition,
              fmt::format("a release of {} that {} began is under way", model, actor),
              fmt::format("see `quern deploy show {}`; when it has ended, run again", model));
}

/// A run that was killed leaves its release behind.
Status EndLeftover(ReleaseClient& releases) {
  const auto latest = releases.Latest();
  if (!latest && latest.error().code == Code::kNotFound) return {};
  if (!latest) return std::unexpected(latest.error());
  const auto phase = deploy::ParsePhase(latest->at("phase").as_string());
  if (!phase || !UnderWay(*phase)) return {};
  return releases.Abort("the run that began it has ended");
}

/// A list in the detail of an audit record; the first record of a release has none.
json::array DetailOf(const json::value& record, std::string_view name) {
  const json::value* list = record.at("detail").as_object().if_contains(name);
  return list != nullptr && list->is_array() ? list->as_array() : json::array();
}

/// The verdict that was judged last, with its counts and intervals.
json::value LastVerdict(const json::array& log) {
  for (size_t i = log.size(); i-- > 0;) {
    const json::array verdicts = DetailOf(log[i], "verdicts");
    if (!verdicts.empty()) return verdicts.front();
  }
  return nullptr;
}

json::value RecordOf(const deploy::Strategy& strategy, const Champion& stable,
                     const json::value& release, const json::array& log) {
  json::array told;
  for (const json::value& record : log) {
    told.push_back(json::object{{"at", record.at("at")},
                                {"to", record.at("to")},
                                {"actor", record.at("actor")},
                                {"sentence", record.at("sentence")},
                                {"weights", DetailOf(record, "weights")}});
  }
  return json::object{{"id", release.at("id")},      {"strategy", deploy::KindName(strategy.kind)},
                      {"stable", stable.version},    {"phase", release.at("phase")},
                      {"verdict", LastVerdict(log)}, {"log", std::move(told)}};
}

}  // namespace

Result<json::value> RollOut(World& world, StepContext& context, const Champion& stable,
                            const Champion& candidate, const LoadedModel& model,
                            const Frame& traffic) {
  const deploy::Strategy& strategy = world.project.deployment.rollout;
  registry::PackageRegistry& registry = world.workspace.registry();
  QUERN_TRY(RefuseOthers(world, stable.name));
  QUERN_TRY(registry.SetAlias(stable.name, kChampionAlias, stable.version,
                              "in service when the release begins"));
  QUERN_ASSIGN(const auto address, world.host.ServeReleases(stable.name));
  ReleaseClient releases(address.port, stable.name, ActorOf(world));
  QUERN_TRY(EndLeftover(releases));
  Traffic rows(address.port, stable, model, traffic);
  QUERN_TRY(releases.Begin(stable.version, candidate.version, strategy));
  json::value release;
  Status played = Play(context, strategy, releases, rows, &release);
  if (!played) {
    // Best effort: what stays behind is rolled back by the next run.
    (void)releases.Abort("the run was ended: " + played.error().message);
    return std::unexpected(played.error());
  }
  if (release.at("phase").as_string() == "paused") {
    QUERN_TRY(releases.Abort("a run does not wait for more evidence"));
    QUERN_ASSIGN(release, releases.Latest());
  }
  if (release.at("phase").as_string() == "promoted") {
    // The server moves it a moment after it has decided, and may be gone by then.
    QUERN_TRY(registry.SetAlias(candidate.name, kChampionAlias, candidate.version,
                                registry::kMovedByRelease));
  }
  QUERN_ASSIGN(const json::array log, releases.Log());
  return RecordOf(strategy, stable, release, log);
}

std::string EndOf(const json::value& release) {
  const json::value& verdict = release.at("verdict");
  return TextOf(verdict.is_null() ? release.at("log").as_array().back() : verdict, "sentence");
}

}  // namespace quern::pipeline
