#pragma once
// For tests: a fresh database with rows of every entity, and whole searches on it. A test case that
// has one runs on every engine.
#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "search/page.h"
#include "store/database.h"
#include "tests/store/engines.h"

namespace quern::search {

using Names = std::vector<std::string>;
using Texts = std::map<std::string, std::string>;

/// Without a value: NaN.
struct TestMetric {
  std::optional<double> last;
  std::optional<double> least;
  std::optional<double> greatest;
  int64_t points = 1;
};

struct TestDataset {
  std::string name;
  std::string digest;
  /// Empty: the input has no context tag.
  std::string context;
};

struct TestRun {
  std::string id;
  std::string name;
  int64_t start = 0;
  std::optional<int64_t> end;
  std::map<std::string, TestMetric> metrics;
  Texts params;
  Texts tags;
  std::vector<TestDataset> datasets;
  std::string user = "ann";
  std::string status = "FINISHED";
  std::string artifact_uri = "here";
};

struct TestModelMetric {
  std::string key;
  std::optional<double> value;
  int64_t step = 0;
  int64_t time = 0;
  std::string dataset;
  std::string digest;
};

struct TestLoggedModel {
  std::string id;
  std::string name;
  std::string status = "LOGGED_MODEL_READY";
  std::string type;
  int64_t created = 0;
  Texts params;
  Texts tags;
  std::vector<TestModelMetric> metrics;
};

inline TestMetric Value(double value) { return {value, value, value, 1}; }
inline TestMetric NotANumber() { return {}; }

class TestStore {
 public:
  void Experiment(int64_t id, const std::string& name, int64_t created, int64_t updated,
                  const Texts& tags) {
    Insert("experiments(id, name, artifact_location, lifecycle, created_ms, updated_ms)",
           {id, name, "", "active", created, updated});
    for (const auto& [key, value] : tags) {
      Insert("experiment_tags(experiment_id, key, value)", {id, key, value});
    }
  }

  /// Into experiment 1, which must exist.
  void Run(const TestRun& run) {
    const int64_t num = ++runs_;
    Insert(
        "runs(num, id, experiment_id, name, user_id, status, start_ms, end_ms, artifact_uri, "
        "lifecycle, revision)",
        {num, run.id, int64_t{1}, run.name, run.user, run.status, run.start, Maybe(run.end),
         run.artifact_uri, "active", int64_t{0}});
    for (const auto& [key, value] : run.params) {
      Insert("run_params(run, key, value)", {num, key, value});
    }
    for (const auto& [key, value] : run.tags) {
      Insert("run_tags(run, key, value)", {num, key, value});
    }
    for (const auto& [key, metric] : run.metrics) {
      Insert(
          "metric_series(run, key, points, last_value, last_step, last_ms, least, greatest, "
          "first_step, top_step, sealed)",
          {num, key, metric.points, Maybe(metric.last), int64_t{0}, int64_t{0}, Maybe(metric.least),
           Maybe(metric.greatest), int64_t{0}, int64_t{0}, int64_t{0}});
    }
    for (const TestDataset& dataset : run.datasets) Dataset(num, dataset);
  }

  void RegisteredModel(const std::string& name, int64_t created, int64_t updated,
                       const Texts& tags) {
    Insert("registered_models(name, description, created_ms, updated_ms)",
           {name, "", created, updated});
    for (const auto& [key, value] : tags) {
      Insert("registered_model_tags(name, key, value)", {name, key, value});
    }
  }

  void Version(const std::string& name, int64_t version, const std::string& run_id,
               const std::string& source, int64_t created, int64_t updated, const Texts& tags) {
    Insert(
        "model_versions(name, version, digest, path, source, storage, run_id, run_link, model_id, "
        "user_id, description, stage, status, status_message, created_ms, updated_ms, detail)",
        {name, version, "", "", source, "", run_id, "", "", "", "", "None", "READY", "", created,
         updated, ""});
    for (const auto& [key, value] : tags) {
      Insert("model_version_tags(name, version, key, value)", {name, version, key, value});
    }
  }

