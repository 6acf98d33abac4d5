#include "upkeep/survey.h"

#include "upkeep/upkeep_fixture.h"

namespace quern::upkeep {
namespace {

const std::string kGone(32, 'a');

uint64_t BytesOf(const std::vector<SpaceItem>& items, const std::string& name) {
  for (const auto& item : items) {
    if (item.name == name) return item.bytes;
  }
  FAIL("no line " << name);
  return 0;
}

}  // namespace

TEST_CASE("folders of runs that are gone are orphans, those of people are not") {
  Fixture f;
  const std::string run = f.Run();
  const std::string model = f.Model(run);
  for (const std::string& path :
       std::vector<std::string>{"7/" + kGone + "/artifacts/f", "7/" + kGone + "/artifacts/g",
                                "7/models/m-" + kGone + "/x/y", "shared/" + kGone + "/f",
                                "7/notes/f", "7/models/m-x/y/z", "readme"}) {
    REQUIRE(store::PutText(*f.artifacts, path, "123"));
  }
  const std::string needed(32, 'b');
  REQUIRE(store::PutText(*f.artifacts, "7/" + needed + "/artifacts/f", "123"));
  REQUIRE(f.registry.Register({"m", "digest", "", {}}));
  REQUIRE(f.db->Execute("UPDATE model_versions SET storage = ?",
                        {"mlflow-artifacts:/7/" + needed + "/artifacts"}));
  const auto survey = SurveyArtifacts(*f.artifacts, f.trash, f.registry);
  REQUIRE(survey);
  CHECK(survey->files == 10);
  CHECK(survey->bytes == 5 + 7 + 8 * 3);
  REQUIRE(survey->orphans.size() == 2);
  CHECK(survey->orphans[0].path == "7/" + kGone);
  CHECK(survey->orphans[0].files == 2);
  CHECK(survey->orphans[0].bytes == 6);
  CHECK(survey->orphans[1].path == "7/models/m-" + kGone);
}

TEST_CASE("the report counts every byte of the database once") {
  Fixture f;
  const std::string run = f.Run();
  tracking::Batch batch;
  for (int64_t step = 0; step < 1000; ++step) {
    batch.metrics.push_back({"loss", 0.1 * static_cast<double>(step), step, step, {}, {}, {}});
  }
  REQUIRE(f.runs.Log(run, batch));
  const auto survey = SurveyArtifacts(*f.artifacts, f.trash, f.registry);
  REQUIRE(RealFs().WriteAtomic(f.dir.File("tables/t/1/data"), std::string(700, 'x')));
  REQUIRE(RealFs().WriteAtomic(f.dir.File("artifacts/m/1/model"), std::string(300, 'x')));
  const auto items = MeasureSpace(*f.db, f.dir.path(), *survey, RealFs());
  REQUIRE(items);
  CHECK(BytesOf(*items, "artifacts") == 5);
  CHECK(BytesOf(*items, "snapshots") == 700);
  CHECK(BytesOf(*items, "packages") == 300);
  CHECK(BytesOf(*items, "metrics") > 10'000);
  CHECK(BytesOf(*items, "runs") > 4096);
  CHECK(MeasureSpace(*f.db, "", *survey, RealFs())->size() < items->size());
}

}  // namespace quern::upkeep
