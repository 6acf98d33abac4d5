#pragma once
// For tests: a made-up server around a controller, which may die at any operation.
#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>

#include "base/random.h"
#include "deploy/controller.h"
#include "tests/store/engines.h"

namespace quern::deploy {

/// Each operation on the world has two moments at which a process may end: before it, and when it
/// is done but nobody knows yet.
struct Fate {
  int left = -1;  // moments still to live; -1: for ever
  bool dead = false;
  /// False if the process has ended.
  bool Live() {
    if (!dead && left == 0) dead = true;
    if (!dead && left > 0) --left;
    return !dead;
  }
};

inline std::unexpected<Error> Dead() { return Fail(Code::kUnavailable, "the process has ended"); }

class MortalDatabase : public store::Database {
 public:
  MortalDatabase(store::Database& inner, Fate& fate) : inner_(inner), fate_(fate) {}
  Status Execute(std::string_view sql, const std::vector<store::Param>& params) override {
    if (fate_.dead) return Dead();
    return inner_.Execute(sql, params);
  }
  Status Query(std::string_view sql, const std::vector<store::Param>& params,
               const std::function<void(const store::Row&)>& on_row) override {
    if (fate_.dead) return Dead();
    return inner_.Query(sql, params, on_row);
  }
  Status Transaction(const std::function<Status()>& body) override {
    if (!fate_.Live()) return Dead();
    QUERN_TRY(inner_.Transaction(body));
    if (!fate_.Live()) return Dead();
    return {};
  }

 private:
  store::Database& inner_;
  Fate& fate_;
};

/// What outlives the process (aliases), and what does not (loaded versions).
class FakeServer : public ReleaseActions {
 public:
  explicit FakeServer(Fate& fate) : fate_(fate) {}
  Status Prepare(const std::string&, const std::string& version) override {
    if (!fate_.Live()) return Dead();
    if (broken.contains(version)) return Fail(Code::kInternal, "self-test failed");
    loaded.insert(version);
    return fate_.Live() ? Status() : Dead();
  }
  Status MayPromote(const std::string&, const std::string& alias,
                    const std::string& version) override {
    if (!fate_.Live()) return Dead();
    if (!waiting.contains(version)) return {};
    return Fail(Code::kFailedPrecondition, "heart/" + version + " may not be " + alias + " yet");
  }
  Status SetAlias(const std::string&, const std::string& alias,
                  const std::string& version) override {
    if (!fate_.Live()) return Dead();
    aliases[alias] = version;
    return fate_.Live() ? Status() : Dead();
  }
  Status Retire(const std::string&, const std::string& version) override {
    if (!fate_.Live()) return Dead();
    loaded.erase(version);
    retired.insert(version);
    return fate_.Live() ? Status() : Dead();
  }
  void Restart() { loaded = {aliases["champion"]}; }

  std::set<std::string> loaded{"7"};
  std::set<std::string> retired;
  std::set<std::string> broken;
  std::set<std::string> waiting;  // for an approval
  std::map<std::string, std::string> aliases{{"champion", "7"}};

 private:
  Fate& fate_;
};

class World {
 public:
  explicit World(store::Database& database)
      : mortal_(database, fate), releases(mortal_), server(fate) {
    Start();
  }
  void Start() {
    controller = std::make_unique<ReleaseController>("heart", releases, server, clock,
                                                     ControllerOptions{2000, 42});
  }
  std::string Begin(const Strategy& strategy, const std::string& candidate = "8") {
    NewRelease wanted;
    wanted.stable = "7";
    wanted.candidate = candidate;
    wanted.strategy = strategy;
    wanted.actor = "ada";
    const auto id = controller->Begin(wanted);
    REQUIRE(id);
    return *id;
  }
  /// One request: who answered it.
  Route Ask(const std::string& key = "", const std::string& override_value = "") {
    const Route route = controller->Pick(key, override_value);
    const std::string version =
        route.release.empty() ? server.aliases["champion"] : std::string(route.version);
    // No release may ever send a request to a version that is not there.
    if (!fate.dead) REQUIRE(server.loaded.contains(version));
    Outcome outcome;
    outcome.error = rng.Uniform() < error_rate[version];
    outcome.nan = nan_of == version;
    outcome.latency_ms = 1 + rng.Uniform();
    controller->Observe(route, outcome);
    ++asked[version];
    return route;
  }
  /// A second of traffic.
  Status Second(int requests = 300) {
    for (int i = 0; i < requests; ++i) Ask();
    clock.Set(clock.NowMs() + 1000);
    return controller->Tick();
  }
  std::optional<Phase> phase() const {
    const auto release = controller->Current();
    if (!release) return std::nullopt;
    return release->phase;
  }
  const Audit& Last(const std::string& id) {
    audits = *releases.Audits(id);
    return audits.back().audit;
  }

  Fate fate;
  ManualClock clock{1'000'000};

 private:
  MortalDatabase mortal_;

 public:
  ReleaseStore releases;
  FakeServer server;
  std::unique_ptr<ReleaseController> controller;
  Rng rng{1};
  std::map<std::string, double> error_rate;
  std::string nan_of;
  std::map<std::string, uint64_t> asked;
  std::vector<ChainedAudit> audits;
};

/// Over within half a minute of made-up time.
inline Strategy QuickCanary() {
  Strategy s;
  s.kind = StrategyKind::kCanary;
  s.steps = {{10, {3, 50}}, {50, {3, 50}}};
  s.bake = {2, 0};
  s.hold = 2;
  s.judge.at_least = 5;
  s.judge.at_most = 60;
  s.judge.min_requests = 100;
  s.judge.negligible = 2;
  s.judge.wrong = Watch::kOff;
  return s;
}

}  // namespace quern::deploy
