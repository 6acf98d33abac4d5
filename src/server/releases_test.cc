#include "server/releases.h"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/json.hpp>
#include <map>

#include "base/json.h"
#include "net/client.h"
#include "server/model_watch.h"
#include "server/serve.h"
#include "serving/fake_engine.h"

namespace quern::server {
namespace {

/// Counts the questions for decisions, and can fail them.
class AskedDatabase : public store::Database {
 public:
  explicit AskedDatabase(std::unique_ptr<store::Database> inner) : inner_(std::move(inner)) {}
  Status Execute(std::string_view sql, const std::vector<store::Param>& params) override {
    return inner_->Execute(sql, params);
  }
  Status Query(std::string_view sql, const std::vector<store::Param>& params,
               const std::function<void(const store::Row&)>& on_row) override {
    if (sql.find("decision") != std::string_view::npos) {
      ++asked;
      if (fails) return Fail(Code::kUnavailable, "the database is away");
    }
    return inner_->Query(sql, params, on_row);
  }
  Status Transaction(const std::function<Status()>& body) override {
    return inner_->Transaction(body);
  }
  Status Write(const std::function<Status()>& body) override { return inner_->Write(body); }
  std::atomic<int> asked{0};
  std::atomic<bool> fails{false};

 private:
  std::unique_ptr<store::Database> inner_;
};

/// A version that wants a column which nobody sends.
constexpr const char* kDemanding = "3";
constexpr const char* kRow = R"({"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1]},
                                           {"name":"flag","shape":[1],"datatype":"FP64","data":[1]},
                                           {"name":"sex","shape":[1],"datatype":"BYTES","data":["no"]}]})";

/// A registry whose champion releases move, and a server that watches it.
struct ReleasesFixture {
  ReleasesFixture() {
    ServeOptions options;
    options.models = {{"heart", "1", {"champion"}, ""}};
    options.database = &database;
    options.log_predictions = false;
    options.load = [this](const serving::ModelFiles& files,
                          int64_t now_ms) -> Result<serving::LoadedModel> {
      MutexLock lock(mutex);
      ++loads[files.version];
      serving::Signature signature = serving::BinarySignature();
      if (files.version == kDemanding) signature.inputs.push_back({"more", false});
      return serving::LoadedModel{
          serving::FakeServed(files.name, files.version, std::move(signature), now_ms), ""};
    };
    options.releases.models = {"heart"};
    options.releases.find = [this](const std::string& model,
                                   const std::string& version) -> Result<ModelToServe> {
      MutexLock lock(mutex);
      return ModelToServe{model, version == "champion" ? champion : version, {}, ""};
    };
    options.releases.set_alias = [this](const std::string&, const std::string&,
                                        const std::string& version) -> Status {
      MutexLock lock(mutex);
      champion = version;
      return {};
    };
    server = std::move(*StartServer(std::move(options)));
    client = std::make_unique<net::HttpClient>("127.0.0.1", server->port());
    const auto resolve = [this]() -> Result<ModelToServe> {
      MutexLock lock(mutex);
      return ModelToServe{"heart", champion, {"champion"}, ""};
    };
    watch = std::make_unique<ModelWatch>(
        *server, std::vector<WatchedModel>{{"heart@champion", resolve, *resolve()}}, VersionSet(),
        1e6);
  }
  net::HttpResponse Post(std::string_view target, std::string_view body) {
    return client->Post(target, body, "application/json").value();
  }
  /// Which version answers.
  std::string Asked() {
    const auto response = Post("/v2/models/heart/infer", kRow);
    REQUIRE_MESSAGE(response.status == 200, response.body);
    return std::string(ParseJson(response.body)->at("model_version").as_string());
  }
  int Loads(const std::string& version) {
    MutexLock lock(mutex);
    return loads[version];
  }

  TempDir dir;
  AskedDatabase database{*store::OpenSqlite(dir.File("quern.db"), RealFs())};
  Mutex mutex;
  std::string champion = "1";
  std::map<std::string, int> loads;
  std::unique_ptr<RunningServer> server;
  std::unique_ptr<net::HttpClient> client;
  std::unique_ptr<ModelWatch> watch;
};

}  // namespace

