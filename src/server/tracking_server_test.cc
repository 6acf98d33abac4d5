#include "server/tracking_server.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <map>
#include <set>

#include "base/text.h"
#include "net/client.h"
#include "server/artifact_stores.h"

namespace quern::server {
namespace {

std::unique_ptr<TrackingServer> StartIn(const std::string& folder,
                                        TrackingServerOptions options = {}) {
  options.state_dir = folder;
  options.http.threads = 4;
  auto server = StartTrackingServer(std::move(options));
  REQUIRE_MESSAGE(server, (server ? "" : server.error().ToString()));
  return std::move(*server);
}

struct Ask {
  std::string method;
  std::string path;  // {e}, {r}, … are filled with what earlier answers held
  std::string body = {};
  int status = 200;
  std::string keep = {};  // a name, and where in the answer its value stands
  std::string place = {};
  std::string type = "application/json";
};

/// Below {api}/2.0/mlflow unless the path says otherwise.
const std::vector<Ask>& Story() {
  static const std::string kRun = R"({"run_id":"{r}")";
  static const std::vector<Ask> kStory = {
      {"POST", "/experiments/create", R"({"name":"{api}"})", 200, "e", "experiment_id"},
      {"GET", "/experiments/get?experiment_id={e}"},
      {"GET", "/experiments/get-by-name?experiment_name=Default"},
      {"POST", "/experiments/search", R"({"max_results":5})"},
      {"GET", "/experiments/search?max_results=5"},
      {"POST", "/experiments/update", R"({"experiment_id":"{e}","new_name":"{api}2"})"},
      {"POST", "/experiments/set-experiment-tag", R"({"experiment_id":"{e}","key":"k"})"},
      {"POST", "/experiments/delete-experiment-tag", R"({"experiment_id":"{e}","key":"k"})"},
      {"POST", "/experiments/delete", R"({"experiment_id":"{e}"})"},
      {"POST", "/experiments/restore", R"({"experiment_id":"{e}"})"},
      {"POST", "/runs/create", R"({"experiment_id":"{e}"})", 200, "r", "run/info/run_id"},
      {"GET", "/runs/get?run_id={r}"},
      {"POST", "/runs/update", kRun + R"(,"status":"FINISHED"})"},
      {"POST", "/runs/log-metric", kRun + R"(,"key":"m","value":1,"timestamp":1})"},
      {"POST", "/runs/log-parameter", kRun + R"(,"key":"p","value":"1"})"},
      {"POST", "/runs/log-batch", kRun + R"(,"metrics":[{"key":"m","value":2,"timestamp":2}]})"},
      {"POST", "!/{api}/2.0/quern/ingest", kRun + R"(,"key":"m","value":3,"timestamp":3})", 200, "",
       "", "application/x-ndjson"},
      {"POST", "/runs/set-tag", kRun + R"(,"key":"t","value":"1"})"},
      {"POST", "/runs/delete-tag", kRun + R"(,"key":"t"})"},
      {"POST", "/runs/log-inputs", kRun + R"(,"models":[{"model_id":"m-0"}]})"},
      {"POST", "/runs/outputs", kRun + R"(,"models":[{"model_id":"m-0","step":1}]})"},
      {"POST", "/runs/log-model",
       kRun + R"(,"model_json":"{\"artifact_path\":\"a\",\"run_id\":)"
              R"(\"r\",\"utc_time_created\":\"t\",\"flavors\":{}}"})"},
      {"POST", "/runs/search", R"({"experiment_ids":["{e}"],"count_total":true})"},
      {"GET", "/metrics/get-history?run_id={r}&metric_key=m"},
      {"GET", "/metrics/get-history-bulk?run_id={r}&metric_key=m"},
      {"GET", "/metrics/get-history-bulk-interval?run_ids={r}&metric_key=m"},
      {"POST", "/experiments/search-datasets", R"({"experiment_ids":["{e}"]})"},
      {"POST", "/upload-artifact?run_uuid={r}&path=a.txt", "text"},
      {"GET", "/artifacts/list?run_id={r}"},
      {"GET", "!/get-artifact?run_id={r}&path=a.txt", "", 0},
      {"GET", "!/artifact-view?run_id={r}&path=a.txt", "", 0},
      {"GET", "!/graphql?query=%7B__typename%7D"},
      {"POST", "!/graphql", R"({"query":"{__typename}"})"},
      {"GET", "!/{api}/2.0/graphql?query=%7B__typename%7D"},
      {"POST", "!/{api}/2.0/graphql", R"({"query":"{__typename}"})"},
      {"PUT", "!/{api}/2.0/mlflow-artifacts/artifacts/{e}/{r}/artifacts/b.txt", "text"},
      {"GET", "!/{api}/2.0/mlflow-artifacts/artifacts?path={e}/{r}/artifacts"},
      {"GET", "!/{api}/2.0/mlflow-artifacts/artifacts/{e}/{r}/artifacts/b.txt"},
      {"DELETE", "!/{api}/2.0/mlflow-artifacts/artifacts/{e}/{r}/artifacts/b.txt"},
      {"POST", "!/{api}/2.0/mlflow-artifacts/mpu/create/x", R"({"path":"x","num_parts":1})", 200,
       "u", "upload_id"},
      {"PUT", "!/{api}/2.0/mlflow-artifacts/mpu/parts/{u}/1", "text"},
      {"POST", "!/{api}/2.0/mlflow-artifacts/mpu/complete/x",
       R"({"path":"x","upload_id":"{u}","parts":[]})", 400},
      {"POST", "!/{api}/2.0/mlflow-artifacts/mpu/abort/x", R"({"path":"x","upload_id":"{u}"})"},
      {"POST", "!/{api}/2.0/mlflow-artifacts/mpu/create", R"({"path":"x","num_parts":1})", 0},
      {"POST", "!/{api}/2.0/mlflow-artifacts/mpu/complete", "{}", 0},
      {"POST", "!/{api}/2.0/mlflow-artifacts/mpu/abort", "{}", 0},
      {"POST", "/logged-models", R"({"experiment_id":"{e}","name":"l"})", 200, "m",
       "model/info/model_id"},
      {"GET", "/logged-models/{m}"},
      {"PATCH", "/logged-models/{m}", R"({"status":"LOGGED_MODEL_READY"})"},
      {"PATCH", "/logged-models/{m}/tags", R"({"tags":[{"key":"a/b","value":"1"}]})"},
      {"DELETE", "/logged-models/{m}/tags/a%2Fb"},
      {"POST", "/logged-models/{m}/params", R"({"params":[{"key":"k","value":"1"}]})"},
      {"POST", "/logged-models/search", R"({"experiment_ids":["{e}"]})"},
      {"GET", "/logged-models/{m}/artifacts/directories"},
      {"GET", "/logged-models/{m}/artifacts/files?artifact_file_path=MLmodel", "", 404},
      {"DELETE", "/logged-models/{m}"},
      {"POST", "/runs/delete", kRun + "}"},
      {"POST", "/runs/restore", kRun + "}"},
      {"POST", "/registered-models/create", R"({"name":"{api}"})"},
      {"GET", "/registered-models/get?name={api}"},
      {"PATCH", "/registered-models/update", R"({"name":"{api}","description":"d"})"},
      {"GET", "/registered-models/search"},
      {"POST", "/registered-models/search", "{}"},
      {"POST", "/registered-models/set-tag", R"({"name":"{api}","key":"k","value":"v"})"},
      {"DELETE", "/registered-models/delete-tag", R"({"name":"{api}","key":"k"})"},
      {"POST", "/model-versions/create", R"({"name":"{api}","source":"s3://b/m"})"},
      {"GET", "/model-versions/get?name={api}&version=1"},
      {"PATCH", "/model-versions/update", R"({"name":"{api}","version":"1","description":"d"})"},
      {"GET", "/model-versions/search"},
      {"GET", "/model-versions/get-download-uri?name={api}&version=1"},
      {"POST", "/model-versions/set-tag",
       R"({"name":"{api}","version":"1","key":"k","value":"v"})"},
      {"DELETE", "/model-versions/delete-tag", R"({"name":"{api}","version":"1","key":"k"})"},
      {"POST", "/model-versions/transition-stage",
       R"({"name":"{api}","version":"1","stage":"Staging","archive_existing_versions":false})"},
      {"POST", "/registered-models/alias", R"({"name":"{api}","alias":"a","version":"1"})"},
      {"GET", "/registered-models/alias?name={api}&alias=a"},
      {"DELETE", "/registered-models/alias", R"({"name":"{api}","alias":"a"})"},
      {"GET", "/registered-models/get-latest-versions?name={api}"},
      {"POST", "/registered-models/get-latest-versions", R"({"name":"{api}"})"},
      {"GET", "!/model-versions/get-artifact?name={api}&version=1&path=a", "", 0},
      {"DELETE", "/model-versions/delete", R"({"name":"{api}","version":"1"})"},
      {"POST", "/registered-models/rename", R"({"name":"{api}","new_name":"{api}2"})"},
      {"DELETE", "/registered-models/delete", R"({"name":"{api}2"})"},
      {"POST", "/webhooks", "{}", 400},
      {"GET", "/webhooks"},
      {"GET", "/webhooks/none", "", 404},
      {"PATCH", "/webhooks/none", R"({"description":"d"})", 404},
      {"DELETE", "/webhooks/none", "", 404},
      {"POST", "/webhooks/none/test", "{}", 404},
      {"GET", "!/{api}/2.0/quern/overview"},
      {"GET", "!/{api}/2.0/quern/document?sections=design,train"},
      {"GET", "!/{api}/2.0/quern/requirements"},
      {"GET", "!/{api}/2.0/quern/pipeline/runs"},
      {"GET", "!/{api}/2.0/quern/pipeline/runs/none", "", 404},
      {"GET", "!/{api}/2.0/quern/lineage"},
      {"GET", "!/{api}/2.0/quern/data"},
      {"GET", "!/{api}/2.0/quern/data/none", "", 404},
      {"GET", "!/{api}/2.0/quern/data/none/compare?before=a&after=b", "", 404},
      {"GET", "!/{api}/2.0/quern/metrics/columns?run_ids={r}&metric_key=m"},
      {"GET", "!/{api}/2.0/quern/models"},
      {"GET", "!/{api}/2.0/quern/models/none", "", 404},
      {"GET", "!/{api}/2.0/quern/models/none/versions/1", "", 404},
      {"GET", "!/{api}/2.0/quern/models/none/versions/1/gate", "", 404},
      {"GET", "!/{api}/2.0/quern/models/none/versions/1/card", "", 404},
      {"GET", "!/{api}/2.0/quern/models/none/compare?a=1&b=2", "", 404},
      {"GET", "!/{api}/2.0/quern/models/none/log", "", 404},
      {"GET", "!/{api}/2.0/quern/registry/log"},
      {"GET", "!/{api}/2.0/quern/models/none/policies", "", 404},
      {"PUT", "!/{api}/2.0/quern/models/none/policies", R"({"policies":{}})", 404},
      {"PUT", "!/{api}/2.0/quern/models/none/policies/champion",
       R"({"policy":{"reviewer":"any"},"reason":"x","actor":"ada"})", 404},
      {"POST", "!/{api}/2.0/quern/models/none/versions/1/approve", R"({"actor":"a","reason":"r"})",
       404},
      {"POST", "!/{api}/2.0/quern/models/none/versions/1/reject", R"({"actor":"a","reason":"r"})",
       404},
      {"POST", "!/{api}/2.0/quern/models/none/versions/1/checks",
       R"({"actor":"a","check":"c","passed":true,"reason":"r"})", 404},
      {"GET", "!/{api}/2.0/quern/serving"},
      {"GET", "!/{api}/2.0/quern/serving/releases/none", "", 404},
      {"GET", "!/{api}/2.0/quern/serving/predictions?model=none"},
      {"POST", "!/{api}/2.0/quern/serving/releases", R"({"actor":"a","model":"none"})", 404},
      {"POST", "!/{api}/2.0/quern/serving/releases/none/promote", R"({"actor":"a"})", 404},
      {"POST", "!/{api}/2.0/quern/serving/releases/none/abort", R"({"actor":"a"})", 404},
      {"POST", "!/{api}/2.0/quern/serving/releases/none/pause", R"({"actor":"a"})", 404},
      {"POST", "!/{api}/2.0/quern/serving/releases/none/resume", R"({"actor":"a"})", 404},
      {"POST", "!/{api}/2.0/quern/serving/releases/none/weight", R"({"actor":"a","weight":1})",
       404},
      {"POST", "!/{api}/2.0/quern/serving/releases/none/finish", R"({"actor":"a"})", 404},
      {"GET", "!/{api}/2.0/quern/serving/servers"},
      {"GET", "!/{api}/2.0/quern/serving/form?server=none&model=none", "", 404},
      {"POST", "!/{api}/2.0/quern/serving/try", R"({"server":"none","model":"none","body":"{}"})",
       404},
      {"GET", "!/{api}/2.0/quern/pipeline/control"},
      {"POST", "!/{api}/2.0/quern/pipeline/start", R"({"actor":"a"})", 403},
      {"POST", "!/{api}/2.0/quern/pipeline/cancel", R"({"actor":"a"})", 403},
      {"GET", "!/{api}/2.0/quern/monitoring"},
      {"GET", "!/{api}/2.0/quern/events?timeout=0"},
      {"GET", "!/{api}/3.0/mlflow/server-info"},
      {"GET", "!/"},
      {"GET", "!/page.json"},
      {"GET", "!/assets/none.js", "", 404},
      {"GET", "!/health"},
      {"GET", "!/version"},
  };
  return kStory;
}

std::string Fill(std::string text, const std::map<std::string, std::string>& known) {
  for (const auto& [name, value] : known) {
    const std::string hole = "{" + name + "}";
    for (size_t at = 0; (at = text.find(hole, at)) != std::string::npos; at += value.size()) {
      text.replace(at, hole.size(), value);
    }
  }
  return text;
}

std::string Find(const std::string& body, std::string_view place) {
  boost::json::value value = boost::json::parse(body);
  for (std::string_view part : Split(place, '/')) value = boost::json::value(value.at(part));
  return std::string(value.as_string());
}

/// Whether a request's path is one of a route's: "GET /a/{b}/{c...}".
bool Takes(const std::string& route, const std::string& request) {
  const auto pattern = Split(route, '/');
  const auto parts = Split(std::string_view(request).substr(0, request.find('?')), '/');
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (i >= parts.size()) return false;
    if (pattern[i].ends_with("...}")) return true;
    if (!pattern[i].starts_with('{') && pattern[i] != parts[i]) return false;
  }
  return pattern.size() == parts.size();
}

TEST_CASE("every route does its work below both prefixes") {
  TempDir folder;
  const auto server = StartIn(folder.path());
  net::HttpClient client("127.0.0.1", server->port());
  std::set<std::string> unseen;
  for (const auto& [route, doc] : server->routes()) {
    CHECK_FALSE(doc.empty());
    // The page's addresses: page/page_routes_test.cc.
    if (doc != "the web page") unseen.insert(route);
  }
  REQUIRE(unseen.size() > 100);
  const std::set<std::string> ajax_only = {
      "/experiments/search-datasets", "/upload-artifact?run_uuid={r}&path=a.txt",
      "/metrics/get-history-bulk?run_id={r}&metric_key=m",
      "/logged-models/{m}/artifacts/files?artifact_file_path=MLmodel"};
  for (const char* api : {"api", "ajax-api"}) {
    std::map<std::string, std::string> known = {{"api", api}};
    for (const Ask& ask : Story()) {
      if (known["api"] == "api" && ajax_only.contains(ask.path)) continue;
      const bool whole = ask.path.starts_with('!');
      const std::string path =
          Fill(whole ? ask.path.substr(1) : "/{api}/2.0/mlflow" + ask.path, known);
      const auto answer =
          client.Send(ask.method, path, Fill(ask.body, known), {{"Content-Type", ask.type}});
      CAPTURE(path);
      REQUIRE(answer);
      CAPTURE(answer->body);
      CHECK(answer->status < 500);
      CHECK(answer->status != 405);
      CHECK(answer->body.find("ENDPOINT_NOT_FOUND") == std::string::npos);
      if (ask.status != 0) CHECK(answer->status == ask.status);
      if (!ask.keep.empty() && answer->status == 200) {
        known[ask.keep] = Find(answer->body, ask.place);
      }
      std::erase_if(
          unseen, [&](const std::string& route) { return Takes(route, ask.method + " " + path); });
    }
  }
  for (const std::string& route : unseen) CHECK_MESSAGE(false, "not tried: " << route);
}

TEST_CASE("a store is found again, and its default experiment is made once") {
  TempDir folder;
  for (int i = 0; i < 2; ++i) {
    const auto server = StartIn(folder.path());
    net::HttpClient client("127.0.0.1", server->port());
    const auto answer = client.Get("/api/2.0/mlflow/experiments/search?max_results=10");
    REQUIRE(answer);
    CHECK(Find(answer->body.substr(answer->body.find("[") + 1,
                                   answer->body.rfind("]") - answer->body.find("[") - 1),
               "artifact_location") == "mlflow-artifacts:/0");
    server->Stop();
    server->Stop();
  }
}

TEST_CASE("an upload under a foreign name is refused and leaves nothing") {
  TempDir folder;
  const auto server = StartIn(folder.path());
  net::HttpClient client("127.0.0.1", server->port());
  const auto answer = client.Send("PUT", "/api/2.0/mlflow-artifacts/artifacts/x", "text",
                                  {{"Origin", "https://evil.example.org"}});
  REQUIRE(answer);
  CHECK(answer->status == 403);
  CHECK(client.Get("/api/2.0/mlflow-artifacts/artifacts/x")->status == 404);
}

TEST_CASE("no address of the page hides a call") {
  TempDir folder;
  const auto server = StartIn(folder.path());
  std::set<std::string> calls;
  for (const auto& [route, doc] : server->routes()) {
    if (doc != "the web page") calls.insert(std::string(Split(route, '/').at(1)));
  }
  for (const char* first : {"api", "ajax-api", "graphql", "get-artifact", "version", "health"}) {
    CHECK(calls.contains(first));
  }
  for (const auto& [route, doc] : server->routes()) {
    if (doc != "the web page") continue;
    CHECK_MESSAGE(!calls.contains(std::string(Split(route, '/').at(1))), route);
  }
}

TEST_CASE("what cannot be opened is said") {
  TempDir folder;
  TrackingServerOptions options;
  options.state_dir = folder.File("state");
  options.artifacts_destination = "ftp://host/x";
  const auto place = StartTrackingServer(options);
  REQUIRE_FALSE(place);
  CHECK(place.error().message.find("--artifacts-destination 'ftp://host/x'") != std::string::npos);
  REQUIRE(RealFs().WriteAtomic(folder.File("not.db"), std::string(5000, 'x')));
  options.artifacts_destination.clear();
  options.database = folder.File("not.db");
  const auto database = StartTrackingServer(options);
  REQUIRE_FALSE(database);
  CHECK(database.error().code == Code::kDataLoss);
}

TEST_CASE("folders that places name") {
  CHECK(LocalFolder("/a/b/../c/") == "/a/c");
  CHECK(LocalFolder("file:///a%20b") == "/a b");
  CHECK(LocalFolder("file:/a") == "/a");
  CHECK(LocalFolder("file://localhost/a") == "/a");
  CHECK(LocalFolder("rel")->ends_with("/rel"));
  for (const char* place : {"", "s3://b/a", "mlflow-artifacts:/", "file://host/a", "file:rel"}) {
    CAPTURE(place);
    CHECK_FALSE(LocalFolder(place).has_value());
  }
}

}  // namespace
}  // namespace quern::server
