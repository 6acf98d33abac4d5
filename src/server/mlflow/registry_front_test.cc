#include "server/mlflow/registry_front.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <map>

#include "net/client.h"
#include "server/http/respond.h"
#include "tests/store/engines.h"
#include "tracking/experiments.h"

namespace quern::server::mlflow {
namespace {

struct Store {
  Store() {
    experiments =
        std::make_unique<tracking::Experiments>(*database, SystemClock(), "mlflow-artifacts:/");
    REQUIRE(experiments->EnsureDefault());
    runs = std::make_unique<tracking::Runs>(*database, SystemClock(), *experiments);
    models = std::make_unique<tracking::LoggedModels>(*database, SystemClock(), *experiments);
  }
  RegistryFrontOptions Options() {
    return {*database,
            SystemClock(),
            RealFs(),
            *runs,
            *models,
            dir.File("secrets"),
            "mlflow-artifacts:/quern/",
            [](std::string_view uri, std::string_view, const net::HttpRequest&) {
              return JsonResponse(std::string(uri));
            },
            [this](const char* name) -> const char* {
              const auto found = variables.find(name);
              return found == variables.end() ? nullptr : found->second.c_str();
            }};
  }

  TempDir dir;
  std::map<std::string, std::string> variables;
  store::TestDatabase database{store::EachEngine()};
  std::unique_ptr<tracking::Experiments> experiments;
  std::unique_ptr<tracking::Runs> runs;
  std::unique_ptr<tracking::LoggedModels> models;
};

}  // namespace

TEST_CASE("a version of a logged model is linked in both rooms, in one transaction") {
  Store s;
  tracking::NewRun draft;
  draft.id = "0123456789abcdef0123456789abcdef";
  REQUIRE(s.runs->Create(draft));
  tracking::NewLoggedModel logged;
  logged.name = "lm";
  logged.source_run_id = draft.id;
  const auto model = s.models->Create(logged);
  REQUIRE(model);
  auto front = RegistryFront::Open(s.Options());
  REQUIRE(front);
  REQUIRE((*front)->Start());
  Router router;
  (*front)->AddRoutes(&router);
  net::HttpServer http({},
                       [&](const net::HttpRequest& request) { return router.Dispatch(request); });
  net::HttpClient client("127.0.0.1", http.Start().value());
  REQUIRE(client.Post("/api/2.0/mlflow/registered-models/create", R"({"name":"m"})"));
  const auto made = client.Post("/api/2.0/mlflow/model-versions/create",
                                R"({"name":"m","source":"models:/)" + model->id + "\"}");
  REQUIRE(made);
  REQUIRE(made->status == 200);
  const auto version = boost::json::parse(made->body).at("model_version");
  CHECK(version.at("run_id") == draft.id.c_str());
  CHECK(version.at("model_id") == model->id.c_str());
  CHECK(client.Get("/model-versions/get-artifact?name=m&version=1&path=x")->body ==
        model->artifact_uri);
  CHECK(s.models->Get(model->id)->tags.at("mlflow.modelVersions") ==
        R"([{"name":"m","version":1}])");
  const auto from_run = client.Post("/api/2.0/mlflow/model-versions/create",
                                    R"({"name":"m","source":"runs:/)" + draft.id + "/a\"}");
  CHECK(from_run->status == 200);
  CHECK(client
            .Post("/api/2.0/mlflow/model-versions/create",
                  R"({"name":"m","source":"models:/m-00000000000000000000000000000000"})")
            ->status == 404);
  (*front)->Stop();
}

TEST_CASE("settings that are wrong are named") {
  Store s;
  s.variables = {{"MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX", "("}};
  CHECK(RegistryFront::Open(s.Options())
            .error()
            .message.starts_with("MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX"));
  s.variables = {{"MLFLOW_WEBHOOK_REQUEST_TIMEOUT", "never"}};
  CHECK(RegistryFront::Open(s.Options())
            .error()
            .message.starts_with("MLFLOW_WEBHOOK_REQUEST_TIMEOUT"));
}

}  // namespace quern::server::mlflow
