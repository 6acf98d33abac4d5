#include "registry/dossier.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "base/json_read.h"
#include "registry/card.h"
#include "registry/compare.h"
#include "registry/facts.h"
#include "registry/measured.h"
#include "registry/registry_fixture.h"

namespace quern::registry {
namespace {

/// A store as `quern run` leaves it, with the records of its steps put in by hand.
class Story : public Fixture {
 public:
  void Step(const std::string& step, const std::string& record) {
    const std::string id = std::to_string(++steps_);
    REQUIRE(database->Execute(
        "INSERT INTO step_results(key, step, output_digest, outcome, message, files, record, "
        "parts, seconds, finished_ms, pipeline_run_id) VALUES (?, ?, '', 'ok', '', '[]', ?, '[]', "
        "0, ?, 'r')",
        {"key" + id, step, record, clock.NowMs() + steps_}));
    REQUIRE(database->Execute(
        "INSERT INTO pipeline_steps(pipeline_run_id, position, step, phase, state, reason, key) "
        "VALUES ('r', ?, ?, ?, 'done', '', ?) ON CONFLICT DO NOTHING",
        {steps_, step, step.substr(0, step.find(':')), "key" + id}));
  }
  void Register(const std::string& digest, const std::string& lineage, Texts tags) {
    const std::string folder = dir.File(PackagePath(digest));
    REQUIRE(RealFs().WriteAtomic(folder + "/quern.json", R"({"task":"binary"})"));
    REQUIRE(RealFs().WriteAtomic(folder + "/lineage.json", lineage));
    REQUIRE(Project().Register({"heart", digest, "", std::move(tags)}));
  }
  Dossier Read(int64_t version) {
    auto dossier = ReadDossier(*database, dir.path(), RealFs(), "heart", version);
    REQUIRE(dossier);
    return std::move(*dossier);
  }

 private:
  int64_t steps_ = 0;
};

constexpr char kFirst[] =
    R"({"created":"","lineage":{"inputs":["snapshot:cleveland@aaaaaaaaaaaa"]}})";
constexpr char kSecond[] = R"({"created":"","lineage":{"inputs":
  ["snapshot:cleveland@aaaaaaaaaaaa", "snapshot:hungarian@bbbbbbbbbbbb", "decision:x"]}})";

/// Version 1, trained on cleveland, and 2, retrained on it and the batch hungarian.
void Fill(Story& s) {
  REQUIRE(
      s.database->Execute("INSERT INTO pipeline_runs(id, project, state, start_ms, summary) VALUES "
                          "('r', 'heart', 'FINISHED', 1, '')",
                          {}));
  s.Step("ingest:cleveland", R"({"source":"cleveland","path":"c.csv","rows":303,"rejected":0,
      "digest":"aaaaaaaaaaaa1111"})");
  s.Step("ingest:hungarian", R"({"source":"hungarian","path":"h.csv","rows":294,"rejected":1,
      "digest":"bbbbbbbbbbbb2222"})");
  // The file changed since: what version 2 learned from is the snapshot before.
  s.Step("ingest:hungarian", R"({"source":"hungarian","path":"h.csv","rows":7,"rejected":0,
      "digest":"cccccccccccc3333"})");
  s.Step("train", R"({"model_digest":"d1","rows":303,"holdout_rows":61,"holdout":[3,5,8]})");
  s.Step("evaluate", R"({"rows":61,"metrics":{"roc_auc":{"value":0.9,"low":0.8,"high":0.95}}})");
  s.Step("retrain:hungarian", R"({"batch":"hungarian","holdout_rows":88,"metric":"roc_auc",
      "champion":{"name":"heart","version":2},
      "before":{"version":1,"value":{"value":0.84,"low":0.8,"high":0.9}},
      "candidates":[{"name":"combined","rows":400,"version":2,"reason":"better",
      "value":{"value":0.88,"low":0.8,"high":0.9},
      "difference":{"value":0.04,"low":0.01,"high":0.07}}]})");
  s.Register("d1", kFirst,
             {{"quern.data", "cleveland"},
              {"quern.metrics", R"({"roc_auc":{"value":0.9,"low":0.8,"high":0.95}})"}});
  s.Register("d2", kSecond,
             {{"quern.data", "first training, earlier batches and this batch"},
              {"quern.metrics", R"({"roc_auc":{"value":0.88,"low":0.8,"high":0.9}})"}});
}

