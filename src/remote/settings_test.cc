#include "remote/settings.h"

#include <doctest/doctest.h>

#include <map>

namespace quern::remote {
namespace {

Result<Settings> Read(const std::map<std::string, std::string>& environment) {
  return ReadSettings([&](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

}  // namespace

TEST_CASE("credentials and limits have MLflow's names") {
  CHECK(Read({})->authorization.empty());
  CHECK(Read({})->trust.verify);
  CHECK(Read({{"MLFLOW_TRACKING_TOKEN", "t"}})->authorization == "Bearer t");
  CHECK(Read({{"MLFLOW_TRACKING_USERNAME", "ada"}})->authorization.empty());
  // A name and a password go before a token, as in MLflow's client.
  CHECK(Read({{"MLFLOW_TRACKING_USERNAME", "ada"},
              {"MLFLOW_TRACKING_PASSWORD", "p"},
              {"MLFLOW_TRACKING_TOKEN", "t"}})
            ->authorization == "Basic YWRhOnA=");
  CHECK(!Read({{"MLFLOW_TRACKING_INSECURE_TLS", "true"}})->trust.verify);
  CHECK(Read({{"MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0"}})->retries == 0);
  CHECK(Read({{"MLFLOW_HTTP_REQUEST_TIMEOUT", "3"}})->timeout == 3);
}

TEST_CASE("what is wrong names the variable and keeps the secret") {
  const auto token = Read({{"MLFLOW_TRACKING_TOKEN", "hush\r\nX: y"}});
  REQUIRE(!token);
  CHECK(token.error().message.find("MLFLOW_TRACKING_TOKEN") != std::string::npos);
  CHECK(token.error().ToString().find("hush") == std::string::npos);
  for (const char* bad : {"-1", "many", "101"}) {
    CAPTURE(bad);
    const auto read = Read({{"MLFLOW_HTTP_REQUEST_MAX_RETRIES", bad}});
    REQUIRE(!read);
    CHECK(read.error().message.find(bad) != std::string::npos);
  }
}

}  // namespace quern::remote
