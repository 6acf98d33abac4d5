#include "registry/source.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/fs.h"

namespace quern::registry {

TEST_CASE("sources that stay where they say they are") {
  for (const char* good :
       {"s3://bucket/a/b", "s3://bucket", "s3://b/x y", "dbfs:/x",
        "mlflow-artifacts:/0/r/artifacts", "http://h:80/api/2.0/mlflow-artifacts/artifacts/x",
        "gs://b/a//b/", "s3://b/a..b"}) {
    CAPTURE(good);
    CHECK(CheckRemoteSource(good));
  }
  for (const char* bad :
       {"s3://b/../x", "s3://b/%2e%2e/x", "s3://b/%252e%252e%252fx", "s3://b/a/./b",
        "mlflow-artifacts:/..", "mlflow-artifacts:x", "s3:x", "s3://b/..\\x", "s3://b/%5c..",
        "s3://b/%00", "s3://b/a%2500", "mlflow-artifacts://h/%25252e%25252e/etc"}) {
    CAPTURE(bad);
    const Status status = CheckRemoteSource(bad);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == Code::kInvalidArgument);
    CHECK(status.error().message ==
          std::string("Invalid model version source: '") + bad +
              "'. If supplying a source as an http, https, local file path, ftp, objectstore, or "
              "mlflow-artifacts uri, an absolute path must be provided without relative path "
              "references present. Please provide an absolute path.");
  }
  CHECK(CheckRemoteSource("http://h/x?y=1").error().message ==
        "Invalid model version source: 'http://h/x?y=1'. A source cannot have a query string.");
}

TEST_CASE("a local source is inside of its run's folder, links followed") {
  TempDir dir;
  Fs& fs = RealFs();
  REQUIRE(fs.MakeDirs(dir.File("run/artifacts/model")));
  REQUIRE(fs.MakeDirs(dir.File("run/artifacts-2")));
  std::filesystem::create_symlink("/etc", dir.File("run/artifacts/way-out"));
  const std::string artifacts = dir.File("run/artifacts");
  CHECK(CheckLocalSource(artifacts + "/model", artifacts));
  CHECK(CheckLocalSource(artifacts, artifacts));
  CHECK(CheckLocalSource("file://" + artifacts + "/not%20there", "file://" + artifacts));
  for (const std::string& bad :
       {artifacts + "/way-out", artifacts + "/../artifacts-2", dir.File("run/artifacts-2"),
        dir.File("run"), std::string("/etc"), std::string("relative"),
        "file://elsewhere" + artifacts, "file:" + artifacts + "/%2e%2e"}) {
    CAPTURE(bad);
    CHECK_FALSE(CheckLocalSource(bad, artifacts));
  }
  CHECK_FALSE(CheckLocalSource(artifacts, "mlflow-artifacts:/0/r/artifacts"));
  CHECK(
      CheckLocalSource("/etc", "").error().message ==
      "Invalid model version source: '/etc'. To use a local path as a model version source, the "
      "run_id request parameter has to be specified and the local path has to be contained within "
      "the artifact directory of the run specified by the run_id.");
}

TEST_CASE("references to models") {
  CHECK(ParseModelReference("models:/m-1234")->model_id == "m-1234");
  const auto version = ParseModelReference("models:/heart/3");
  CHECK(version->name == "heart");
  CHECK(version->version == "3");
  const auto alias = ParseModelReference("models:/heart@champion");
  CHECK(alias->name == "heart");
  CHECK(alias->alias == "champion");
  for (const char* bad : {"models:/heart", "models:/", "models:heart/1", "models:/a/b/1",
                          "models:/a/", "models:/a@", "models:/@x", "models://host/a/1"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseModelReference(bad));
  }
}

TEST_CASE("an operator's rule") {
  const auto rule = SourceRule::Make("^s3://models/", "MLFLOW_RULE");
  REQUIRE(rule);
  CHECK((*rule)->Check("s3://models/a"));
  CHECK((*rule)->Check("s3://other/a").error().message ==
        "Invalid model version source: 's3://other/a'.");
  const auto broken = SourceRule::Make("(", "MLFLOW_RULE");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().message.starts_with("MLFLOW_RULE is not a regular expression: '('"));
}

}  // namespace quern::registry
