#include "registry/overview.h"

#include <doctest/doctest.h>

#include "registry/registry.h"
#include "registry/registry_fixture.h"

namespace quern::registry {
namespace {

TEST_CASE("models at a glance, and their versions page by page") {
  store::TestDatabase db{store::EachEngine()};
  ManualClock clock{1000};
  Registry registry(*db, clock, "ada");
  CHECK(Glance(*db, "", 10)->empty());
  CHECK(Named(*db, "heart").error().code == Code::kNotFound);
  for (int i = 1; i <= 5; ++i) {
    REQUIRE(registry.Register({"heart", "d" + std::to_string(i), "run", {{"k", "v"}}}));
  }
  REQUIRE(registry.Register({"price", "d", "run", {}}));
  REQUIRE(registry.SetAlias("heart", "champion", 3, "because"));
  const auto models = Glance(*db, "", 10);
  REQUIRE(models);
  REQUIRE(models->size() == 2);
  CHECK(models->at(0).name == "heart");
  CHECK(models->at(0).versions == 5);
  CHECK(models->at(0).newest == 5);
  REQUIRE(models->at(0).aliases.size() == 1);
  CHECK(models->at(0).aliases[0].version == 3);
  CHECK(Glance(*db, "heart", 10)->at(0).name == "price");
  CHECK(Glance(*db, "", 1)->size() == 1);

  const auto first = NewestVersions(*db, "heart", 0, 2);
  REQUIRE(first);
  REQUIRE(first->size() == 2);
  CHECK(first->at(0).version == 5);
  CHECK(first->at(1).version == 4);
  const auto next = NewestVersions(*db, "heart", 4, 2);
  REQUIRE(next);
  CHECK(next->at(0).version == 3);
  CHECK(next->at(0).aliases == std::vector<std::string>{"champion"});
  CHECK(next->at(0).tags.at("k") == "v");
  CHECK(NewestVersions(*db, "none", 0, 2)->empty());
}

}  // namespace
}  // namespace quern::registry
