// Orders and page tokens: page by page is the whole order, whatever is missing.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/random.h"
#include "search/select.h"
#include "search/test_store.h"

namespace quern::search {
namespace {

/// Many equal, missing and NaN values, so that every kind of tie occurs.
void FillMixed(TestStore& store) {
  store.Experiment(1, "e", 1, 1, {});
  Rng rng(7);
  for (int i = 0; i < 60; ++i) {
    TestRun run;
    run.id = std::to_string(rng.Next());
    run.name = "run" + std::to_string(i);
    run.start = static_cast<int64_t>(rng.Below(5));
    if (rng.Below(3) > 0) run.end = run.start + static_cast<int64_t>(rng.Below(4));
    for (const char* key : {"m", "n"}) {
      const uint64_t kind = rng.Below(5);
      if (kind == 0) continue;
      run.metrics[key] = kind == 1 ? NotANumber() : Value(static_cast<double>(rng.Below(4)) - 1.5);
    }
    if (rng.Below(2) == 0) run.tags["t"] = std::string(rng.Below(3), 'z');
    if (rng.Below(2) == 0) run.params["p"] = rng.Below(2) == 0 ? "ä" : "Z";
    store.Run(run);
  }
}

/// Notes which statement reads the page.
class Listener : public store::Database {
 public:
  explicit Listener(store::Database& database) : database_(database) {}
  Status Execute(std::string_view sql, const std::vector<store::Param>& params) override {
    return database_.Execute(sql, params);
  }
  Status Query(std::string_view sql, const std::vector<store::Param>& params,
               const std::function<void(const store::Row&)>& on_row) override {
    last = sql;
    return database_.Query(sql, params, on_row);
  }
  Status Transaction(const std::function<Status()>& body) override {
    return database_.Transaction(body);
  }
  store::Dialect dialect() const override { return database_.dialect(); }
  std::string last;

