#include "registry/card.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "base/json_read.h"
#include "registry/compare.h"
#include "registry/package_registry.h"
#include "registry/registry_fixture.h"

namespace quern::registry {
namespace {

/// A version as a run leaves it, without a run: the records are put in by hand.
Dossier Sample(int64_t number) {
  Dossier d;
  d.version.name = "heart";
  d.version.version = number;
  d.version.user_id = "ada@host";
  d.version.created_ms = 1000 * number;
  d.version.digest = "d" + std::to_string(number);
  d.package = *ParseJson(R"({"task":"binary","learner":"logistic","classes":["0","1"],
      "threshold":0.4,"inputs":[{"name":"age","type":"number"}],"features":["age"],
      "params":{"c":1}})");
  d.parameters = At(d.package, "/params");
  d.bytes = 2000;
  d.metrics = *ParseJson(R"({"roc_auc":{"value":0.9,"low":0.8,"high":0.95}})");
  d.design = *ParseJson(R"({"answers":[
      {"key":"users","question":"Who?","answer":"The physician <on> duty & others"},
      {"key":"cost_of_errors","question":"What?","answer":"a life|an examination"}],
      "roles":[{"role":"data scientist","who":"Ada"}]})");
  d.evaluate = *ParseJson(R"({"slices":[{"by":"sex","value":"0","count":22,
      "metrics":{"recall":{"value":0.8,"low":0.33,"high":1}}}],
      "gates":[{"status":"fail","text":"recall >= 0.9"}]})");
  d.data.push_back(*ParseJson(R"({"source":"cleveland","path":"c.csv","rows":303,"rejected":0,
      "digest":"e5dd"})"));
  return d;
}

json::value RowOf(const json::value& compared, const std::string& section,
                  const std::string& name) {
  for (const json::value& row : ListAt(compared, "/rows")) {
    if (TextAt(row, "/section") == section && TextAt(row, "/name") == name) return row;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("a card has the toolkit's fields, filled from charter, evaluation and data") {
  const json::value card = CardJson(Sample(3));
  CHECK(TextAt(card, "/schema_version") == "0.0.2");
  CHECK(TextAt(card, "/model_details/version/name") == "3");
  CHECK(TextAt(card, "/model_details/owners/1/contact") == "Ada");
  CHECK(TextAt(card, "/model_parameters/model_architecture") == "logistic");
  CHECK(TextAt(card, "/model_parameters/data/0/snapshot") == "e5dd");
  const auto& metrics = ListAt(card, "/quantitative_analysis/performance_metrics");
  REQUIRE(metrics.size() == 2);
  CHECK(TextAt(metrics[0], "/type") == "roc_auc");
  CHECK(TextAt(metrics[0], "/confidence_interval/lower_bound") == "0.8");
  CHECK(TextAt(metrics[1], "/slice") == "sex = 0 (22 rows)");
  CHECK(TextAt(card, "/considerations/users/0/description") == "The physician <on> duty & others");
  CHECK(TextAt(card, "/considerations/limitations/0/description") ==
        "Does not meet a requirement: recall >= 0.9");
  CHECK(ListAt(card, "/open").size() == design::CharterQuestions().size() - 2);
}

TEST_CASE("what a store holds cannot break out of a card") {
  Dossier d = Sample(3);
  d.version.description = "<script>alert(1)</script> [x](javascript:y)\n# not a title";
  const json::value card = CardJson(d);
  const std::string html = CardHtml(card);
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.find("&lt;script&gt;alert(1)") != std::string::npos);
  CHECK(html.find("The physician &lt;on&gt; duty &amp; others") != std::string::npos);
  CHECK(html.find("default-src 'none'") != std::string::npos);
  const std::string text = CardMarkdown(card);
  CHECK(text.find("# heart, version 3\n") == 0);
  CHECK(text.find("\n# not") == std::string::npos);
  CHECK(text.find("\\<script\\>") != std::string::npos);
  CHECK(text.find("a life\\|an examination") != std::string::npos);
  CHECK(text.find("| recall | 0.800 | 0.330 to 1.000 | sex = 0 (22 rows) |") != std::string::npos);
}

TEST_CASE("the card of a copy says of what, from where and who made it") {
  Dossier d = Sample(1);
  d.version.source = "/models/heart/7";
  CHECK(At(CardJson(d), "/model_details/copy_of").is_null());
  CHECK(CardMarkdown(CardJson(d)).find("copy of") == std::string::npos);

  d.version.tags = {{kCopiedFromTag, "heart/7"},
                    {kCopiedRegistryTag, "host:/a|b/.quern"},
                    {kCopiedRunTag, "4f2a"}};
  CHECK(At(CardJson(d), "/model_details/copy_of") ==
        *ParseJson(R"({"version":"heart/7","registry":"host:/a|b/.quern","run_id":"4f2a"})"));
  CHECK(CardMarkdown(CardJson(d))
            .find("| copy of | heart/7 of host:/a\\|b/.quern, made there by the run 4f2a |") !=
        std::string::npos);
  CHECK(CardHtml(CardJson(d))
            .find("<td>copy of</td><td>heart/7 of host:/a|b/.quern, made there by the run 4f2a") !=
        std::string::npos);

  Dossier here = Sample(1);  // what MLflow's copy_model_version makes
  here.version.source = "models:/trial/7";
  CHECK(CardMarkdown(CardJson(here)).find("| copy of | trial/7 of this registry |") !=
        std::string::npos);
}

TEST_CASE("of two versions the differences are shown, and what is the same is counted") {
  const Dossier a = Sample(1);
  Dossier b = Sample(2);
  b.metrics = *ParseJson(R"({"roc_auc":{"value":0.875,"low":0.8,"high":0.95},"f1":{"value":0.5}})");
  b.parameters = *ParseJson(R"({"c":4})");
  b.package.as_object()["features"] = json::array{"age", "age^2"};
  b.data.clear();
  const json::value compared = CompareVersions(a, b, false);
  CHECK(RowOf(compared, "metrics", "roc_auc").at("change").as_double() == doctest::Approx(-0.025));
  CHECK(RowOf(compared, "metrics", "f1").at("a").is_null());
  CHECK(RowOf(compared, "parameters", "c").at("change") == json::value(3.0));
  CHECK(RowOf(compared, "features", "age^2").at("b") == json::value(true));
  CHECK(RowOf(compared, "data", "cleveland snapshot").at("b").is_null());
  CHECK(RowOf(compared, "schema", "input age").is_null());
  CHECK(compared.at("same").at("schema") == json::value(4));
  const json::value all = CompareVersions(a, b, true);
  CHECK(RowOf(all, "schema", "input age").at("same") == json::value(true));
  CHECK(ListAt(CompareVersions(a, a, false), "/rows").empty());
}

TEST_CASE("a client's version has the metrics and parameters of its run, and no package") {
  Fixture f;
  REQUIRE(f.Models().Create("m", "what it is for", {}));
  REQUIRE(f.Add("m"));
  const auto dossier = ReadDossier(*f.database, f.dir.path(), RealFs(), "m", 1);
  REQUIRE(dossier);
  CHECK(dossier->package.is_null());
  CHECK(dossier->metrics.is_null());
  CHECK(CardMarkdown(CardJson(*dossier)).find("Nothing has been measured.") != std::string::npos);
  CHECK(ReadDossier(*f.database, f.dir.path(), RealFs(), "m", 2).error().code == Code::kNotFound);
}

}  // namespace quern::registry