json::value RowOf(const json::value& compared, const std::string& section) {
  for (const json::value& row : ListAt(compared, "/rows")) {
    if (TextAt(row, "/section") == section && TextAt(row, "/name") == "roc_auc") return row;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("a retrained version knows the snapshots that its package names") {
  Story s;
  Fill(s);
  const Dossier second = s.Read(2);
  REQUIRE(second.data.size() == 2);
  CHECK(TextAt(second.data[0], "/source") == "cleveland");
  CHECK(TextAt(second.data[1], "/digest") == "bbbbbbbbbbbb2222");
  const std::string card = CardMarkdown(CardJson(second));
  CHECK(card.find("no snapshot is known") == std::string::npos);
  CHECK(card.find("| data: hungarian | 294 rows, 1 rejected; h.csv; bbbbbbbbbbbb2222 |") !=
        std::string::npos);
  CHECK(s.Read(1).data.size() == 1);
}

TEST_CASE("a copy knows of its making what the original does") {
  Story s;
  Fill(s);
  for (const int64_t number : {1, 2}) {
    const Dossier original = s.Read(number);
    Dossier copy;
    copy.version.tags = original.version.tags;
    copy.version.tags[kFactsTag] = TravellingFacts(original);
    copy.package = original.package;
    copy.metrics = original.metrics;
    FillFromFacts(copy);
    CHECK(copy.data == original.data);
    CHECK(TravellingFacts(copy) == TravellingFacts(original));
    const MeasuredRows rows = MetricRows(original).Of("roc_auc");
    REQUIRE_FALSE(rows.identity.empty());
    CHECK(MetricRows(copy).Of("roc_auc").text == rows.text);
    CHECK(MetricRows(copy).Of("roc_auc").identity == rows.identity);
    CHECK(At(CardJson(copy), "/model_parameters") == At(CardJson(original), "/model_parameters"));
  }
}

TEST_CASE("what the store knows itself counts, and facts that are damaged do not") {
  Story s;
  Fill(s);
  Dossier known = s.Read(1);
  known.version.tags[kFactsTag] =
      R"({"train":{"rows":7},"data":[{"source":"other","digest":"ff","rows":1}]})";
  FillFromFacts(known);
  CHECK(At(known.train, "/rows") == json::value(303));
  REQUIRE(known.data.size() == 1);
  CHECK(TextAt(known.data[0], "/source") == "cleveland");
  for (const char* damaged : {"", "[]", "{", R"({"data":7,"train":"x"})"}) {
    Dossier copy;
    copy.version.tags[kFactsTag] = damaged;
    FillFromFacts(copy);
    CHECK(copy.data.empty());
    CHECK_FALSE(CardMarkdown(CardJson(copy)).empty());
  }
}

TEST_CASE("facts fit into a tag: slices are what they leave out") {
  Dossier dossier;
  CHECK(TravellingFacts(dossier).empty());
  json::array slices;
  for (int i = 0; i < 5000; ++i) slices.push_back(json::object{{"by", "column"}, {"value", i}});
  dossier.evaluate = json::object{{"rows", 61}, {"slices", slices}};
  CHECK(TravellingFacts(dossier) == R"({"evaluate":{"rows":61}})");
  slices.resize(2);
  dossier.evaluate.as_object()["slices"] = slices;
  CHECK(TravellingFacts(dossier).find("slices") != std::string::npos);
}

TEST_CASE("a snapshot whose record is gone is known by its digest") {
  Story s;
  Fill(s);
  REQUIRE(s.database->Execute("DELETE FROM step_results WHERE step = 'ingest:hungarian'", {}));
  const Dossier second = s.Read(2);
  REQUIRE(second.data.size() == 2);
  const std::string card = CardMarkdown(CardJson(second));
  CHECK(card.find("| data: hungarian | bbbbbbbbbbbb |") != std::string::npos);
}

TEST_CASE("metrics of other rows have no change, and the contest on the same rows is shown") {
  Story s;
  Fill(s);
  const Dossier first = s.Read(1), second = s.Read(2);
  const json::value compared = CompareVersions(first, second, false);
  const json::value metric = RowOf(compared, "metrics");
  CHECK(metric.at("change").is_null());
  CHECK(metric.at("rows").at("same") == json::value(false));
  CHECK(TextAt(metric, "/rows/a") == "61 rows held out of cleveland");
  CHECK(TextAt(metric, "/rows/b") == "88 rows set aside of batch hungarian");
  const json::value contest = RowOf(compared, "contest");
  CHECK(contest.at("change").as_double() == doctest::Approx(0.04));
  CHECK(TextAt(contest, "/rows/b") == "88 rows set aside of batch hungarian");
  CHECK(At(contest, "/difference/low") == json::value(0.01));
  const json::value reversed = RowOf(CompareVersions(second, first, false), "contest");
  CHECK(reversed.at("change").as_double() == doctest::Approx(-0.04));
  CHECK(reversed.at("difference").is_null());
  Dossier again = first;
  again.version.version = 3;
  again.metrics = *ParseJson(R"({"roc_auc":{"value":0.95,"low":0.8,"high":1}})");
  CHECK(RowOf(CompareVersions(first, again, false), "metrics").at("change").as_double() ==
        doctest::Approx(0.05));
}

TEST_CASE("what clients measured is known by the datasets that they named") {
  Fixture f;
  REQUIRE(f.Models().Create("m", "", {}));
  REQUIRE(f.Add("m"));
  auto read = ReadDossier(*f.database, f.dir.path(), RealFs(), "m", 1);
  REQUIRE(read);
  Dossier a = *read, b = *read;
  a.metrics = *ParseJson(R"({"f1":{"value":0.5},"auc":{"value":0.7}})");
  b.metrics = *ParseJson(R"({"f1":{"value":0.75},"auc":{"value":0.8}})");
  const auto row = [&](const char* name) {
    const json::value compared = CompareVersions(a, b, false);
    for (const json::value& one : ListAt(compared, "/rows")) {
      if (TextAt(one, "/name") == name) return one;
    }
    return json::value(nullptr);
  };
  CHECK(row("f1").at("rows").at("same").is_null());
  CHECK(row("f1").at("change") == json::value(0.25));
  a.metric_datasets = *ParseJson(R"({"f1":{"name":"test","digest":"x"},"auc":{}})");
  b.metric_datasets =
      *ParseJson(R"({"f1":{"name":"test","digest":"y"},"auc":{"name":"test","digest":"x"}})");
  CHECK(row("f1").at("rows").at("same") == json::value(false));
  CHECK(row("f1").at("change").is_null());
  CHECK(TextAt(row("f1"), "/rows/b") == "dataset test (y)");
  CHECK(row("auc").at("rows").at("same").is_null());
}

}  // namespace quern::registry
