#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cmath>

#include "design/charter.h"
#include "design/gate.h"

namespace quern::design {
namespace {

const std::vector<std::string> kMetrics{"roc_auc", "recall"};

Result<Charter> Parse(const std::string& text) {
  auto node = ParseYaml(text, "quern.yaml");
  REQUIRE(node);
  return ParseCharter(node->Find("design"), node->Find("hypothesis"), kMetrics);
}

}  // namespace

TEST_CASE("a charter is typed and its open questions are counted") {
  const auto charter = Parse(
      "design:\n"
      "  added_value: earlier diagnosis\n"
      "  roles: {data engineer: Ada}\n"
      "  requirements:\n"
      "    - {id: fast, text: answers at once, require: serving.p99_ms <= 50}\n"
      "    - {id: kind, text: is kind}\n"
      "  key_metrics: [{metric: roc_auc, at_least: 0.85}]\n"
      "hypothesis: gradient_boosting beats logistic by 0.01 roc_auc\n");
  REQUIRE(charter);
  CHECK(charter->hypothesis->challenger == "gradient_boosting");
  CHECK(charter->hypothesis->margin == 0.01);
  const auto open = OpenQuestions(*charter);
  CHECK(open.size() == CharterQuestions().size() - 1 + 1);
  CHECK(open.back().key == "requirements.kind");
  CHECK(
      CharterRecord("p", *charter).at("requirements").at(0).at("require").at("value").as_double() ==
      50);
}

TEST_CASE("what cannot be measured is an error at its place") {
  auto bad = Parse("design:\n  key_metrics: [{metric: roc_acu, at_least: 0.85}]\n");
  REQUIRE_FALSE(bad);
  CHECK(bad.error().where.ToString() == "quern.yaml:2:26");
  CHECK(bad.error().hint == "did you mean 'roc_auc'?");
  CHECK_FALSE(Parse("design:\n  requirements: [{id: a, text: b, require: fast please}]\n"));
  CHECK_FALSE(Parse("design:\n  requirements: [{id: a, text: b, require: serving.p9_ms <= 1}]\n"));
  CHECK_FALSE(Parse("design:\n  key_metrics: [{metric: recall}]\n"));
  CHECK_FALSE(Parse("design:\n  keymetrics: []\n"));
  CHECK_FALSE(Parse("hypothesis: boosting is better\n"));
}

TEST_CASE("gates say by how much they fail") {
  const auto charter = Parse(
      "design:\n  key_metrics: [{metric: roc_auc, at_least: 0.85}, {metric: recall, at_least: "
      "0.8}]\n"
      "  requirements: [{id: fast, text: quick, require: serving.p99_ms <= 50}]\n");
  REQUIRE(charter);
  const auto gates =
      JudgeGates(*charter, {{"roc_auc", {0.82, 0.75, 0.9}}, {"recall", {0.8, 0.7, 0.9}}});
  REQUIRE(gates.size() == 3);
  CHECK(gates[0].status == GateStatus::kFail);
  CHECK(gates[0].Sentence() == "roc_auc is 0.82, 0.03 below the required 0.85");
  CHECK(gates[1].status == GateStatus::kPass);
  CHECK(gates[2].status == GateStatus::kPending);
  CHECK_FALSE(AllHold(gates));
  CHECK(JudgeGates(*charter, {{"recall", {std::nan(""), 0, 0}}})[1].status == GateStatus::kFail);
}

}  // namespace quern::design
