// Filters beyond what parity_test.cc holds against MLflow.
#include <doctest/doctest.h>

#include "search/test_store.h"

namespace quern::search {
namespace {

/// a: whole; b: other values, NaN loss; c: nothing at all; d: odd texts, infinite loss.
void FillRuns(TestStore& store) {
  store.Experiment(1, "e", 1, 1, {});
  store.Run({"1",
             "a",
             100,
             150,
             {{"loss", {0.5, 0.25, 0.9, 3}}, {"acc", Value(0.7)}},
             {{"lr", "0.1"}},
             {{"team", "red"}},
             {{"iris", "d1", "training"}, {"wine", "d2", "test"}}});
  store.Run({"2",
             "b",
             200,
             300,
             {{"loss", {std::nullopt, 0.1, 2.0, 5}}, {"acc", NotANumber()}},
             {{"lr", "1"}},
             {{"team", "Red"}},
             {{"iris", "d1", ""}}});
  store.Run({"3", "c", 300, std::nullopt, {}, {}, {}, {}});
  store.Run({"4",
             "d",
             400,
             400,
             {{"loss", Value(1.7976931348623157e308)}},
             {{"lr", ""}},
             {{"team", "50%_[x]*?\\"}, {"it's", "a'b"}},
             {}});
}

}  // namespace

TEST_CASE("OR, NOT, parentheses and missing values") {
  TestStore store;
  FillRuns(store);
  const std::pair<const char*, Names> cases[] = {
      {"", {"d", "c", "b", "a"}},
      {"tags.team = 'red' OR params.lr = '1'", {"b", "a"}},
      {"tags.team = 'red' OR params.lr = '1' AND run_name = 'x'", {"a"}},
      {"(tags.team = 'red' OR params.lr = '1') AND run_name = 'b'", {"b"}},
      // What is missing never matches, not under NOT either.
      {"tags.team != 'red'", {"d", "b"}},
      {"NOT tags.team = 'red'", {"d", "b"}},
      {"NOT (tags.team = 'red' OR tags.team = 'Red')", {"d"}},
      {"NOT NOT tags.team = 'red'", {"a"}},
      {"tags.team IS NULL", {"c"}},
      {"NOT tags.team IS NULL AND params.lr IS NOT NULL", {"d", "b", "a"}},
      {"metrics.loss IS NULL", {"c"}},
      {"metrics.loss IS NOT NULL", {"d", "b", "a"}},
      {"end_time IS NULL", {"c"}},
      {"run_name IS NULL", {}},
      {"dataset.name IS NULL", {"d", "c"}},
      {"dataset.context IS NOT NULL", {"a"}},
      {"dataset.context IS NULL", {"d", "c", "b"}},
  };
  for (const auto& [filter, expected] : cases) {
    CAPTURE(filter);
    CHECK(store.Runs(filter) == expected);
  }
}

TEST_CASE("numbers: six comparisons, lists, NaN and infinity") {
  TestStore store;
  FillRuns(store);
  const std::pair<const char*, Names> cases[] = {
      {"metrics.loss > 0.5", {"d"}},
      {"metrics.loss >= 0.5", {"d", "a"}},
      {"metrics.loss < 1", {"a"}},
      {"metrics.loss <= 0.5", {"a"}},
      {"metrics.loss = 0.5", {"a"}},
      // A NaN differs from every number and compares with none.
      {"metrics.loss != 0.5", {"d", "b"}},
      {"metrics.loss = 0", {}},
      {"NOT metrics.loss > 0.5", {"b", "a"}},
      {"metrics.loss IN (0.5, 7)", {"a"}},
      {"metrics.loss NOT IN (0.5, 7)", {"d", "b"}},
      {"metrics.loss = 1e999", {"d"}},
      {"start_time IN (100, 300.0)", {"c", "a"}},
      {"start_time NOT IN (100, 300)", {"d", "b"}},
      {"start_time > 99.5 AND start_time < 200.5", {"b", "a"}},
      {"start_time < 99999999999999999999", {"d", "c", "b", "a"}},
      {"duration = 50", {"a"}},
      {"duration >= 50", {"b", "a"}},
      {"duration < 50", {"d"}},
      {"duration IS NULL", {"c"}},
  };
  for (const auto& [filter, expected] : cases) {
    CAPTURE(filter);
    CHECK(store.Runs(filter) == expected);
  }
}

TEST_CASE("aggregates of metrics") {
  TestStore store;
  FillRuns(store);
  const std::pair<const char*, Names> cases[] = {
      {"min(metrics.loss) < 0.2", {"b"}},
      {"min(metrics.loss) <= 0.25", {"b", "a"}},
      {"MAX(metrics.loss) > 0.9", {"d", "b"}},
      {"max(metric.loss) IN (0.9)", {"a"}},
      {"last(metrics.loss) = 0.5", {"a"}},
      {"last(metrics.loss) != 0.5", {"d", "b"}},
      // All values are NaN: so are the least and the greatest.
      {"min(metrics.acc) != 3", {"b", "a"}},
      {"min(metrics.acc) <= 3", {"a"}},
      {"min(metrics.acc) IS NULL", {"d", "c"}},
      {"count(metrics.loss) = 3", {"a"}},
      // What is missing has no points.
      {"count(metrics.loss) < 2", {"d", "c"}},
      {"count(metrics.loss) = 0", {"c"}},
      {"count(metrics.loss) IN (3, 5) AND count(metrics.loss) > 3.5", {"b"}},
      {"count(metrics.loss) IS NULL", {}},
  };
  for (const auto& [filter, expected] : cases) {
    CAPTURE(filter);
    CHECK(store.Runs(filter) == expected);
  }
}

TEST_CASE("texts: patterns keep case and take every sign but % and _ as itself") {
  TestStore store;
  FillRuns(store);
  const std::pair<const char*, Names> cases[] = {
      {"tags.team LIKE 'r%'", {"a"}},
      {"tags.team LIKE 'r__'", {"a"}},
      {"tags.team LIKE 'r_'", {}},
      {"tags.team ILIKE 'R__'", {"b", "a"}},
      {"tags.team NOT LIKE 'r%'", {"d", "b"}},
      {"tags.team NOT ILIKE 'r%'", {"d"}},
      {"tags.team LIKE '%[x]*?\\'", {"d"}},
      {"tags.team ILIKE '%[X]*?\\'", {"d"}},
      {"tags.team LIKE '50%[x]%'", {"d"}},
      {"tags.team LIKE '%[a-z]%'", {}},
      {"tags.team LIKE 're?'", {}},
      {"tags.team LIKE 'r*'", {}},
      {"tags.team LIKE ''", {}},
      {"params.lr LIKE ''", {"d"}},
      {"params.lr LIKE '%'", {"d", "b", "a"}},
      {"params.lr = ''", {"d"}},
      {"tags.\"it's\" = 'a''b'", {"d"}},
      {"tags.team IN ('red', 'Red')", {"b", "a"}},
      {"params.lr NOT IN ('0.1')", {"d", "b"}},
      {"status IN ('FINISHED') AND user_id NOT IN ('bob')", {"d", "c", "b", "a"}},
      {"run_name NOT IN ('a', 'b')", {"d", "c"}},
  };
  for (const auto& [filter, expected] : cases) {
    CAPTURE(filter);
    CHECK(store.Runs(filter) == expected);
  }
}

TEST_CASE("datasets: a comparison holds if it does for one input") {
  TestStore store;
  FillRuns(store);
  const std::pair<const char*, Names> cases[] = {
      {"dataset.name = 'iris'", {"b", "a"}},
      {"dataset.name != 'iris'", {"a"}},
      {"NOT dataset.name = 'wine'", {"b"}},
      {"datasets.digest IN ('d2', 'x')", {"a"}},
      {"datasets.context ILIKE 'TR%'", {"a"}},
      {"dataset.context = 'training' AND dataset.name = 'wine'", {"a"}},
  };
  for (const auto& [filter, expected] : cases) {
    CAPTURE(filter);
    CHECK(store.Runs(filter) == expected);
  }
}

TEST_CASE("experiments, models and versions take the same grammar") {
  TestStore store;
  store.Experiment(1, "one", 10, 90, {{"k", "a"}});
  store.Experiment(2, "two", 20, 80, {});
  store.RegisteredModel("m", 1, 5, {{"stage", "x"}});
  store.RegisteredModel("p", 2, 4, {{"mlflow.prompt.is_prompt", "true"}});
  store.Version("m", 1, "r1", "s3://a", 10, 20, {});
  store.Version("m", 2, "", "s3://b", 30, 15, {{"k", "v"}});
  store.Version("p", 1, "", "-", 40, 1, {{"mlflow.prompt.is_prompt", "true"}});
  const auto found = [&](const Entity& entity, const char* shown, const char* filter) {
    Request request;
    request.filter = filter;
    return store.Search(entity, shown, request).value();
  };
  const auto experiments = [&](const char* filter) {
    return found(Experiments(), "e.name", filter);
  };
  CHECK(experiments("tags.k = 'a' OR creation_time IN (20)") == Names{"two", "one"});
  CHECK(experiments("NOT experiment_id = '1'") == Names{"two"});
  CHECK(experiments("experiment_id NOT IN (2)") == Names{"one"});
  const auto models = [&](const char* filter) {
    return found(RegisteredModels(), "m.name", filter);
  };
  CHECK(models("") == Names{"m"});
  CHECK(models("name = 'p'").empty());
  CHECK(models("name = 'p' OR tags.stage IN ('x')") == Names{"m"});
  CHECK(models("tags.mlflow.prompt.is_prompt IS NOT NULL") == Names{"p"});
  CHECK(models("tags.mlflow.prompt.is_prompt IN ('true', 'false')") == Names{"m", "p"});
  CHECK(models("last_updated_timestamp >= 5") == Names{"m"});
  const auto versions = [&](const char* filter) {
    return found(ModelVersions(), "v.name || v.version", filter);
  };
  CHECK(versions("") == Names{"m1", "m2"});
  CHECK(versions("tags.k IS NULL OR version_number > 1") == Names{"m1", "m2"});
  CHECK(versions("version_number IN (2) AND source_path NOT LIKE '%a'") == Names{"m2"});
  CHECK(versions("tags.`mlflow.prompt.is_prompt` = 'true'") == Names{"p1"});
}

TEST_CASE("logged models: words of their status, and metrics on datasets") {
  TestStore store;
  store.Experiment(1, "e", 1, 1, {});
  store.LoggedModel({"1",
                     "a",
                     "LOGGED_MODEL_READY",
                     "clf",
                     10,
                     {{"depth", "3"}},
                     {},
                     {{"acc", 0.5, 0, 1, "train", "x"}, {"acc", 0.9, 1, 2, "test", "y"}}});
  store.LoggedModel({"2",
                     "b",
                     "LOGGED_MODEL_UPLOAD_FAILED",
                     "",
                     20,
                     {},
                     {{"t", "u"}},
                     {{"acc", std::nullopt, 0, 1, "train", "x"}}});
  store.LoggedModel({"3", "c", "LOGGED_MODEL_PENDING", "", 30, {}, {}, {}});
  const auto found = [&](const std::string& filter, std::vector<DatasetFilter> datasets = {},
                         std::vector<FieldOrder> order = {}) {
    Request request;
    request.filter = filter;
    request.datasets = std::move(datasets);
    request.field_order = std::move(order);
    return store.Search(LoggedModels(), "l.name", request, 2).value();
  };
  CHECK(found("status = 'READY'") == Names{"a"});
  CHECK(found("status IN ('FAILED', 'LOGGED_MODEL_PENDING')") == Names{"c", "b"});
  CHECK(found("params.depth = 3 OR tags.t = u") == Names{"b", "a"});
  CHECK(found("metrics.acc > 0.8") == Names{"a"});
  CHECK(found("metrics.acc > 0.8", {{"train", ""}}).empty());
  CHECK(found("metrics.acc = 0.5", {{"train", "x"}, {"test", "y"}}) == Names{"a"});
  CHECK(found("metrics.acc != 0.5", {{"train", "x"}}) == Names{"b"});
  CHECK(found("metrics.acc IS NULL") == Names{"c"});
  CHECK(found("metrics.acc IS NULL", {{"test", ""}}) == Names{"c", "b"});
  CHECK(found("", {{"train", ""}}) == Names{"b", "a"});
  CHECK(found("", {{"train", "z"}}).empty());
  // Values, then NaN, then what is missing.
  CHECK(found("", {}, {{"metrics.acc", true, {}}}) == Names{"a", "b", "c"});
  CHECK(found("", {}, {{"metrics.acc", false, {"test", ""}}, {"attributes.name", true, {}}}) ==
        Names{"a", "b", "c"});
  CHECK(found("", {}, {{"creation_time", true, {}}}) == Names{"a", "b", "c"});
  Request params;
  params.field_order = {{"params.depth", true, {}}};
  CHECK(Compile(LoggedModels(), params, Dialect::kSqlite)
            .error()
            .message.starts_with("Invalid order_by entity: parameter"));
}

TEST_CASE("the widest and deepest filters are ones that the databases read") {
  TestStore store;
  FillRuns(store);
  const std::string leaf = "NOT metrics.loss IN (1, 2)";
  // Right-nested and left-nested by turns, NOT in every other level.
  std::string right = leaf;
  std::string left = leaf;
  for (int level = 0; level < 14; ++level) {
    right = leaf + " OR " + leaf + " AND NOT (" + right + ")";
    left = "NOT (" + left + ") AND " + leaf + " OR " + leaf;
  }
  CHECK_FALSE(store.Runs(right).empty());
  CHECK_FALSE(store.Runs(left).empty());
  // A full tree of 256 leaves.
  std::string full = "count(metrics.loss) IN (1, 2)";
  for (int level = 0; level < 8; ++level) {
    full = "(" + full + (level % 2 == 0 ? " OR " : " AND ") + full + ")";
  }
  CHECK(store.Runs(full) == Names{"d"});
  std::string chain = "(" + leaf;
  for (int i = 1; i < 250; ++i) chain += " AND " + leaf;
  CHECK(store.Runs(chain + ") OR " + chain.substr(1)).size() < 5);
}

}  // namespace quern::search
