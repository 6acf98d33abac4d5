// Against MLflow's own stores: tests/parity/search_filters.py wrote rows, filters and answers.
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "base/json.h"
#include "search/test_store.h"

namespace quern::search {
namespace {

const json::object& Part(const char* entity) {
  static const json::value document = [] {
    const auto text = RealFs().Read(QUERN_SOURCE_DIR "/tests/parity/data/search_filters.json");
    REQUIRE(text.has_value());
    auto parsed = ParseJson(*text);
    REQUIRE(parsed.has_value());
    return *parsed;
  }();
  return document.as_object().at(entity).as_object();
}

std::string Text(const json::value& value) {
  return value.is_null() ? std::string() : std::string(value.as_string().c_str());
}

Texts Pairs(const json::value& value) {
  Texts texts;
  for (const auto& [key, text] : value.as_object()) texts[key] = Text(text);
  return texts;
}

/// "NaN" or a number.
std::optional<double> Number(const json::value& value) {
  if (value.is_string()) return std::nullopt;
  return value.to_number<double>();
}

Request RequestOf(const json::object& item) {
  Request request;
  request.filter = Text(item.at("filter"));
  const auto dataset = [](const json::object& object) {
    DatasetFilter filter;
    if (const auto* name = object.if_contains("dataset_name")) filter.name = Text(*name);
    if (const auto* digest = object.if_contains("dataset_digest")) filter.digest = Text(*digest);
    return filter;
  };
  if (const auto* datasets = item.if_contains("datasets")) {
    for (const json::value& one : datasets->as_array()) {
      request.datasets.push_back(dataset(one.as_object()));
    }
  }
  for (const json::value& order : item.at("order_by").as_array()) {
    if (order.is_string()) {
      request.order_by.push_back(Text(order));
      continue;
    }
    const json::object& field = order.as_object();
    const auto* ascending = field.if_contains("ascending");
    request.field_order.push_back({Text(field.at("field_name")),
                                   ascending == nullptr || ascending->as_bool(), dataset(field)});
  }
  return request;
}

/// Every answer at once, and again in pages of two rows.
void Replay(TestStore& store, const Entity& entity, const std::string& shown, const char* part) {
  for (const json::value& value : Part(part).at("cases").as_array()) {
    const json::object& item = value.as_object();
    const Request request = RequestOf(item);
    CAPTURE(WriteJson(value));
    const auto found = store.Search(entity, shown, request);
    if (item.at("expect").is_string()) {
      CHECK_FALSE(found);
      continue;
    }
    if (!found) FAIL_CHECK(found.error().message);
    if (!found) continue;
    Names expected;
    for (const json::value& name : item.at("expect").as_array()) expected.push_back(Text(name));
    CHECK(*found == expected);
    CHECK(store.Search(entity, shown, request, 2).value() == expected);
  }
}

}  // namespace

TEST_CASE("runs are found as MLflow finds them") {
  TestStore store;
  store.Experiment(1, "e", 1, 1, {});
  for (const json::value& value : Part("runs").at("rows").as_array()) {
    const json::object& row = value.as_object();
    TestRun run;
    run.id = Text(row.at("run_id"));
    run.name = Text(row.at("name"));
    run.user = Text(row.at("user_id"));
    run.status = Text(row.at("status"));
    run.artifact_uri = Text(row.at("artifact_uri"));
    run.start = row.at("start_time").as_int64();
    if (!row.at("end_time").is_null()) run.end = row.at("end_time").as_int64();
    run.params = Pairs(row.at("params"));
    run.tags = Pairs(row.at("tags"));
    for (const auto& [key, metric] : row.at("metrics").as_object()) {
      const auto last = Number(metric.at("last"));
      run.metrics[key] = {last, last, last, metric.at("points").as_int64()};
    }
    for (const json::value& dataset : row.at("datasets").as_array()) {
      run.datasets.push_back(
          {Text(dataset.at("name")), Text(dataset.at("digest")), Text(dataset.at("context"))});
    }
    store.Run(run);
  }
  Replay(store, Runs(), "r.name", "runs");
}

TEST_CASE("experiments are found as MLflow finds them") {
  TestStore store;
  for (const json::value& row : Part("experiments").at("rows").as_array()) {
    store.Experiment(row.at("id").as_int64(), Text(row.at("name")), row.at("created").as_int64(),
                     row.at("updated").as_int64(), Pairs(row.at("tags")));
  }
  Replay(store, Experiments(), "e.name", "experiments");
}

TEST_CASE("registered models and their versions are found as MLflow finds them") {
  TestStore store;
  for (const json::value& row : Part("registered_models").at("rows").as_array()) {
    store.RegisteredModel(Text(row.at("name")), row.at("created").as_int64(),
                          row.at("updated").as_int64(), Pairs(row.at("tags")));
  }
  for (const json::value& row : Part("model_versions").at("rows").as_array()) {
    store.Version(Text(row.at("name")), row.at("version").as_int64(), Text(row.at("run_id")),
                  Text(row.at("source")), row.at("created").as_int64(),
                  row.at("updated").as_int64(), Pairs(row.at("tags")));
  }
  Replay(store, RegisteredModels(), "m.name", "registered_models");
  Replay(store, ModelVersions(), "v.name || '/' || v.version", "model_versions");
}

TEST_CASE("logged models are found as MLflow finds them") {
  TestStore store;
  store.Experiment(1, "e", 1, 1, {});
  for (const json::value& row : Part("logged_models").at("rows").as_array()) {
    TestLoggedModel model;
    model.id = Text(row.at("model_id"));
    model.name = Text(row.at("name"));
    model.status = "LOGGED_MODEL_" + Text(row.at("status"));
    if (model.status == "LOGGED_MODEL_FAILED") model.status = "LOGGED_MODEL_UPLOAD_FAILED";
    model.type = Text(row.at("model_type"));
    model.created = row.at("created").as_int64();
    model.params = Pairs(row.at("params"));
    model.tags = Pairs(row.at("tags"));
    for (const json::value& metric : row.at("metrics").as_array()) {
      model.metrics.push_back({Text(metric.at("key")), Number(metric.at("value")),
                               metric.at("step").as_int64(), metric.at("time").as_int64(),
                               Text(metric.at("dataset")), Text(metric.at("digest"))});
    }
    store.LoggedModel(model);
  }
  Replay(store, LoggedModels(), "l.name", "logged_models");
}

}  // namespace quern::search
