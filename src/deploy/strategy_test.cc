#include "deploy/strategy.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "base/fs.h"
#include "deploy/strategy_names.h"

namespace quern::deploy {
namespace {

Result<Strategy> FromYaml(const std::string& text) {
  const auto node = ParseYaml(text, "quern.yaml");
  REQUIRE(node);
  const std::vector<std::string> others{"targets"};
  return ParseStrategy(&*node, others);
}

/// What is said of a wrong text.
std::string Said(const std::string& text) {
  const auto strategy = FromYaml(text);
  REQUIRE_FALSE(strategy.has_value());
  CHECK(strategy.error().code == Code::kInvalidArgument);
  CHECK_FALSE(strategy.error().hint.empty());
  return strategy.error().where.ToString() + ": " + strategy.error().message;
}

}  // namespace

TEST_CASE("a strategy as it is written") {
  CHECK(ParseStrategy(static_cast<const YamlNode*>(nullptr))->kind == StrategyKind::kBasic);
  CHECK(*FromYaml("{strategy: basic, targets: [local]}") == Strategy{});

  const auto canary = FromYaml(
      "strategy: canary\n"
      "steps: [1, {weight: 10, for: 1h, requests: 2000}, 50]\n"
      "key: {header: x-user}\n"
      "override: x-route\n"
      "bake: {for: 30m}\n"
      "judge: {alpha: 0.001, latency_ms: 50, wrong: require, errors: off, at_most: 2d}\n"
      "guards: {consecutive_failures: 3, nan: false}\n");
  REQUIRE(canary);
  CHECK(canary->steps ==
        std::vector<CanaryStep>{{1, {600, 500}}, {10, {3600, 2000}}, {50, {600, 500}}});
  CHECK(canary->key.header == "x-user");
  CHECK(canary->override_header == "x-route");
  CHECK(canary->bake == Stay{1800, 0});
  CHECK(canary->judge.alpha == 0.001);
  CHECK(canary->judge.latency == Watch::kRequire);
  CHECK(canary->judge.errors == Watch::kOff);
  CHECK(canary->judge.wrong == Watch::kRequire);
  CHECK(canary->judge.at_most == 2 * 86400);
  CHECK(canary->guards.consecutive_failures == 3);
  CHECK_FALSE(canary->guards.nan);

  const auto plain = FromYaml("strategy: canary");
  REQUIRE(plain);
  CHECK(plain->steps.size() == 4);
  CHECK(plain->steps.back().weight == 50);

  const auto ab = FromYaml("{strategy: ab, versions: [4, {version: 5, weight: 20}]}");
  REQUIRE(ab);
  CHECK(ab->versions == std::vector<VersionShare>{{"4", 40}, {"5", 20}});

  const auto shadow = FromYaml("{strategy: shadow, shadow: {share: 20, requests: 50}}");
  REQUIRE(shadow);
  CHECK(shadow->share == 20);
  CHECK(shadow->shadow == Stay{86400, 50});
}

TEST_CASE("the JSON of a strategy reads back as the same") {
  for (const char* text :
       {"strategy: basic", "{strategy: shadow, shadow: {share: 12.5, for: 90s}}",
        "{strategy: canary, steps: [0.5, 7], shadow: {requests: 10}, judge: {latency_ms: 9.5}}",
        "{strategy: blue_green, preview: {for: 1m, requests: 3}, hold: 2d}",
        "{strategy: ab, versions: [a, b], run: {for: 1h}, key: {cookie: c}}",
        "{strategy: bandit, versions: [2], bandit: {method: epsilon_greedy, discount: 0.99}}"}) {
    CAPTURE(text);
    const auto strategy = FromYaml(text);
    REQUIRE(strategy);
    const auto again = ParseStrategy(*ParseJson(WriteJson(StrategyJson(*strategy))));
    if (!again) FAIL(again.error().ToString());
    CHECK(*again == *strategy);
  }
}

TEST_CASE("what is wrong is named with its place") {
  CHECK(Said("strategy: canari") ==
        "quern.yaml:1:11: strategy: expected one of its words, got 'canari'");
  CHECK(Said("[1]") == "quern.yaml:1:1: deployment must be a map, got a list");
  CHECK(Said("{strategy: basic, steps: [1]}") ==
        "quern.yaml:1:19: unknown key 'steps' in deployment");
  CHECK(Said("strategy: canary\njudge: {alfa: 1}") ==
        "quern.yaml:2:9: unknown key 'alfa' in judge");
  CHECK(Said("strategy: canary\njudge: 7") == "quern.yaml:2:8: judge must be a map, got '7'");
  CHECK(Said("strategy: canary\njudge: {alpha: 2}") ==
        "quern.yaml:2:16: judge.alpha must be between 1e-09 and 0.5, got '2'");
  CHECK(Said("strategy: canary\njudge: {alpha: '0.1'}") ==
        "quern.yaml:2:16: judge.alpha: expected a number, got '0.1'");
  CHECK(Said("strategy: canary\njudge: {at_least: 10}") ==
        "quern.yaml:2:19: judge.at_least: expected a duration, got '10'");
  CHECK(Said("strategy: canary\njudge: {min_requests: -1}") ==
        "quern.yaml:2:23: judge.min_requests must be between 0 and 1000000000000000, got '-1'");
  CHECK(Said("strategy: canary\nguards: {nan: maybe}") ==
        "quern.yaml:2:15: guards.nan: expected true or false, got 'maybe'");
  CHECK(Said("strategy: canary\njudge: {errors: warn}") ==
        "quern.yaml:2:17: judge.errors: expected one of its words, got 'warn'");
  CHECK(Said("strategy: canary\nsteps: [5, 5]") ==
        "quern.yaml:2:12: steps[1]: weight 5 does not rise above 5");
  CHECK(Said("strategy: canary\nsteps: [5, 100]") ==
        "quern.yaml:2:12: steps[1].weight must be between 0.01 and 99.99 percent, got '100'");
  CHECK(Said("strategy: canary\nsteps: 5") ==
        "quern.yaml:2:8: steps must be a list of 1 to 50 weights, got '5'");
  CHECK(Said("strategy: canary\nkey: {header: a, field: b}") ==
        "quern.yaml:2:6: key names 2 places");
  CHECK(Said("strategy: canary\njudge: {latency: watch}") ==
        "quern.yaml:2:18: judge.latency needs judge.latency_ms");
  CHECK(Said("strategy: canary\njudge: {margin: 1.1, tolerate: 1.2}") ==
        "quern.yaml:2:17: judge.margin 1.1 must be greater than judge.tolerate 1.2");
  CHECK(Said("strategy: ab") ==
        "quern.yaml:1:1: strategy ab needs versions: 1 to 7 besides the stable one");
  CHECK(Said("{strategy: ab, versions: [{version: 1, weight: 60}, {version: 2, weight: 40}]}") ==
        "quern.yaml:1:26: the weights of versions add up to 100 percent: nothing is left for the "
        "others");
  CHECK(Said("{strategy: ab, versions: [1, 1]}") ==
        "quern.yaml:1:30: versions[1]: version '1' stands twice");
  CHECK(Said("{strategy: bandit, versions: [1, 2], bandit: {floor: 40}}") ==
        "quern.yaml:1:54: bandit.floor 40 percent for 3 versions is more than all");

  const auto json = ParseStrategy(*ParseJson(R"({"strategy":"canary","steps":[{"weight":"5"}]})"));
  REQUIRE_FALSE(json.has_value());
  CHECK(json.error().where.ToString() == "steps[0].weight");
  CHECK(json.error().message == "steps[0].weight: expected a number, got '5'");
}

TEST_CASE("every row of the table can be read, and limits hold for defaults") {
  for (const Setting& setting : Settings()) {
    Strategy defaults;
    const SettingSlot slot = setting.slot(defaults);
    CAPTURE(std::string(setting.name));
    CHECK_FALSE(setting.help.empty());
    if (const auto* number = std::get_if<double*>(&slot)) {
      CHECK(**number >= setting.low);
      CHECK(**number <= setting.high);
    }
  }
}

TEST_CASE("docs/releases.md shows the table of settings") {
  const auto page = RealFs().Read(QUERN_SOURCE_DIR "/docs/releases.md");
  REQUIRE(page);
  CHECK(page->find(SettingsTable()) != std::string::npos);
}

}  // namespace quern::deploy
