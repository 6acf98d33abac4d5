#include "registry/registry.h"

#include <doctest/doctest.h>

#include "tests/store/engines.h"

namespace quern::registry {

TEST_CASE("a package keeps its version, aliases move and every move is logged") {
  const store::TestDatabase db(store::EachEngine());
  Registry registry(*db, SystemClock(), "tester");
  CHECK(registry.Register("heart", "d1", "p1", "r1", "{}")->version == 1);
  CHECK(registry.Register("heart", "d2", "p2", "r2", "{}")->version == 2);
  CHECK(registry.Register("heart", "d1", "p1", "r3", "{}")->version == 1);
  CHECK(registry.Resolve("heart")->version == 2);
  REQUIRE(registry.SetAlias("heart", "champion", 1, "gates hold"));
  REQUIRE(registry.SetAlias("heart", "champion", 2, "better"));
  REQUIRE(registry.SetAlias("heart", "champion", 2, "again"));
  CHECK(registry.Resolve("heart@champion")->version == 2);
  CHECK(registry.Resolve("heart/1")->aliases.empty());
  CHECK(registry.Resolve("heart@none").error().code == Code::kNotFound);
  CHECK(registry.SetAlias("heart", "champion", 9, "").error().code == Code::kNotFound);
  const auto log = registry.Log("heart");
  REQUIRE(log->size() == 4);
  CHECK(log->back().before == "1");
  CHECK(log->back().after == "2");
}

}  // namespace quern::registry
