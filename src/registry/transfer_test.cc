#include "registry/transfer.h"

#include "registry/registry_fixture.h"

namespace quern::registry {
namespace {

ModelVersion Version(int64_t number, const std::string& source) {
  ModelVersion version;
  version.name = "heart";
  version.version = number;
  version.source = source;
  version.storage = "s3://b/" + std::to_string(number);
  version.run_id = "r";
  version.stage = "Staging";
  version.description = "d";
  version.created_ms = 10 + number;
  version.updated_ms = 20;
  version.tags = {{"t", "1"}};
  return version;
}

ModelRecord Heart() {
  ModelRecord record;
  record.model.name = "heart";
  record.model.description = "of the heart";
  record.model.created_ms = 1;
  record.model.updated_ms = 2;
  record.model.tags = {{"q", "1"}};
  record.model.aliases = {{"champion", 2}};
  record.versions = {Version(2, "s3://b/m"), Version(3, "")};
  record.versions[1].stage = kStageDeleted;
  return record;
}

}  // namespace

TEST_CASE("a registered model comes and goes whole") {
  Fixture fixture;
  Transfer transfer(*fixture.database, fixture.clock, "importer");
  const auto put = transfer.Put(Heart());
  REQUIRE(put);
  CHECK(put->model_added);
  CHECK(put->versions_added == 2);
  const auto again = transfer.Put(Heart());
  CHECK_FALSE(again->model_added);
  CHECK(again->versions_there == 2);
  CHECK(again->conflicts.empty());
  const auto got = transfer.Get("heart");
  REQUIRE(got);
  CHECK(got->model.description == "of the heart");
  CHECK(got->model.updated_ms == 2);
  CHECK(got->model.tags == Texts{{"q", "1"}});
  REQUIRE(got->versions.size() == 2);
  CHECK(got->versions[0].created_ms == 12);
  CHECK(got->versions[0].stage == "Staging");
  CHECK(got->versions[0].tags == Texts{{"t", "1"}});
  CHECK(got->versions[0].aliases == std::vector<std::string>{"champion"});
  CHECK(got->versions[1].stage == kStageDeleted);
  CHECK(transfer.Names() == std::vector<std::string>{"heart"});
  // Clients see what is not deleted, and numbers go on behind all that were given.
  CHECK(fixture.Versions().Get("heart", 3).error().code == Code::kNotFound);
  CHECK(fixture.Add("heart")->version == 4);
  CHECK(fixture.Project().Log("heart")->front().actor == "importer");
}

TEST_CASE("what is here already is left as it is, and told if it is another thing") {
  Fixture fixture;
  REQUIRE(fixture.Models().Create("heart", "mine", {{"q", "mine"}}));
  REQUIRE(fixture.Add("heart"));
  REQUIRE(fixture.Add("heart", "s3://b/other"));
  REQUIRE(fixture.Models().SetAlias("heart", "champion", 1));
  Transfer transfer(*fixture.database, fixture.clock, "importer");
  const auto put = transfer.Put(Heart());
  REQUIRE(put);
  CHECK(put->versions_added == 1);
  REQUIRE(put->conflicts.size() == 2);
  CHECK(put->conflicts[0].find("version 2 of the registered model 'heart' is another") == 0);
  CHECK(put->conflicts[1].find("points at version 1 here") != std::string::npos);
  const auto got = transfer.Get("heart");
  CHECK(got->model.description == "mine");
  CHECK(got->model.tags == Texts{{"q", "mine"}});
  CHECK(got->versions[1].source == "s3://b/other");
}

TEST_CASE("an alias that was taken away stays away") {
  Fixture fixture;
  Transfer transfer(*fixture.database, fixture.clock, "importer");
  REQUIRE(transfer.Put(Heart()));
  REQUIRE(fixture.Models().DeleteAlias("heart", "champion"));
  const auto again = transfer.Put(Heart());
  REQUIRE(again);
  CHECK(transfer.Get("heart")->model.aliases.empty());
  CHECK(again->conflicts.size() == 1);
}

TEST_CASE("names and numbers that no registry gives are refused") {
  Fixture fixture;
  Transfer transfer(*fixture.database, fixture.clock, "importer");
  ModelRecord record = Heart();
  record.model.name = "../x";
  CHECK(transfer.Put(record).error().code == Code::kInvalidArgument);
  record = Heart();
  record.versions[0].version = 0;
  CHECK(transfer.Put(record).error().code == Code::kInvalidArgument);
  CHECK(transfer.Get("heart").error().code == Code::kNotFound);
}

}  // namespace quern::registry