  /// Into experiment 1, which must exist.
  void LoggedModel(const TestLoggedModel& model) {
    const int64_t num = ++models_;
    Insert(
        "logged_models(num, id, experiment_id, name, model_type, source_run_id, artifact_uri, "
        "status, status_message, created_ms, updated_ms)",
        {num, model.id, int64_t{1}, model.name, model.type, "", "", model.status, "", model.created,
         model.created});
    for (const auto& [key, value] : model.params) {
      Insert("logged_model_params(model, key, value)", {num, key, value});
    }
    for (const auto& [key, value] : model.tags) {
      Insert("logged_model_tags(model, key, value)", {num, key, value});
    }
    for (const TestModelMetric& metric : model.metrics) {
      Insert(
          "logged_model_metrics(model, key, step, time_ms, value, nan, run_id, dataset_name, "
          "dataset_digest)",
          {num, metric.key, metric.step, metric.time, metric.value.value_or(0),
           int64_t{metric.value ? 0 : 1}, "", metric.dataset, metric.digest});
    }
  }

  store::Database& db() { return *db_; }

  /// `shown` (an expression) of the found rows, fetched in pages of `size` rows by their tokens. In
  /// every way that there is to read a page: all give the same.
  Result<Names> Search(const Entity& entity, const std::string& shown, const Request& request,
                       int64_t size = 1000) {
    auto names = SearchWith(entity, shown, request, size, FewFor(size));
    if (!names) return names;
    constexpr Few kWalkOrScan{0}, kFindOrScan{1'000'000};
    for (const Few few : {kWalkOrScan, kFindOrScan}) {
      const auto others = SearchWith(entity, shown, request, size, few);
      CAPTURE(request.filter);
      CAPTURE(few.rows);
      if (!others) FAIL_CHECK(others.error().message);
      if (others) CHECK(*others == *names);
    }
    return names;
  }

  /// The names of runs, in order, or {"error: …"}.
  Names Runs(const std::string& filter, std::vector<std::string> order = {}, int64_t size = 1000) {
    Request request;
    request.filter = filter;
    request.order_by = std::move(order);
    auto found = Search(search::Runs(), "r.name", request, size);
    return found ? *found : Names{"error: " + found.error().message};
  }

 private:
  template <class T>
  static store::Param Maybe(const std::optional<T>& value) {
    return value ? store::Param(*value) : store::Param();
  }

  Result<Names> SearchWith(const Entity& entity, const std::string& shown, Request request,
                           int64_t size, Few few) {
    Names names;
    for (;;) {
      QUERN_ASSIGN(const Query query, Compile(entity, request, db_->dialect()));
      QUERN_ASSIGN(request.page_token,
                   ReadPage(
                       *db_, query, shown, 1, {}, size,
                       [&](const store::Row& row) { names.push_back(row.Text(0)); }, few));
      if (request.page_token.empty()) return names;
    }
  }

  void Insert(const std::string& into, const std::vector<store::Param>& values) {
    std::string marks = "?";
    for (size_t i = 1; i < values.size(); ++i) marks += ", ?";
    const Status done = db_->Execute("INSERT INTO " + into + " VALUES (" + marks + ")", values);
    if (!done) FAIL(done.error().message);
  }

  void Dataset(int64_t run, const TestDataset& dataset) {
    int64_t num = 0;
    const auto find = [&] {
      REQUIRE(db_->Query("SELECT num FROM datasets WHERE name = ? AND digest = ?",
                         {dataset.name, dataset.digest},
                         [&](const store::Row& row) { num = row.Int(0); }));
    };
    find();
    if (num == 0) {
      Insert("datasets(experiment_id, name, digest, source_type, source)",
             {int64_t{1}, dataset.name, dataset.digest, "local", "here"});
      find();
    }
    const int64_t input = ++inputs_;
    Insert("run_inputs(num, run, dataset)", {input, run, num});
    if (dataset.context.empty()) return;
    Insert("run_input_tags(input, key, value)", {input, "mlflow.data.context", dataset.context});
  }

  store::TestDatabase db_{store::EachEngine()};
  int64_t runs_ = 0;
  int64_t models_ = 0;
  int64_t inputs_ = 0;
};

}  // namespace quern::search
