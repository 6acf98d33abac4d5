#include <doctest/doctest.h>

#include <atomic>

#include "base/json_fields.h"
#include "exchange/server_client.h"
#include "exchange/server_source.h"
#include "net/http.h"

namespace quern::exchange {
namespace {

/// A server that answers as it is told.
class Answering {
 public:
  explicit Answering(net::Handler handler)
      : server_({}, std::move(handler)), port_(*server_.Start()) {}
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::unique_ptr<ServerClient> Client(
      const std::string& prefix = "",
      const std::function<const char*(const char*)>& environment = {}) const {
    return *ServerClient::Open(url() + prefix, environment);
  }

 private:
  net::HttpServer server_;
  uint16_t port_;
};

net::HttpResponse Json(const std::string& body, int status = 200) {
  net::HttpResponse response;
  response.status = status;
  response.body = body;
  return response;
}

}  // namespace

TEST_CASE("addresses of servers") {
  for (const char* bad : {"http://", "ftp://h", "http://h:0", "http://h:x", "h", ""}) {
    CHECK_MESSAGE(ServerClient::Open(bad, {}).error().code == Code::kInvalidArgument, bad);
  }
  CHECK((*ServerClient::Open("http://h/mlflow/", {}))->url() == "http://h/mlflow");
  CHECK((*ServerClient::Open("http://ann:pa%3Ass@h:5000", {}))->url() == "http://h:5000");
  CHECK((*ServerClient::Open("https://ann@h/x@y", {}))->url() == "https://h/x@y");
}

TEST_CASE("pages, credentials and a path before the calls") {
  std::string authorization;
  Answering server([&](const net::HttpRequest& request) {
    authorization = request.Find("Authorization");
    CHECK(request.path == "/at/list");
    return Json(request.query == "a=1%202"
                    ? R"({"items": [{"n": 1}, {"n": "2"}], "next_page_token": "t"})"
                    : R"({"items": [{"n": 3}]})");
  });
  const auto client = server.Client("/at", [](const char* name) -> const char* {
    const std::string_view asked = name;
    if (asked == "MLFLOW_TRACKING_USERNAME") return "ann";
    return asked == "MLFLOW_TRACKING_PASSWORD" ? "pa:ss" : nullptr;
  });
  int64_t sum = 0;
  REQUIRE(client->EachOfGet("/list", {{"a", "1 2"}}, "items",
                            [&](const boost::json::object& item) -> Status {
                              sum += IntAt(item, "n").value_or(0);
                              return {};
                            }));
  CHECK(sum == 6);
  CHECK(authorization == "Basic YW5uOnBhOnNz");
}

TEST_CASE("answers that are errors") {
  int status = 404;
  std::string body;
  Answering server([&](const net::HttpRequest&) { return Json(body, status); });
  const auto client = server.Client();
  const auto code = [&](int answered, const std::string& text) {
    status = answered;
    body = text;
    return client->Get("/x", {}).error().code;
  };
  CHECK(code(404, R"({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"})") ==
        Code::kNotFound);
  CHECK(code(404, R"({"error_code": "ENDPOINT_NOT_FOUND", "message": "no"})") ==
        Code::kUnimplemented);
  CHECK(code(404, "<html>") == Code::kUnimplemented);
  CHECK(code(400, R"({"error_code": "INVALID_PARAMETER_VALUE", "message": "no"})") ==
        Code::kInvalidArgument);
  CHECK(code(401, "") == Code::kPermissionDenied);
  CHECK(code(500, "") == Code::kUnavailable);
  CHECK(code(200, "<html>") == Code::kDataLoss);
  CHECK(code(200, "[]") == Code::kDataLoss);
}

TEST_CASE("a busy server is asked again") {
  std::atomic<int> asked = 0;
  Answering server(
      [&](const net::HttpRequest&) { return ++asked < 3 ? Json("", 503) : Json("{}"); });
  CHECK(server.Client()->Get("/x", {}));
  CHECK(asked == 3);
}

TEST_CASE("an endless page token ends") {
  Answering server([](const net::HttpRequest&) {
    return Json(R"({"items": [{}], "next_page_token": "same"})");
  });
  int seen = 0;
  REQUIRE(server.Client()->EachOfGet("/x", {}, "items", [&](const boost::json::object&) -> Status {
    ++seen;
    return {};
  }));
  CHECK(seen == 2);
}

TEST_CASE("a large file comes in pieces") {
  const std::string large(3'000'000, 'x');
  Answering server([&](const net::HttpRequest& request) {
    return request.path == "/at/file" ? Json(large) : Json(R"({"message": "no"})", 404);
  });
  const auto client = server.Client("/at");
  size_t bytes = 0, pieces = 0;
  const auto count = [&](std::string_view piece) -> Status {
    bytes += piece.size();
    ++pieces;
    return {};
  };
  REQUIRE(client->Download("/file", {}, count));
  CHECK(bytes == large.size());
  CHECK(pieces > 1);
  CHECK_FALSE(client->Download("/other", {}, count));
  CHECK(bytes == large.size());
  const auto refuse = [](std::string_view) -> Status { return Fail(Code::kCancelled, "stop"); };
  CHECK(client->Download("/file", {}, refuse).error().code == Code::kCancelled);
  REQUIRE(client->Download("/file", {}, count));
  CHECK(bytes == 2 * large.size());
}

TEST_CASE("a run of a server that writes numbers as texts") {
  Answering server([](const net::HttpRequest& request) {
    if (request.path.ends_with("runs/search")) {
      return Json(
          R"({"runs": [{"info": {"run_uuid": "r1", "experiment_id": "1", "status": "FINISHED",
        "start_time": "12", "lifecycle_stage": "deleted"},
        "data": {"metrics": [{"key": "m", "value": "Infinity", "timestamp": "1", "step": "2"}]}},
        {"info": {"run_id": "r2", "status": "ODD"}}]})");
    }
    if (request.path.ends_with("runs/get")) {
      return Json(R"({"run": {"outputs": {"model_outputs": [{"model_id": "m-1", "step": "4"}]}}})");
    }
    return Json(R"({"metrics": [{"key": "m", "value": "NaN", "timestamp": 1, "step": 1},
      {"key": "m", "value": NaN, "timestamp": 2}, {"key": "m", "value": "-Infinity", "timestamp": 3}]})");
  });
  ServerSource source(server.Client());
  Report report;
  tracking::Experiment experiment;
  experiment.id = 1;
  std::vector<tracking::RunRecord> records;
  REQUIRE(source.EachRun(experiment, report, [&](tracking::RunRecord record) -> Status {
    QUERN_TRY(source.Complete(record, report));
    records.push_back(std::move(record));
    return {};
  }));
  REQUIRE(records.size() == 1);
  CHECK(records[0].info.id == "r1");
  CHECK(records[0].info.start_ms == 12);
  CHECK(records[0].info.deleted);
  CHECK(records[0].metrics.at("m").size() == 3);
  CHECK(records[0].metrics.at("m")[2].value < 0);
  REQUIRE(records[0].model_outputs.size() == 1);
  CHECK(records[0].model_outputs[0].step == 4);
  CHECK(report.problems.size() == 1);
}

}  // namespace quern::exchange
