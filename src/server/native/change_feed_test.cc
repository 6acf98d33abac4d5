#include "server/native/change_feed.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <thread>

#include "base/time.h"
#include "tests/store/engines.h"

namespace quern::server::native {
namespace {

constexpr size_t kRuns = 0;
constexpr size_t kSteps = 5;

TEST_CASE("the first answer comes at once, the next with a change") {
  store::TestDatabase db{store::EachEngine()};
  ChangeFeed feed(*db, "e");
  const auto first = feed.Wait("", 0, 60);
  REQUIRE(first);
  CHECK(
      WriteJson(feed.Json(*first)).starts_with(R"({"epoch":"e","version":0,"changed":{"runs":0)"));
  SUBCASE("by this process") {
    std::thread later([&] { feed.Touch(kRuns); });
    const auto next = feed.Wait("e", first->version, 60);
    later.join();
    REQUIRE(next);
    CHECK(next->version == 1);
    CHECK(next->changed[kRuns] == 1);
    CHECK(next->changed[kSteps] == 0);
  }
  SUBCASE("by another process, in the database") {
    REQUIRE(
        db->Execute("INSERT INTO pipeline_runs(id, project, state, start_ms, summary) VALUES "
                    "('r', 'p', 'RUNNING', 5, '')",
                    {}));
    const auto next = feed.Wait("e", first->version, 60);
    REQUIRE(next);
    CHECK(next->changed[kSteps] == 1);
    CHECK(next->changed[kRuns] == 0);
  }
}

TEST_CASE("nothing new: the answer comes when the time is up") {
  store::TestDatabase db{store::EachEngine()};
  ChangeFeed feed(*db, "e");
  REQUIRE(feed.Wait("e", 0, 0));
  const double begin = MonotonicSeconds();
  const auto same = feed.Wait("e", 0, 0.1);
  REQUIRE(same);
  CHECK(same->version == 0);
  CHECK(same->waited);
  CHECK(MonotonicSeconds() - begin >= 0.1);
  // A page of the server before this one learns at once that it is.
  CHECK(feed.Wait("other", 0, 60)->version == 0);
  CHECK(feed.Wait("e", 99, 60)->version == 0);
}

TEST_CASE("who comes when too many wait is told to come again, and a stop lets all go") {
  store::TestDatabase db{store::EachEngine()};
  ChangeFeed feed(*db, "e");
  REQUIRE(feed.Wait("e", 0, 0));
  std::vector<std::thread> waiting;
  for (size_t i = 0; i < ChangeFeed::kMaxWaiting; ++i) {
    waiting.emplace_back([&] { CHECK(feed.Wait("e", 0, 600)->waited); });
  }
  // They come to wait one after another; then the next is refused. Asking without time takes no
  // place.
  while (feed.Wait("e", 0, 0)->waited) {
  }
  feed.Stop();
  for (std::thread& thread : waiting) thread.join();
  CHECK(feed.Wait("e", 0, 600)->version == 0);
}

TEST_CASE("requests that change something") {
  CHECK(ChangeFeed::KindOf("POST", "/api/2.0/mlflow/runs/log-batch") == kRuns);
  CHECK(ChangeFeed::KindOf("POST", "/api/2.0/quern/ingest") == kRuns);
  CHECK(ChangeFeed::KindOf("PATCH", "/ajax-api/2.0/mlflow/registered-models/update") == 1u);
  CHECK(ChangeFeed::KindOf("POST", "/api/2.0/mlflow/model-versions/create") == 1u);
  CHECK(ChangeFeed::KindOf("POST", "/api/2.0/quern/models/heart/versions/3/checks") == 1u);
  CHECK(ChangeFeed::KindOf("PUT", "/ajax-api/2.0/quern/models/heart/policies") == 1u);
  CHECK(ChangeFeed::KindOf("PUT", "/ajax-api/2.0/quern/models/heart/policies/champion") == 1u);
  CHECK(ChangeFeed::KindOf("POST", "/api/2.0/quern/models/research/versions/3/approve") == 1u);
  CHECK(ChangeFeed::KindOf("POST", "/api/2.0/quern/serving/releases/r1/pause") ==
        ChangeFeed::kReleases);
  CHECK(ChangeFeed::KindOf("POST", "/ajax-api/2.0/quern/pipeline/start") == ChangeFeed::kSteps);
  CHECK_FALSE(ChangeFeed::KindOf("POST", "/ajax-api/2.0/quern/serving/try"));
  CHECK_FALSE(ChangeFeed::KindOf("GET", "/api/2.0/quern/models/heart/policies"));
  CHECK_FALSE(ChangeFeed::KindOf("GET", "/api/2.0/mlflow/runs/get"));
  CHECK_FALSE(ChangeFeed::KindOf("POST", "/api/2.0/mlflow/runs/search"));
  CHECK_FALSE(ChangeFeed::KindOf("POST", "/api/2.0/mlflow/registered-models/get-latest-versions"));
  CHECK_FALSE(ChangeFeed::KindOf("POST", "/graphql"));
}

}  // namespace
}  // namespace quern::server::native
