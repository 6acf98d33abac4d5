#include "server/mlflow/registry_routes.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <condition_variable>
#include <mutex>

#include "net/client.h"
#include "registry/source.h"
#include "server/http/respond.h"
#include "server/mlflow/errors.h"
#include "server/mlflow/webhook_events.h"
#include "server/mlflow/webhook_routes.h"
#include "tests/store/engines.h"

namespace quern::server::mlflow {
namespace {

namespace bj = boost::json;

class NoOrigins : public registry::Origins {
 public:
  Result<registry::LoggedModelOrigin> LoggedModel(const std::string& id) override {
    return Fail(Code::kNotFound, "Logged model with ID '" + id + "' not found.");
  }
  Status TagLoggedModel(const std::string& id, const std::string&, const std::string&) override {
    return Fail(Code::kNotFound, "Logged model with ID '" + id + "' not found.");
  }
  Result<std::string> RunArtifacts(const std::string& id) override {
    return Fail(Code::kNotFound, "Run with id=" + id + " not found");
  }
  std::string PackageUri(const std::string& path) override {
    return "mlflow-artifacts:/quern/" + path;
  }
};

/// The registry and its webhooks behind a socket.
struct Server {
  Server() : vault(std::string(32, 'k'), RealFs(), dir.File("secrets")) {
    settings.allow_private = true;
    settings.schemes = {"http", "https"};
    hooks = std::make_unique<webhooks::Webhooks>(*database, SystemClock(), vault, settings);
    deliverer = std::make_unique<webhooks::Deliverer>(*database, SystemClock(), vault, settings);
    teller = std::make_unique<WebhookTeller>(*hooks, deliverer.get());
    AddRegistryRoutes(&router,
                      {*database, SystemClock(), origins, teller.get(), nullptr,
                       [](std::string_view uri, std::string_view path, const net::HttpRequest&) {
                         return JsonResponse(std::string(uri) + "|" + std::string(path));
                       }});
    AddApiRoutes(&router, WebhookRoutes({*hooks, *deliverer}));
    http = std::make_unique<net::HttpServer>(
        net::ServerOptions(),
        [this](const net::HttpRequest& request) { return router.Dispatch(request); });
    port = http->Start().value();
  }

  net::HttpResponse Send(std::string_view method, const std::string& target,
                         const std::string& body = "",
                         std::vector<net::Header> headers = {}) const {
    if (!body.empty()) headers.push_back({"Content-Type", "application/json"});
    auto response = net::HttpClient("127.0.0.1", port).Send(method, target, body, headers);
    REQUIRE(response);
    return std::move(*response);
  }
  /// Below /api/2.0/mlflow/; `rest` of a GET is its query.
  bj::value Call(std::string_view method, const std::string& path, const std::string& rest = "") {
    const bool get = method == "GET";
    const auto response =
        Send(method, "/api/2.0/mlflow/" + path + (get && !rest.empty() ? "?" + rest : ""),
             get ? "" : rest);
    status = response.status;
    boost::system::error_code bad;
    auto value = bj::parse(response.body, bad);
    REQUIRE_FALSE(bad);
    return value;
  }
  /// "400 CODE: message".
  std::string Refused(std::string_view method, const std::string& path,
                      const std::string& rest = "") {
    const bj::value answer = Call(method, path, rest);
    if (!answer.as_object().contains("error_code")) return std::to_string(status);
    return std::to_string(status) + " " + std::string(answer.at("error_code").as_string()) + ": " +
           std::string(answer.at("message").as_string());
  }

