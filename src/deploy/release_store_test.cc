#include "deploy/release_store.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <set>

#include "base/random.h"
#include "tests/store/engines.h"

namespace quern::deploy {
namespace {

Transition NewCanary(const std::string& id, int64_t now = 1000) {
  Strategy strategy;
  strategy.kind = StrategyKind::kCanary;
  strategy.steps = {{5, {0, 0}}, {50, {0, 0}}};
  const auto begun = Begin({id, "heart", "champion", "7", "8", strategy, "ada"}, now);
  REQUIRE(begun);
  return *begun;
}

std::string Whole(const Release& release) {
  return WriteJson(ReleaseJson(release)) + WriteJson(EvidenceJson(release.evidence));
}

/// A database that fails at its n-th statement.
class Failing : public store::Database {
 public:
  Failing(store::Database& inner, int at) : inner_(inner), left_(at) {}
  Status Execute(std::string_view sql, const std::vector<store::Param>& params) override {
    if (left_-- == 0) return Fail(Code::kResourceExhausted, "disk full");
    return inner_.Execute(sql, params);
  }
  Status Query(std::string_view sql, const std::vector<store::Param>& params,
               const std::function<void(const store::Row&)>& on_row) override {
    if (left_-- == 0) return Fail(Code::kUnavailable, "gone");
    return inner_.Query(sql, params, on_row);
  }
  Status Transaction(const std::function<Status()>& body) override {
    return inner_.Transaction(body);
  }
  bool failed() const { return left_ < 0; }