 private:
  store::Database& database_;
};

}  // namespace

TEST_CASE("of few rows the way is chosen that looks at the fewest") {
  TestStore store;
  store.Experiment(1, "e", 1, 1, {});
  store.Experiment(2, "other", 1, 1, {});
  const auto add = [&](int64_t first, int64_t end, bool rare) {
    for (int64_t i = first; i < end; ++i) {
      TestRun run;
      run.id = "r" + std::to_string(i);
      run.start = i;
      run.metrics["m"] = Value(static_cast<double>(i * 7 % 41));
      run.params["half"] = std::to_string(i % 2);
      if (rare && i < 3) run.params["rare"] = "x";
      store.Run(run);
    }
  };
  add(0, 40, true);
  Listener db(store.db());
  const Scope scope = {"r.experiment_id IN (?) AND r.lifecycle = 'active'", {int64_t{1}}, true};
  const auto way = [&](const std::string& filter, const std::vector<std::string>& order) {
    Request request;
    request.filter = filter;
    request.order_by = order;
    const search::Query query = Compile(Runs(), request, db.dialect()).value();
    const auto read = [&](Few few) {
      std::vector<std::string> ids;
      REQUIRE(ReadPage(
          db, query, "r.id", 1, scope, 3,
          [&](const store::Row& row) { ids.push_back(row.Text(0)); }, few));
      return ids;
    };
    const auto found = read(FewFor(3));
    const std::string page = db.last;
    CHECK(found == read(Few{0}));
    if (page.find(" f CROSS JOIN ") != std::string::npos) return "find";
    return page.find("metric_series x CROSS JOIN ") != std::string::npos ? "walk" : "scan";
  };
  CHECK(std::string(way("params.half = '0'", {})) == "scan");
  CHECK(std::string(way("params.rare = 'x'", {})) == "find");
  CHECK(std::string(way("params.half = '0'", {"metrics.m"})) == "find");
  CHECK(std::string(way("", {"metrics.m"})) == "walk");
  // An index that holds mostly runs of other experiments is no shorter way.
  REQUIRE(store.db().Execute("UPDATE runs SET experiment_id = 2 WHERE start_ms >= 15"));
  CHECK(std::string(way("", {"metrics.m"})) == "scan");
}

TEST_CASE("values, then NaN, then what is missing, in both directions") {
  TestStore store;
  store.Experiment(1, "e", 1, 1, {});
  store.Run({"1", "one", 10, 20, {{"m", Value(1)}}, {{"p", "B"}}, {}, {}});
  store.Run({"2", "two", 10, std::nullopt, {{"m", NotANumber()}}, {}, {{"t", "x"}}, {}});
  store.Run({"3", "three", 30, 31, {}, {{"p", "a"}}, {{"t", ""}}, {}});
  store.Run({"4", "four", 40, 40, {{"m", {-2, -5, 9, 4}}}, {{"p", "a"}}, {}, {}});
  const std::pair<Names, Names> cases[] = {
      {{}, {"four", "three", "one", "two"}},
      {{"metrics.m"}, {"four", "one", "two", "three"}},
      {{"metrics.m DESC"}, {"one", "four", "two", "three"}},
      {{"max(metrics.m) DESC"}, {"four", "one", "two", "three"}},
      {{"min(metrics.m)"}, {"four", "one", "two", "three"}},
      {{"count(metrics.m) DESC"}, {"four", "one", "two", "three"}},
      {{"count(metrics.m)", "run_id desc"}, {"three", "two", "one", "four"}},
      {{"end_time"}, {"one", "three", "four", "two"}},
      {{"end_time DESC"}, {"four", "three", "one", "two"}},
      {{"duration DESC"}, {"one", "three", "four", "two"}},
      {{"params.p", "start_time ASC"}, {"one", "three", "four", "two"}},
      {{"params.p DESC", "start_time ASC"}, {"three", "four", "one", "two"}},
      {{"tags.t asc"}, {"three", "two", "four", "one"}},
      {{"start_time", "run_name"}, {"one", "two", "three", "four"}},
  };
  for (const auto& [order, expected] : cases) {
    CAPTURE((order.empty() ? std::string("none") : order.front()));
    CHECK(store.Runs("", order) == expected);
    CHECK(store.Runs("", order, 1) == expected);
  }
}

TEST_CASE("durations between any two times") {
  TestStore store;
  store.Experiment(1, "e", 1, 1, {});
  const auto run = [&](const std::string& name, int64_t start, std::optional<int64_t> end) {
    store.Run({name, name, start, end, {}, {}, {}, {}});
  };
  run("longest", INT64_MIN, INT64_MAX);
  run("backwards", INT64_MAX, INT64_MIN);
  run("usual", 1'700'000'000'000, 1'700'000'000'050);
  run("running", 5, std::nullopt);
  CHECK(store.Runs("duration = 50") == Names{"usual"});
  CHECK(store.Runs("duration > 9223372036854775807") == Names{"longest"});
  CHECK(store.Runs("duration < 0") == Names{"backwards"});
  CHECK(store.Runs("duration IS NULL") == Names{"running"});
  for (const int64_t size : {1, 2, 4}) {
    CHECK(store.Runs("", {"duration DESC"}, size) ==
          Names{"longest", "usual", "backwards", "running"});
  }
}

TEST_CASE("page by page is the whole order") {
  TestStore store;
  FillMixed(store);
  const Names orders[] = {
      {},
      {"metrics.m"},
      {"metrics.m DESC", "metrics.n"},
      {"metrics.n DESC", "metrics.m DESC", "tags.t"},
      {"tags.t DESC", "params.p"},
      {"params.p DESC", "end_time", "metrics.m"},
      {"start_time ASC", "tags.t"},
      {"duration", "run_name DESC"},
      {"max(metrics.m)", "count(metrics.n) DESC", "status"},
  };
  for (const Names& order : orders) {
    CAPTURE((order.empty() ? std::string("none") : order.front()));
    const Names whole = store.Runs("", order);
    CHECK(whole.size() == 60);
    for (const int64_t size : {1, 7, 60}) CHECK(store.Runs("", order, size) == whole);
    const Names some = store.Runs("NOT metrics.m > 0.5 OR tags.t IS NULL", order);
    CHECK(some.size() > 5);
    CHECK(some.size() < 60);
    CHECK(store.Runs("NOT metrics.m > 0.5 OR tags.t IS NULL", order, 3) == some);
  }
}

TEST_CASE("the longest order is one that the databases read") {
  TestStore store;
  FillMixed(store);
  Names order;
  for (size_t i = 0; i < kMaxOrderKeys; ++i) {
    order.push_back("metrics.x" + std::to_string(i) + (i % 2 == 0 ? " DESC" : ""));
  }
  const Names whole = store.Runs("", order);
  CHECK(whole.size() == 60);
  CHECK(store.Runs("", order, 25) == whole);
}

TEST_CASE("rows that come and go between pages do not shift them") {
  TestStore store;
  store.Experiment(1, "e", 1, 1, {});
  for (int i = 1; i <= 4; ++i) {
    TestRun run;
    run.id = run.name = std::to_string(i);
    run.start = i * 10;
    store.Run(run);
  }
  Request request;
  const auto next = [&] {
    const auto query = Compile(Runs(), request, store.db().dialect());
    REQUIRE(query);
    const Scope scope = {"r.lifecycle = ?", {"active"}};
    Names names;
    const auto token = ReadPage(store.db(), *query, "r.name", 1, scope, 2,
                                [&](const store::Row& row) { names.push_back(row.Text(0)); });
    REQUIRE(token);
    request.page_token = *token;
    return names;
  };
  CHECK(next() == Names{"4", "3"});
  TestRun late;
  late.id = late.name = "5";
  late.start = 50;
  store.Run(late);
  REQUIRE(store.db().Execute("DELETE FROM runs WHERE name = '3'"));
  CHECK(next() == Names{"2", "1"});
  CHECK(request.page_token.empty());
}

TEST_CASE("a count is of all pages") {
  TestStore store;
  FillMixed(store);
  Request request;
  request.filter = "tags.t IS NOT NULL";
  const auto query = Compile(Runs(), request, store.db().dialect());
  REQUIRE(query);
  const auto rows = CountAll(store.db(), *query, {"r.start_ms >= ?", {int64_t{1}}});
  REQUIRE(rows);
  CHECK(*rows == static_cast<int64_t>(store.Runs("tags.t IS NOT NULL AND start_time >= 1").size()));
  CHECK(*rows > 0);
  request.filter = "NOT tags.t = 'zz'";
  const Query scanned = Compile(Runs(), request, store.db().dialect()).value();
  CHECK(scanned.finders.empty());
  CHECK(CountAll(store.db(), scanned, {}).value() ==
        static_cast<int64_t>(store.Runs(request.filter).size()));
}

TEST_CASE("a page token belongs to its search") {
  Request request;
  request.filter = "metrics.m > 1";
  request.order_by = {"metrics.m"};
  request.scope = "1,2";
  const Query query = Compile(Runs(), request, Dialect::kSqlite).value();
  const std::vector<store::Param> keys = {1.5, int64_t{0}, int64_t{10}, std::string("id")};
  const std::string token = NextToken(query, keys);
  CHECK(
      token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
      std::string::npos);

  const auto refusal = [&](const auto& change) {
    Request other = request;
    other.page_token = token;
    change(other);
    const auto compiled = Compile(Runs(), other, Dialect::kSqlite);
    if (compiled) return std::string();
    CHECK(compiled.error().code == Code::kInvalidArgument);
    return compiled.error().message;
  };
  const std::string other_search =
      "Invalid page token, it belongs to a search with another filter, order or scope; pass the "
      "token of the page before as it is, or none to start again";
  CHECK(refusal([](Request&) {}).empty());
  CHECK(refusal([](Request& r) { r.filter += " "; }) == other_search);
  CHECK(refusal([](Request& r) { r.order_by = {"metrics.m DESC"}; }) == other_search);
  CHECK(refusal([](Request& r) { r.order_by.push_back("status"); }) == other_search);
  CHECK(refusal([](Request& r) { r.scope = "1"; }) == other_search);
  CHECK(refusal([](Request& r) { r.datasets = {{"d", ""}}; }) == other_search);
  CHECK(refusal([](Request& r) {
          r.page_token += "*";
        }).starts_with("Invalid page token, could not base64-decode"));
  CHECK(refusal([](Request& r) {
          r.page_token = "eyJvZmZzZXQiOiAxMH0";
        }).starts_with("Invalid page token, it is not one of this server's"));
  CHECK(refusal([](Request& r) {
          r.page_token = "AAAA";
        }).starts_with("Invalid page token, it does not hold JSON"));
  CHECK(refusal([](Request& r) {
          r.page_token.resize(20);
        }).starts_with("Invalid page token, it does not hold JSON"));
  CHECK(refusal([&](Request& r) {
          r.page_token = NextToken(query, {1.5, int64_t{0}, int64_t{10}});
        }).starts_with("Invalid page token, it has another number of sort keys"));
  CHECK(refusal([&](Request& r) {
          r.page_token = NextToken(query, {std::string("x"), int64_t{0}, int64_t{10}, "id"});
        }).starts_with("Invalid page token, a sort key in it has another type"));
  CHECK(refusal([&](Request& r) {
          r.page_token = NextToken(query, {1.5, int64_t{0}, int64_t{10}, store::Param()});
        }).starts_with("Invalid page token, a sort key in it has another type"));
  Request elsewhere;
  elsewhere.page_token = token;
  CHECK(Compile(Experiments(), elsewhere, Dialect::kSqlite).error().code == Code::kInvalidArgument);
}

TEST_CASE("a page of the default order walks the index of the runs table") {
  TestStore store;
  FillMixed(store);
  store::Database& db = store.db();
  Request request;
  request.page_token =
      NextToken(Compile(Runs(), request, db.dialect()).value(), {int64_t{3}, std::string("5")});
  const Query query = Compile(Runs(), request, db.dialect()).value();
  const Scope scope = {"r.experiment_id = ? AND r.lifecycle = ?", {int64_t{1}, "active"}};
  const Statement page = ScanPage({query, "r.num", scope}, 10);
  const bool postgres = db.dialect() == Dialect::kPostgres;
  std::string plan;
  REQUIRE(db.Transaction([&]() -> Status {
    // So few rows are read from end to end, unless that is forbidden.
    if (postgres) QUERN_TRY(db.Execute("SET LOCAL enable_seqscan = off"));
    return db.Query((postgres ? "EXPLAIN " : "EXPLAIN QUERY PLAN ") + page.sql, page.params,
                    [&](const store::Row& row) { plan += row.Text(postgres ? 0 : 3) + "\n"; });
  }));
  CAPTURE(plan);
  if (postgres) {
    CHECK(plan.find("Index Scan using runs_by_start") != std::string::npos);
    CHECK(plan.find("Sort") == std::string::npos);
  } else {
    CHECK(plan.find("runs_by_start (experiment_id=? AND lifecycle=? AND start_ms<?)") !=
          std::string::npos);
  }
}

TEST_CASE("what a filter can find is read from indexes") {
  const auto finders = [](const std::string& filter) {
    Request request;
    request.filter = filter;
    std::vector<std::string> selects;
    const Query query = Compile(Runs(), request, Dialect::kSqlite).value();
    for (const Finder& finder : query.finders) {
      selects.push_back(finder.Select().text);
    }
    return selects;
  };
  const std::string series = "SELECT x.run AS found FROM metric_series x WHERE x.key = ?";
  const std::string params = "SELECT x.run AS found FROM run_params x WHERE x.key = ?";
  CHECK(finders("metrics.m > 1") == Names{series + " AND x.last_value > ?"});
  // Both bounds of one metric are one range.
  CHECK(finders("metrics.m > 1 AND params.p LIKE 'x' AND metrics.m < 2") ==
        Names{series + " AND x.last_value > ? AND x.last_value < ?", params});
  // Whoever has no such metric is not found either.
  CHECK(finders("min(metrics.m) > 1") == Names{series});
  CHECK(finders("metrics.m != 1") == Names{series});
  CHECK(finders("params.p IN ('a', 'b')") ==
        Names{params + " AND substr(x.value, 1, 64) IN (substr(CAST(? AS TEXT), 1, 64), "
                       "substr(CAST(? AS TEXT), 1, 64))"});
  CHECK(finders("run_name = 'a' OR (end_time > 3 AND status LIKE 'x')") ==
        Names{"SELECT x.num AS found FROM runs x WHERE x.end_ms > ? UNION SELECT x.num AS found "
              "FROM runs x WHERE substr(x.name, 1, 64) IN (substr(CAST(? AS TEXT), 1, 64))"});
  for (const char* filter : {"metrics.m > 1 OR user_id = 'me'", "NOT metrics.m > 1",
                             "metrics.m IS NULL", "count(metrics.m) < 3", "status != 'FAILED'"}) {
    CAPTURE(filter);
    CHECK(finders(filter).empty());
  }
}

TEST_CASE("the indexes of runs are those that searches ask for") {
  TestStore store;
  FillMixed(store);
  store::Database& db = store.db();
  if (db.dialect() == Dialect::kPostgres) return;
  const Scope scope = {"r.experiment_id IN (?, ?) AND r.lifecycle = ?",
                       {int64_t{1}, int64_t{2}, "active"}};
  const auto plan = [&](const Statement& statement) {
    std::string text;
    REQUIRE(db.Query("EXPLAIN QUERY PLAN " + statement.sql, statement.params,
                     [&](const store::Row& row) { text += row.Text(3) + "\n"; }));
    return text;
  };
  const auto compiled = [&](const std::string& filter, const std::string& order) {
    Request request;
    request.filter = filter;
    if (!order.empty()) request.order_by = {order};
    return Compile(Runs(), request, db.dialect()).value();
  };
  struct Expected {
    const char* asked;
    const char* index;
  };
  const Expected found[] = {{"metrics.m < 1", "metric_series_by_value (key=? AND last_value<?)"},
                            {"params.p = 'x'", "run_params_by_value (key=? AND <expr>=?)"},
                            {"tags.t = 'x'", "run_tags_by_value (key=? AND <expr>=?)"},
                            {"run_name = 'x'", "runs_by_name (<expr>=?)"},
                            {"status = 'FAILED'", "runs_by_status (status=?)"},
                            {"start_time > 5", "runs_by_time (start_ms>?)"},
                            {"end_time > 5", "runs_by_end (end_ms>?)"}};
  for (const Expected& one : found) {
    const Query query = compiled(one.asked, "");
    const std::string text =
        plan(FoundPage({query, "r.num", scope}, {query.finders.front(), 100}, 10));
    CAPTURE(text);
    CHECK(text.find(one.index) != std::string::npos);
    CHECK(text.find("SEARCH r USING INTEGER PRIMARY KEY") != std::string::npos);
  }
  const Expected walked[] = {{"metrics.m DESC", "metric_series_by_value (key=? AND last_value>?)"},
                             {"params.p", "x USING INDEX run_params_by_value (key=?)"},
                             {"tags.t DESC", "x USING INDEX run_tags_by_value (key=?)"},
                             {"run_name", "x USING INDEX runs_by_name"},
                             {"start_time DESC", "x USING COVERING INDEX runs_by_time"},
                             {"end_time DESC", "runs_by_end (end_ms>?)"}};
  for (const Expected& one : walked) {
    const Query query = compiled("", one.asked);
    const std::string text = plan(WalkPages({query, "r.num", scope}, 10).front());
    CAPTURE(text);
    CHECK(text.find(one.index) != std::string::npos);
    // What an index sorts already is not sorted again.
    CHECK(text.find("USE TEMP B-TREE FOR ORDER BY") == std::string::npos);
  }
}

}  // namespace quern::search