  TempDir dir;
  NoOrigins origins;
  webhooks::Settings settings;
  webhooks::Vault vault;
  store::TestDatabase database{store::EachEngine()};
  std::unique_ptr<webhooks::Webhooks> hooks;
  std::unique_ptr<webhooks::Deliverer> deliverer;
  std::unique_ptr<WebhookTeller> teller;
  Router router;
  std::unique_ptr<net::HttpServer> http;
  uint16_t port = 0;
  int status = 0;
};

constexpr char kMissing[] = "'. See the API docs for more information about request parameters.";

}  // namespace

TEST_CASE("the registry's calls, one after the other, as a client makes them") {
  Server s;
  auto made = s.Call("POST", "registered-models/create",
                     R"({"name":"m","description":"d","tags":[{"key":"k","value":"v"}]})");
  CHECK(s.status == 200);
  CHECK(made.at("registered_model").at("name") == "m");
  CHECK(made.at("registered_model").at("tags").at(0).at("value") == "v");
  CHECK(made.at("registered_model").at("creation_timestamp").is_int64());
  CHECK_FALSE(made.at("registered_model").as_object().contains("latest_versions"));
  const auto version =
      s.Call("POST", "model-versions/create", R"({"name":"m","source":"s3://b/x","run_link":"l"})")
          .at("model_version");
  CHECK(version.at("version") == "1");
  CHECK(version.at("current_stage") == "None");
  CHECK(version.at("description") == "");
  CHECK(version.at("run_id") == "");
  CHECK(version.at("status") == "READY");
  CHECK_FALSE(version.as_object().contains("user_id"));
  s.Call("POST", "model-versions/create", R"({"name":"m","source":"models:/m/1"})");
  CHECK(s.Refused("POST", "registered-models/alias",
                  R"({"name":"m","alias":"champion","version":"1"})") == "200");
  CHECK(s.Call("GET", "registered-models/alias", "name=m&alias=champion")
            .at("model_version")
            .at("aliases")
            .at(0) == "champion");
  const auto model = s.Call("GET", "registered-models/get", "name=m").at("registered_model");
  CHECK(model.at("aliases").at(0).at("version") == "1");
  CHECK(model.at("latest_versions").at(0).at("version") == "2");
  CHECK(
      s.Call("POST", "model-versions/transition-stage",
             R"({"name":"m","version":"1","stage":"production","archive_existing_versions":true})")
          .at("model_version")
          .at("current_stage") == "Production");
  CHECK(s.Call("POST", "registered-models/get-latest-versions",
               R"({"name":"m","stages":["Production"]})")
            .at("model_versions")
            .as_array()
            .size() == 1);
  CHECK(s.Call("GET", "registered-models/get-latest-versions", "name=m&stages=None&stages=Staging")
            .at("model_versions")
            .at(0)
            .at("version") == "2");
  CHECK(s.Refused("POST", "model-versions/set-tag",
                  R"({"name":"m","version":"1","key":"a","value":"b"})") == "200");
  CHECK(s.Call("GET", "model-versions/get", "name=m&version=1")
            .at("model_version")
            .at("tags")
            .at(0)
            .at("key") == "a");
  CHECK(s.Refused("DELETE", "model-versions/delete-tag",
                  R"({"name":"m","version":"1","key":"a"})") == "200");
  CHECK(
      s.Call("PATCH", "model-versions/update", R"({"name":"m","version":"1","description":"good"})")
          .at("model_version")
          .at("description") == "good");
  CHECK(s.Call("GET", "model-versions/get-download-uri", "name=m&version=2").at("artifact_uri") ==
        "s3://b/x");
  CHECK(s.Send("GET", "/model-versions/get-artifact?name=m&version=1&path=MLmodel").body ==
        "s3://b/x|MLmodel");
  const auto page = s.Call("GET", "model-versions/search",
                           "filter=name%3D'm'&max_results=1&order_by=version_number%20ASC");
  CHECK(page.at("model_versions").at(0).at("version") == "1");
  CHECK(page.at("next_page_token").is_string());
  CHECK(s.Call("GET", "registered-models/search").at("registered_models").as_array().size() == 1);
  CHECK(s.Call("POST", "registered-models/rename", R"({"name":"m","new_name":"n"})")
            .at("registered_model")
            .at("name") == "n");
  CHECK(s.Call("PATCH", "registered-models/update", R"({"name":"n","description":"e"})")
            .at("registered_model")
            .at("description") == "e");
  CHECK(s.Refused("POST", "registered-models/set-tag", R"({"name":"n","key":"t"})") == "200");
  CHECK(s.Refused("DELETE", "registered-models/delete-tag", R"({"name":"n","key":"t"})") == "200");
  CHECK(s.Refused("DELETE", "registered-models/alias", R"({"name":"n","alias":"champion"})") ==
        "200");
  CHECK(s.Refused("DELETE", "model-versions/delete", R"({"name":"n","version":"1"})") == "200");
  CHECK(s.Refused("DELETE", "registered-models/delete", R"({"name":"n"})") == "200");
}

TEST_CASE("what is wrong is said in MLflow's words") {
  Server s;
  s.Call("POST", "registered-models/create", R"({"name":"m"})");
  s.Call("POST", "model-versions/create", R"({"name":"m","source":"s3://b/x"})");
  CHECK(s.Refused("POST", "registered-models/create", R"({"name":"m"})") ==
        "400 RESOURCE_ALREADY_EXISTS: Registered Model (name=m) already exists.");
  CHECK(s.Refused("POST", "registered-models/create", "{}") ==
        std::string("400 INVALID_PARAMETER_VALUE: Missing value for required parameter 'name") +
            kMissing);
  CHECK(s.Refused("POST", "registered-models/create", R"({"name":7})") ==
        "400 INVALID_PARAMETER_VALUE: Invalid value 7 for parameter 'name' supplied:  Hint: Value "
        "was of type 'int'. See the API docs for more information about request parameters.");
  CHECK(s.Refused("GET", "registered-models/get", "name=X") ==
        "404 RESOURCE_DOES_NOT_EXIST: Registered Model with name=X not found");
  CHECK(s.Refused("GET", "model-versions/get", "name=m&version=9") ==
        "404 RESOURCE_DOES_NOT_EXIST: Model Version (name=m, version=9) not found");
  CHECK(s.Refused("GET", "model-versions/get", "name=m&version=x") ==
        "400 INVALID_PARAMETER_VALUE: Parameter 'version' must be an integer, got 'x'.");
  CHECK(s.Refused("GET", "registered-models/alias", "name=m&alias=x") ==
        "400 INVALID_PARAMETER_VALUE: Registered model alias x not found.");
  CHECK(
      s.Refused("POST", "registered-models/alias", R"({"name":"m","alias":"v1","version":"1"})") ==
      "400 INVALID_PARAMETER_VALUE: Version alias name 'v1' is reserved.");
  CHECK(
      s.Refused("POST", "model-versions/create", R"({"name":"m","source":"/etc"})")
          .starts_with("400 INVALID_PARAMETER_VALUE: Invalid model version source: '/etc'. To use "
                       "a local path"));
  CHECK(s.Refused("POST", "model-versions/create", R"({"name":"m","source":"models:/m-x"})") ==
        "404 RESOURCE_DOES_NOT_EXIST: Logged model with ID 'm-x' not found.");
  CHECK(s.Refused("POST", "model-versions/transition-stage",
                  R"({"name":"m","version":"1","stage":"foo"})") ==
        "400 INVALID_PARAMETER_VALUE: Invalid Model Version stage: foo. Value must be one of None, "
        "Staging, Production, Archived.");
  CHECK(s.Refused("GET", "registered-models/search", "max_results=1001").starts_with("400"));
  CHECK(s.Refused("GET", "registered-models/search", "page_token=zzz").starts_with("400"));
  CHECK(s.Refused("GET", "model-versions/search", "filter=foo%3D'x'").starts_with("400"));
}

TEST_CASE("the log knows whom a client said to be") {
  Server s;
  s.Send("POST", "/api/2.0/mlflow/registered-models/create", R"({"name":"m"})",
         {{"Authorization", "Basic YWRhOnNlY3JldA=="}});
  const auto version =
      s.Send("POST", "/ajax-api/2.0/mlflow/model-versions/create",
             R"({"name":"m","source":"s3://b/x"})", {{"Authorization", "Basic YWRhOnNlY3JldA=="}});
  CHECK(bj::parse(version.body).at("model_version").at("user_id") == "ada");
  s.Send("POST", "/api/2.0/mlflow/registered-models/create", R"({"name":"n"})");
  std::vector<std::string> actors;
  REQUIRE(s.database->Query("SELECT actor FROM registry_log ORDER BY id", {},
                            [&](const store::Row& row) { actors.push_back(row.Text(0)); }));
  CHECK(actors ==
        std::vector<std::string>{"ada (unverified)", "ada (unverified)", "a client (unverified)"});
}

TEST_CASE("webhooks: subscribing, telling, testing") {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> bodies;
  net::HttpServer receiver({}, [&](const net::HttpRequest& request) {
    const std::lock_guard lock(mutex);
    bodies.push_back(request.body);
    changed.notify_all();
    net::HttpResponse response;
    response.body = "thanks \xff";
    return response;
  });
  const auto await = [&](size_t count) {
    std::unique_lock lock(mutex);
    REQUIRE(
        changed.wait_for(lock, std::chrono::seconds(30), [&] { return bodies.size() >= count; }));
    return bj::parse(bodies[count - 1]);
  };
  const std::string url = "http://127.0.0.1:" + std::to_string(receiver.Start().value()) + "/";
  Server s;
  const auto made = s.Call("POST", "webhooks",
                           R"({"name":"w","secret":"hush","url":")" + url +
                               R"(","events":[{"entity":"MODEL_VERSION_ALIAS","action":"CREATED"},
                                  {"entity":1,"action":"CREATED"}]})")
                        .at("webhook");
  CHECK(made.at("status") == "ACTIVE");
  CHECK(made.at("events").at(1).at("entity") == "REGISTERED_MODEL");
  CHECK_FALSE(made.as_object().contains("secret"));
  const std::string id(made.at("webhook_id").as_string());

  s.Call("POST", "registered-models/create", R"({"name":"m","tags":[{"key":"a","value":"b"}]})");
  const auto created = await(1);
  CHECK(created.at("entity") == "registered_model");
  CHECK(created.at("action") == "created");
  CHECK(created.at("data") == bj::parse(R"({"name":"m","tags":{"a":"b"},"description":null})"));
  s.Call("POST", "model-versions/create", R"({"name":"m","source":"s3://b/x"})");
  s.Call("POST", "registered-models/alias", R"({"name":"m","alias":"c","version":"1"})");
  CHECK(await(2).at("data") == bj::parse(R"({"name":"m","alias":"c","version":"1"})"));

  const auto result = s.Call("POST", "webhooks/" + id + "/test",
                             R"({"event":{"entity":"MODEL_VERSION","action":"CREATED"}})")
                          .at("result");
  CHECK(result.at("success") == true);
  CHECK(result.at("response_status") == 200);
  CHECK(result.at("response_body") == "thanks ?");
  CHECK(await(3).at("data").at("name") == "example_model");
  CHECK(s.Call("POST", "webhooks/" + id + "/test", "{}").at("result").at("success") == true);

  CHECK(s.Call("GET", "webhooks", "max_results=1").at("webhooks").at(0).at("name") == "w");
  CHECK(s.Call("PATCH", "webhooks/" + id, R"({"status":"DISABLED","name":"x"})")
            .at("webhook")
            .at("status") == "DISABLED");
  CHECK(s.Call("GET", "webhooks/" + id).at("webhook").at("name") == "x");
  CHECK(s.Refused("DELETE", "webhooks/" + id, "{}") == "200");
  CHECK(s.Refused("GET", "webhooks/" + id) ==
        "404 RESOURCE_DOES_NOT_EXIST: Webhook with ID " + id + " not found.");
}

TEST_CASE("webhooks: what is refused") {
  Server s;
  const auto with = [](const std::string& event) {
    return R"({"name":"w","url":"http://127.0.0.1:9/","events":[)" + event + "]}";
  };
  CHECK(
      s.Refused("POST", "webhooks", with(R"({"entity":"REGISTERED_MODEL","action":"DELETED"})")) ==
      "400 INVALID_PARAMETER_VALUE: Invalid action 'deleted' for entity 'registered_model'. Valid "
      "actions are: ['created']");
  CHECK(s.Refused("POST", "webhooks", with(R"({"entity":"FOO","action":"CREATED"})"))
            .starts_with("400"));
  CHECK(s.Refused("POST", "webhooks", with(R"({"action":"CREATED"})")).starts_with("400"));
  CHECK(s.Refused("POST", "webhooks", with("")) ==
        "400 INVALID_PARAMETER_VALUE: Webhook events must be a non-empty list of WebhookEvent "
        "objects: [].");
  CHECK(s.Refused("POST", "webhooks", R"({"name":"w","url":"http://127.0.0.1:9/"})") ==
        std::string("400 INVALID_PARAMETER_VALUE: Missing value for required parameter 'events") +
            kMissing);
  CHECK(s.Refused("GET", "webhooks", "max_results=1001") ==
        "400 INVALID_PARAMETER_VALUE: max_results must be between 1 and 1000.");
  CHECK(s.Refused("POST", "webhooks/nope/test", "{}").starts_with("404"));
}

TEST_CASE("every event that can be subscribed to has an example") {
  int known = 0;
  for (const std::string_view entity : WebhookEntities()) {
    for (const std::string_view action : WebhookActions()) {
      webhooks::EventName name{std::string(entity), std::string(action)};
      for (std::string* word : {&name.entity, &name.action}) {
        for (char& c : *word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      }
      if (!CheckWebhookEvent(name)) continue;
      ++known;
      CAPTURE(name.entity);
      CAPTURE(name.action);
      CHECK(bj::parse(ExamplePayload(name)).as_object().contains("name"));
    }
  }
  CHECK(known == 14);
}

TEST_CASE("prompts are told as prompts") {
  registry::Event event;
  event.kind = registry::Event::Kind::kVersionCreated;
  event.prompt = true;
  event.name = "p";
  event.version = 2;
  event.tags = {
      {"mlflow.prompt.is_prompt", "true"}, {"mlflow.prompt.text", "Hi \"you\""}, {"a", "b"}};
  CHECK(WebhookEventOf(event) == webhooks::EventName{"prompt_version", "created"});
  CHECK(bj::parse(PayloadOf(event)) ==
        bj::parse(R"({"name":"p","version":"2","template":"Hi \"you\"","tags":{"a":"b"},
                      "description":null})"));
  event = {};
  event.kind = registry::Event::Kind::kModelTagSet;
  CHECK(WebhookEventOf(event).entity.empty());
}

}  // namespace quern::server::mlflow