TEST_CASE(
    "within the hold an abort brings the old version back at once, though its alias is gone") {
  ReleasesFixture fixture;
  REQUIRE(fixture
              .Post("/v1/releases", R"({"model":"heart","candidate":"2",
                                           "strategy":{"strategy":"basic","hold":"1h"}})")
              .status == 201);
  CHECK(fixture.Asked() == "2");
  fixture.watch->Look();
  CHECK(fixture.server->Serves("heart", "1"));
  CHECK(fixture.Asked() == "2");
  CHECK(fixture.Loads("2") == 1);  // by the release, not by the watch once more
  REQUIRE(fixture.Post("/v1/releases/heart/abort", R"({"reason":"not today"})").status == 200);
  CHECK(fixture.Asked() == "1");
  CHECK_FALSE(fixture.server->Serves("heart", "2"));
  fixture.watch->Look();
  CHECK(fixture.Asked() == "1");
  CHECK(fixture.Loads("1") == 1);
}

TEST_CASE("once the hold is over the old version goes") {
  ReleasesFixture fixture;
  REQUIRE(fixture
              .Post("/v1/releases", R"({"model":"heart","candidate":"2",
                                           "strategy":{"strategy":"basic","hold":"1h"}})")
              .status == 201);
  fixture.watch->Look();
  REQUIRE(fixture.Post("/v1/releases/heart/finish", "{}").status == 200);
  CHECK_FALSE(fixture.server->Serves("heart", "1"));
  CHECK(fixture.Asked() == "2");
}

TEST_CASE("labels are looked up in lumps under a release, and stored whatever comes of that") {
  ReleasesFixture fixture;
  const auto labels = [](const std::string& name, int count) {
    std::string body = "[";
    for (int i = 0; i < count; ++i) {
      body += (i > 0 ? "," : "") + std::string(R"({"prediction_id":")") + name + std::to_string(i) +
              R"(","label":"1"})";
    }
    return body + "]";
  };
  REQUIRE(fixture.Post("/v1/feedback", labels("before", 3)).status == 200);
  CHECK(fixture.database.asked == 0);
  REQUIRE(fixture
              .Post("/v1/releases", R"({"model":"heart","candidate":"2",
                                           "strategy":{"strategy":"canary"}})")
              .status == 201);
  REQUIRE(fixture.Post("/v1/feedback", labels("during", 1200)).status == 200);
  CHECK(fixture.database.asked == 3);
  fixture.database.fails = true;
  const auto answer = fixture.Post("/v1/feedback", labels("failing", 2));
  CHECK(answer.status == 200);
  CHECK_MESSAGE(ParseJson(answer.body)->at("accepted").to_number<int>() == 2, answer.body);
}

TEST_CASE(
    "what a candidate refuses the stable version answers, and it counts against the candidate") {
  ReleasesFixture fixture;
  REQUIRE(fixture
              .Post("/v1/releases", R"({"model":"heart","candidate":"3",
                  "strategy":{"strategy":"canary","steps":[{"weight":50,"for":"1h"}]}})")
              .status == 201);
  // Of the candidate: events of the metric, and requests.
  const auto counted = [&](size_t metric) {
    const auto shown = ParseJson(fixture.client->Get("/v1/releases/heart").value().body).value();
    const json::value& candidate =
        shown.at("verdicts").at(0).at("metrics").at(metric).at("candidate");
    return std::pair(candidate.at("events").to_number<int>(), candidate.at("n").to_number<int>());
  };
  int instead = 0;
  for (int i = 0; i < 100 && instead < 3; ++i) {
    const auto answered = fixture.Post("/v2/models/heart/infer", kRow);
    REQUIRE_MESSAGE(answered.status == 200, answered.body);
    CHECK(ParseJson(answered.body)->at("model_version") == "1");
    CHECK(answered.Find("X-Quern-Version") == "1");
    const std::string route(answered.Find("X-Quern-Route"));
    const std::string way = route.substr(route.find('/'));
    instead += way == "/0/0/0.5/1" ? 1 : 0;
    CHECK_MESSAGE((way == "/0/0/0.5" || way == "/0/0/0.5/1"), way);
  }
  CHECK(instead == 3);
  const double end = MonotonicSeconds() + 20;  // the tick counts once a second
  while (counted(0).second < 3 && MonotonicSeconds() < end) {
  }
  CHECK(counted(0) == std::pair(3, 3));  // errors
  CHECK(counted(1) == std::pair(0, 3));  // invalid
  // What both refuse is the caller's error, said by the version that its callers know.
  for (int i = 0; i < 20; ++i) {
    const auto refused = fixture.Post("/v2/models/heart/infer", R"({"inputs":[]})");
    CHECK(refused.status == 400);
    CHECK(refused.Find("X-Quern-Version") == "1");
    CHECK(refused.body.find("more") == std::string::npos);
  }
  // Who names the candidate hears what it says.
  CHECK(fixture.Post("/v2/models/heart/versions/3/infer", kRow).status == 400);
}

}  // namespace quern::server