 private:
  store::Database& inner_;
  int left_;
};

}  // namespace

TEST_CASE("a release is stored with its records, and read back") {
  store::TestDatabase database{store::EachEngine()};
  ReleaseStore releases(*database);
  CHECK_FALSE(releases.Unfinished("heart")->has_value());
  CHECK(releases.Get("r1").error().code == Code::kNotFound);
  auto stored = releases.Create(NewCanary("r1"));
  REQUIRE(stored);
  CHECK(releases.Create(NewCanary("r2")).error().code == Code::kAlreadyExists);

  stored = releases.Save(*stored, *Advance(stored->release, Tick{}, 2000));
  REQUIRE(stored);
  stored = releases.Save(*stored, *Advance(stored->release, Warmed{}, 3000));
  REQUIRE(stored);
  stored->release.evidence.At({0.95, 0.05}).arms[1].requests = 17;
  REQUIRE(releases.SaveCounters(*stored, 3500));
  const auto again = releases.Unfinished("heart");
  REQUIRE(again);
  REQUIRE(again->has_value());
  CHECK((*again)->revision == 3);
  CHECK(Whole((*again)->release) == Whole(stored->release));

  CHECK(releases.Shadow("r1")->pairs() == 0);
  ShadowReport report;
  report.Add({"p", "1", "0", 0.6, 0.4, 1, 2, false, false});
  REQUIRE(releases.SaveShadow("r1", report));
  CHECK(WriteJson(releases.Shadow("r1")->State()) == WriteJson(report.State()));
  CHECK(releases.Shadow("r9").error().code == Code::kNotFound);

  auto audits = releases.Audits("r1");
  REQUIRE(audits);
  REQUIRE(audits->size() == 3);
  CHECK((*audits)[0].audit.actor == "ada");
  CHECK((*audits)[0].previous.empty());
  CHECK((*audits)[2].audit.to == Phase::kStep);
  CHECK((*audits)[2].previous == (*audits)[1].digest);

  const Command abort{CommandKind::kAbort, "bob", "", "", 0};
  stored = releases.Save(*stored, *Advance(stored->release, abort, 4000));
  REQUIRE(stored);
  // Closed, but the candidate is still to be retired.
  CHECK((*releases.Unfinished("heart"))->release.closed);
  stored->release.todo.clear();
  REQUIRE(releases.SaveCounters(*stored, 4000));
  CHECK_FALSE(releases.Unfinished("heart")->has_value());
  REQUIRE(releases.Create(NewCanary("r2", 5000)));
  CHECK(releases.List("heart", 10)->front().release.id == "r2");
  CHECK(releases.List("heart", 1)->size() == 1);
  CHECK(releases.List("other", 10)->empty());
  CHECK(releases.List("", 10)->front().release.id == "r2");
}

TEST_CASE("of two processes one moves a release on") {
  store::TestDatabase database{store::EachEngine()};
  ReleaseStore releases(*database);
  auto one = releases.Create(NewCanary("r1"));
  REQUIRE(one);
  const StoredRelease other = *one;
  one = releases.Save(*one, *Advance(one->release, Tick{}, 2000));
  REQUIRE(one);
  CHECK(releases.Save(other, *Advance(other.release, Tick{}, 2001)).error().code == Code::kAborted);
  CHECK(releases.SaveCounters(other, 2001).error().code == Code::kAborted);
  CHECK(releases.Audits("r1")->size() == 2);
}

TEST_CASE("a record that was changed or taken out shows") {
  store::TestDatabase database{store::EachEngine()};
  ReleaseStore releases(*database);
  auto stored = releases.Create(NewCanary("r1"));
  REQUIRE(stored);
  for (int64_t now : {2000, 3000}) {
    const Input input = now == 2000 ? Input(Tick{}) : Input(Warmed{});
    stored = releases.Save(*stored, *Advance(stored->release, input, now));
    REQUIRE(stored);
  }
  const auto said = [&] { return releases.Audits("r1").error().message; };
  REQUIRE(database->Execute("UPDATE release_audit SET actor = 'eve' WHERE sequence = 2"));
  CHECK(said() == "audit record 2 of release r1 is not what was written");
  REQUIRE(database->Execute("UPDATE release_audit SET actor = 'strategy' WHERE sequence = 2"));
  REQUIRE(releases.Audits("r1"));
  REQUIRE(database->Execute("DELETE FROM release_audit WHERE sequence = 3"));
  CHECK(said() == "release r1 has 2 audit records, 3 were written");
  REQUIRE(database->Execute("DELETE FROM release_audit WHERE sequence = 1"));
  CHECK(said() == "audit record 1 of release r1 is not what was written");
  REQUIRE(database->Execute("UPDATE releases SET counters = '[]'"));
  CHECK(releases.Get("r1").error().code == Code::kDataLoss);
  REQUIRE(database->Execute("UPDATE releases SET state = '{\"id\": 7}'"));
  CHECK(releases.Get("r1").error().code == Code::kDataLoss);
}

TEST_CASE("whatever statement fails, a transition is stored whole or not at all") {
  store::TestDatabase database{store::EachEngine()};
  ReleaseStore releases(*database);
  auto stored = releases.Create(NewCanary("r1"));
  REQUIRE(stored);
  const auto next = Advance(stored->release, Tick{}, 2000);
  int failures = 0;
  for (int at = 0;; ++at) {
    Failing failing(*database, at);
    ReleaseStore broken(failing);
    const auto saved = broken.Save(*stored, *next);
    const auto kept = releases.Get("r1");
    REQUIRE(kept);
    if (!failing.failed()) {
      REQUIRE(saved);
      CHECK(kept->revision == 2);
      break;
    }
    ++failures;
    CHECK_FALSE(saved);
    CHECK(Whole(kept->release) == Whole(stored->release));
    CHECK(releases.Audits("r1")->size() == 1);
  }
  CHECK(failures == 3);
}

namespace {

/// In a process of its own: moves a release on for ever, telling each state before it is stored.
[[noreturn]] void MoveOn(const std::string& path, int out, uint64_t seed) {
  auto database = store::OpenSqlite(path, RealFs());
  if (!database) _exit(1);
  ReleaseStore releases(**database);
  auto stored = releases.Get("r1");
  Rng rng(seed);
  for (int64_t now = 10'000; stored; now += 1000) {
    Transition next{stored->release, std::nullopt};
    Command command{rng.Below(2) == 0 ? CommandKind::kPause : CommandKind::kResume, "x", "", "", 0};
    if (rng.Below(3) == 0)
      command = {CommandKind::kSetWeight, "x", "", "",
                 1.0 + 0.1 * static_cast<double>(rng.Below(400))};
    if (auto moved = Advance(stored->release, command, now)) next = *moved;
    ArmCounts& arm = next.release.evidence.At({0.95, 0.05}).arms[1];
    arm.requests += 1 + rng.Below(5);
    const std::string said = Whole(next.release) + "\n";
    if (write(out, said.data(), said.size()) != static_cast<ssize_t>(said.size())) _exit(1);
    if (next.audit) {
      stored = releases.Save(*stored, next);
    } else {
      stored->release = next.release;
      if (!releases.SaveCounters(*stored, now)) _exit(1);
    }
  }
  _exit(1);
}

}  // namespace

TEST_CASE("killed at any moment, a release is in a state that it had reached") {
  TempDir dir;
  const std::string path = dir.File("quern.db");
  {
    auto database = store::OpenSqlite(path, RealFs());
    REQUIRE(database);
    ReleaseStore releases(**database);
    auto stored = releases.Create(NewCanary("r1"));
    REQUIRE(stored);
    stored = releases.Save(*stored, *Advance(stored->release, Tick{}, 2000));
    stored = releases.Save(*stored, *Advance(stored->release, Warmed{}, 3000));
    REQUIRE(stored);
  }
  Rng rng(3);
  for (uint64_t round = 0; round < 12; ++round) {
    std::string before;
    {
      auto database = store::OpenSqlite(path, RealFs());
      REQUIRE(database);
      before = Whole(ReleaseStore(**database).Get("r1")->release);
    }
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      close(ends[0]);
      MoveOn(path, ends[1], round);
    }
    close(ends[1]);
    // After so many bytes of what it told, wherever that is.
    std::string told;
    const size_t enough = 2'000 + rng.Below(60'000);
    char buffer[4096];
    while (told.size() < enough) {
      const ssize_t got = read(ends[0], buffer, sizeof buffer);
      REQUIRE(got > 0);
      told.append(buffer, static_cast<size_t>(got));
    }
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;) {
      told.append(buffer, static_cast<size_t>(got));
    }
    close(ends[0]);
    std::vector<std::string> states{before};
    for (size_t at = 0, end = 0; (end = told.find('\n', at)) != std::string::npos; at = end + 1) {
      states.push_back(told.substr(at, end - at));
    }
    auto database = store::OpenSqlite(path, RealFs());
    REQUIRE(database);
    ReleaseStore releases(**database);
    const auto stored = releases.Get("r1");
    REQUIRE(stored);
    const std::string now = Whole(stored->release);
    // The last one that was told may not have got there; the one before it had.
    const bool last = now == states.back();
    const bool one_before = states.size() > 1 && now == states[states.size() - 2];
    CHECK((last || one_before));
    const auto audits = releases.Audits("r1");
    REQUIRE(audits);
    CHECK(static_cast<int64_t>(audits->size()) == stored->release.audits);
  }
}

}  // namespace quern::deploy
