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

TEST_CASE("a version may be described, and the log says where it comes from") {
  Fixture f;
  Registry registry = f.Project();
  NewPackage package;
  package.name = "heart";
  package.digest = "d1";
  package.description = "for the pilot";
  package.model_description = "who needs the catheter";
  package.reason = "copied from heart/3 of host:/a";
  REQUIRE(registry.Register(package));
  CHECK(registry.Get("heart", 1)->description == "for the pilot");
  CHECK(registry.Get("heart", 1)->run_id.empty());
  CHECK(registry.Model("heart").value()->description == "who needs the catheter");
  CHECK_FALSE(registry.Model("none").value().has_value());
  const auto log = registry.Log("heart");
  REQUIRE(log->size() == 2);
  CHECK(log->at(1).change == "version");
  CHECK(log->at(1).actor == "quern run");
  CHECK(log->at(1).reason == package.reason);
  // A later version leaves the model's description alone.
  package.digest = "d2";
  package.model_description = "another";
  REQUIRE(registry.Register(package));
  CHECK(registry.Model("heart").value()->description == "who needs the catheter");
}

TEST_CASE("a project renames a model as clients do") {
  Fixture f;
  Registry registry = f.Project();
  REQUIRE(registry.Register({"heart", "d1", "", {}}));
  REQUIRE(registry.Register({"taken", "d1", "", {}}));
  REQUIRE(registry.SetAlias("heart", "champion", 1, "gates hold"));
  CHECK(registry.Rename("none", "b", "").error().message ==
        f.Models().Rename("none", "b").error().message);
  CHECK(registry.Rename("heart", "taken", "").error().message ==
        f.Models().Rename("heart", "taken").error().message);
  CHECK(registry.Rename("heart", "a/b", "").error().code == Code::kInvalidArgument);
  REQUIRE(registry.Rename("heart", "cardio", "one name for all"));
  CHECK(registry.Resolve("cardio@champion")->digest == "d1");
  CHECK_FALSE(registry.Model("heart").value().has_value());
  const auto log = registry.Log("cardio");
  CHECK(log->back().change == "model renamed");
  CHECK(log->back().before == "heart");
  CHECK(log->back().reason == "one name for all");
  CHECK(log->front().name == "heart");  // what happened under the earlier name is told too
}

}  // namespace quern::registry
