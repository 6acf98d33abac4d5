#include "registry/registry.h"

#include <doctest/doctest.h>

#include "registry/registry_fixture.h"
#include "tests/store/engines.h"

namespace quern::registry {

TEST_CASE("a package keeps its version, aliases move and every move is logged") {
  const store::TestDatabase db(store::EachEngine());
  Registry registry(*db, SystemClock(), "tester");
  CHECK(registry.Register({"heart", "d1", "r1", {}})->version == 1);
  CHECK(registry.Register({"heart", "d2", "r2", {}})->version == 2);
  CHECK(registry.Register({"heart", "d1", "r3", {}})->version == 1);
  CHECK(registry.Resolve("heart")->version == 2);
  REQUIRE(registry.SetAlias("heart", "champion", 1, "gates hold"));
  REQUIRE(registry.SetAlias("heart", "champion", 2, "better"));
  REQUIRE(registry.SetAlias("heart", "champion", 2, "again"));
  CHECK(registry.Resolve("heart@champion")->version == 2);
  CHECK(registry.Resolve("heart/1")->aliases.empty());
  CHECK(registry.Resolve("heart@none").error().code == Code::kNotFound);
  CHECK(registry.SetAlias("heart", "champion", 9, "").error().code == Code::kNotFound);
  const auto log = registry.Log("heart");
  REQUIRE(log->size() == 5);
  CHECK(log->back().before == "1");
  CHECK(log->back().after == "2");
}

TEST_CASE("a run's versions and aliases are told like those of clients") {
  Fixture f;
  Registry registry(*f.database, f.clock, "quern run", &f.listener);
  REQUIRE(registry.Register({"heart", "d1", "r1", {{"quern.model", "logistic"}}}));
  REQUIRE(registry.Register({"heart", "d1", "r1", {}}));
  REQUIRE(registry.SetAlias("heart", "champion", 1, "gates hold"));
  REQUIRE(registry.SetAlias("heart", "champion", 1, "again"));
  REQUIRE(registry.RemoveAlias("heart", "champion", "too slow"));
  using Kind = Event::Kind;
  std::vector<Kind> kinds;
  for (const Event& event : f.listener.events) kinds.push_back(event.kind);
  CHECK(kinds == std::vector<Kind>{Kind::kModelCreated, Kind::kVersionCreated, Kind::kAliasSet,
                                   Kind::kAliasDeleted});
  const Event& created = f.listener.events[1];
  CHECK(created.version == 1);
  CHECK(created.run_id == "r1");
  CHECK(created.source == f.Versions().Get("heart", 1)->source);
  CHECK(created.tags == Texts{{"quern.digest", "d1"}, {"quern.model", "logistic"}});
  CHECK(registry.Get("heart", 1)->tags.at("quern.alias.champion") == "too slow");
  // What cannot be told does not happen.
  f.listener.fail = true;
  CHECK(registry.Register({"heart", "d2", "r2", {}}).error().code == Code::kResourceExhausted);
  CHECK(registry.List("heart")->size() == 1);
}

}  // namespace quern::registry
