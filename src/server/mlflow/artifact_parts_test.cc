#include "server/mlflow/artifact_parts.h"

#include <doctest/doctest.h>

#include "server/mlflow/artifact_fixture.h"

namespace quern::server::mlflow {
namespace {

namespace json = boost::json;
const std::string kMpu = "/api/2.0/mlflow-artifacts/mpu";

net::HttpResponse Post(const ArtifactServer& server, const std::string& target,
                       const json::object& body) {
  return server.Ask("POST", target, json::serialize(body), {{"Content-Type", "application/json"}});
}

/// The part of a URL after the host, which must be this server's.
std::string TargetOf(const ArtifactServer& server, const json::value& credential) {
  std::string url(credential.at("url").as_string());
  std::string base = "http://127.0.0.1:" + std::to_string(server.port);
  REQUIRE(url.substr(0, base.size()) == base);
  return url.substr(base.size());
}

TEST_CASE("create, the parts by the URLs given, complete") {
  ArtifactServer server;
  auto created = Post(server, kMpu + "/create/1/run/artifacts/model",
                      {{"path", "/home/me/big.bin"}, {"num_parts", 3}});
  REQUIRE(created.status == 200);
  json::object answer = json::parse(created.body).as_object();
  json::array parts;
  std::string whole;
  REQUIRE(answer.at("credentials").as_array().size() == 3);
  for (const json::value& credential : answer.at("credentials").as_array()) {
    std::string bytes(300000, static_cast<char>('a' + parts.size()));
    whole += bytes;
    CHECK(credential.at("headers").as_object().empty());
    auto put = server.Ask("PUT", TargetOf(server, credential), bytes);
    CHECK(put.status == 200);
    parts.push_back({{"part_number", credential.at("part_number")},
                     {"etag", json::string(put.Find("ETag"))},
                     {"url", credential.at("url")}});
  }
  auto complete =
      Post(server, kMpu + "/complete/1/run/artifacts/model",
           {{"path", "/home/me/big.bin"}, {"upload_id", answer.at("upload_id")}, {"parts", parts}});
  CHECK(complete.status == 200);
  CHECK(complete.body == "{}");
  CHECK(server.Ask("GET", kArtifacts + "/1/run/artifacts/model/big.bin").body == whole);
}

TEST_CASE("abort, and uploads that are not there") {
  ArtifactServer server;
  auto created = Post(server, kMpu + "/create", {{"path", "C:\\me\\f.bin"}});
  REQUIRE(created.status == 200);
  json::value answer = json::parse(created.body);
  std::string part = TargetOf(server, answer.at("credentials").at(0));
  json::object about{{"path", "C:\\me\\f.bin"}, {"upload_id", answer.at("upload_id")}};
  CHECK(Post(server, kMpu + "/abort/other", about).status == 400);
  CHECK(Post(server, kMpu + "/abort", about).status == 200);
  CHECK(Post(server, kMpu + "/abort", about).status == 404);
  CHECK(server.Ask("PUT", part, "x").status == 404);
  CHECK(server.Ask("PUT", kMpu + "/parts/x/1", "x").status == 404);
}

TEST_CASE("what is missing or wrong") {
  ArtifactServer server;
  auto missing = Post(server, kMpu + "/create/d", {{"num_parts", 2}});
  CHECK(missing.status == 400);
  CHECK(missing.body.find("parameter 'path'") != std::string::npos);
  CHECK(Post(server, kMpu + "/create/d", {{"path", "f"}, {"num_parts", 0}}).status == 400);
  CHECK(Post(server, kMpu + "/create/d", {{"path", "f"}, {"num_parts", 1e12}}).status == 400);
  CHECK(Post(server, kMpu + "/create/d", {{"path", ".."}}).status == 400);
  auto created = json::parse(Post(server, kMpu + "/create/d", {{"path", "f"}}).body);
  std::string target = TargetOf(server, created.at("credentials").at(0));
  CHECK(server.Ask("PUT", target.substr(0, target.size() - 1) + "2", "x").status == 400);
  CHECK(server.Ask("PUT", target.substr(0, target.size() - 1) + "x", "x").status == 400);
  json::object complete{{"path", "f"}, {"upload_id", created.at("upload_id")}};
  CHECK(Post(server, kMpu + "/complete/d", complete).body.find("'parts'") != std::string::npos);
  complete["parts"] = {{{"part_number", 1}, {"etag", "\"0123\""}}};
  CHECK(Post(server, kMpu + "/complete/d", complete).status == 400);
}

TEST_CASE("a store without uploads in parts says what MLflow's client understands") {
  ArtifactServer server;
  Router router;
  AddPartRoutes(&router, nullptr);
  net::HttpServer http({}, [&](const net::HttpRequest& r) { return router.Dispatch(r); });
  net::HttpClient client("127.0.0.1", http.Start().value());
  auto answer = client.Post(kMpu + "/create/d", R"({"path":"f","num_parts":2})");
  CHECK(answer->status == 501);
  CHECK(answer->body ==
        R"({"error_code":"NOT_IMPLEMENTED","message":"Multipart upload is not supported for the )"
        R"(current artifact repository"})");
}

}  // namespace
}  // namespace quern::server::mlflow
