#include "remote/api.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <mutex>
#include <thread>

#include "base/time.h"
#include "net/http.h"
#include "remote/experiment.h"

namespace quern::remote {
namespace {

/// Answers in the order given, the last one for ever; remembers what was asked.
class Script {
 public:
  explicit Script(std::vector<net::HttpResponse> answers)
      : answers_(std::move(answers)),
        server_({}, [this](const net::HttpRequest& request) { return Take(request); }) {
    const auto port = server_.Start();
    REQUIRE(port);
    url.host = "127.0.0.1";
    url.port = *port;
  }
  std::vector<net::HttpRequest> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  std::unique_ptr<Api> Open(int retries, const CancelToken* cancel = nullptr) {
    Settings settings;
    settings.authorization = "Bearer hush";
    settings.retries = retries;
    settings.backoff = 0.01;
    auto api = Api::Open(url, settings, cancel);
    REQUIRE(api);
    return std::move(*api);
  }
  net::ServerUrl url;

 private:
  net::HttpResponse Take(const net::HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(request);
    return answers_[std::min(asked_.size(), answers_.size()) - 1];
  }
  std::mutex mutex_;
  std::vector<net::HttpRequest> asked_;
  std::vector<net::HttpResponse> answers_;
  net::HttpServer server_;
};

net::HttpResponse Answer(int status, std::string body = "{}") {
  net::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

}  // namespace

TEST_CASE("a busy server is asked again, a decided one is not") {
  Script busy({Answer(503), Answer(429), Answer(200, R"({"run":{"info":{}}})")});
  auto api = busy.Open(5);
  const auto got = api->Get("runs/get", {{"run_id", "a b"}});
  REQUIRE_MESSAGE(got, (got ? "" : got.error().ToString()));
  REQUIRE(busy.asked().size() == 3);
  CHECK(busy.asked()[0].path == "/api/2.0/mlflow/runs/get");
  CHECK(busy.asked()[0].query == "run_id=a%20b");
  CHECK(busy.asked()[0].Find("Authorization") == "Bearer hush");

  Script full({Answer(503, R"({"error_code":"X","message":"disk full"})")});
  const auto failed = full.Open(2)->Post("runs/update", {});
  REQUIRE(!failed);
  CHECK(full.asked().size() == 3);
  CHECK(failed.error().code == Code::kUnavailable);
  for (const char* part :
       {"503", "POST /api/2.0/mlflow/runs/update", "disk full", "http://127.0"}) {
    CAPTURE(part);
    CHECK(failed.error().message.find(part) != std::string::npos);
  }

  struct Case {
    net::HttpResponse answer;
    Code code;
  };
  const std::vector<Case> decided{
      {Answer(401), Code::kPermissionDenied},
      {Answer(403), Code::kPermissionDenied},
      {Answer(404, R"({"error_code":"RESOURCE_DOES_NOT_EXIST","message":"m"})"), Code::kNotFound},
      {Answer(404, "<html>"), Code::kFailedPrecondition},
      {Answer(302), Code::kFailedPrecondition},
      {Answer(200, "welcome"), Code::kFailedPrecondition},
      {Answer(200, "[]"), Code::kFailedPrecondition},
      {Answer(400, R"({"error_code":"RESOURCE_ALREADY_EXISTS"})"), Code::kAlreadyExists},
      {Answer(400, R"({"error_code":"INVALID_PARAMETER_VALUE"})"), Code::kFailedPrecondition}};
  for (const Case& one : decided) {
    CAPTURE(one.answer.status);
    CAPTURE(one.answer.body);
    Script script({one.answer});
    const auto refused = script.Open(5)->Get("x", {});
    REQUIRE(!refused);
    CHECK(refused.error().code == one.code);
    CHECK(script.asked().size() == 1);
    CHECK(refused.error().ToString().find("hush") == std::string::npos);
  }
}

TEST_CASE("what may have been made is looked for before it is made again") {
  Script script({Answer(503), Answer(200)});
  auto api = script.Open(5);
  int made = 0;
  const auto make = [&] {
    ++made;
    return api->PostOnce("runs/create", {});
  };
  const auto found = api->MakeOnce(make, []() -> Result<std::optional<json::value>> {
    return std::optional<json::value>(json::object{{"id", "there"}});
  });
  REQUIRE(found);
  CHECK(made == 1);
  CHECK(found->at("id").as_string() == "there");

  Script again({Answer(503), Answer(200, R"({"id":"made"})")});
  api = again.Open(5);
  const auto second = api->MakeOnce(
      make, []() -> Result<std::optional<json::value>> { return std::optional<json::value>(); });
  REQUIRE(second);
  CHECK(second->at("id").as_string() == "made");
  CHECK(again.asked().size() == 2);
}

TEST_CASE("waiting for a server ends when it is told to") {
  Script script({Answer(503)});
  CancelToken cancel;
  auto api = script.Open(50, &cancel);
  std::thread later([&] {
    while (script.asked().empty()) std::this_thread::yield();
    cancel.Cancel();
  });
  const auto got = api->Get("x", {});
  later.join();
  REQUIRE(!got);
  CHECK(got.error().code == Code::kCancelled);
}

TEST_CASE("a server that is not there is named") {
  net::ServerUrl url;
  {
    Script script({Answer(200)});
    url = script.url;
  }
  Settings settings;
  settings.retries = 1;
  settings.backoff = 0.01;
  auto api = Api::Open(url, settings, nullptr);
  REQUIRE(api);
  const auto got = (*api)->Knock("x", {});
  REQUIRE(!got);
  CHECK(got.error().code == Code::kUnavailable);
  CHECK(got.error().message.find(url.Text()) != std::string::npos);
}

TEST_CASE("only artifacts that the server passes on have a path") {
  CHECK(*ArtifactPath("u", "mlflow-artifacts:/1/r/artifacts") == "1/r/artifacts");
  CHECK(*ArtifactPath("u", "mlflow-artifacts:///1") == "1");
  for (const char* uri :
       {"s3://b/1", "/data/1", "file:///data", "mlflow-artifacts://other:1/1", ""}) {
    CAPTURE(uri);
    CHECK(ArtifactPath("u", uri).error().code == Code::kFailedPrecondition);
  }
}

TEST_CASE("a filter's value is in quotes that it does not hold") {
  CHECK(*FilterValue("a") == "'a'");
  CHECK(*FilterValue("it's") == "\"it's\"");
  CHECK(!FilterValue("'\""));
}

}  // namespace quern::remote
