#include "server/mlflow/artifact_places.h"

#include <doctest/doctest.h>

#include "base/fs.h"
#include "store/folder_artifacts.h"

namespace quern::server::mlflow {
namespace {

TEST_CASE("URIs and the stores that hold them") {
  TempDir folder;
  auto proxied = store::FolderArtifacts::Open(folder.File("proxied"), RealFs());
  auto local = store::FolderArtifacts::Open(folder.File("local"), RealFs());
  REQUIRE(proxied);
  REQUIRE(local);
  ArtifactPlaces places;
  CHECK_FALSE(places.Find("mlflow-artifacts:/1/r"));
  places.AddProxied(**proxied);
  places.AddFolder("/data/runs/", **local);
  places.AddUri("s3://bucket/kept/", **local);
  struct Row {
    std::string uri;
    store::ArtifactStore* store;
    std::string path;
  };
  for (const Row& row : {
           Row{"mlflow-artifacts:/1/r/artifacts", proxied->get(), "1/r/artifacts"},
           Row{"mlflow-artifacts:1/r", proxied->get(), "1/r"},
           Row{"mlflow-artifacts://host:5000/1/r/", proxied->get(), "1/r"},
           Row{"mlflow-artifacts:///1/r", proxied->get(), "1/r"},
           Row{"mlflow-artifacts://host", proxied->get(), ""},
           Row{"https://h/api/2.0/mlflow-artifacts/artifacts/1/r", proxied->get(), "1/r"},
           Row{"/data/runs/1/r", local->get(), "1/r"},
           Row{"/data/runs", local->get(), ""},
           Row{"s3://bucket/kept/1/a%20b", local->get(), "1/a%20b"},
           Row{"file:///data/runs/a%20b", local->get(), "a b"},
           Row{"file://localhost/data/runs/x", local->get(), "x"},
       }) {
    CAPTURE(row.uri);
    const auto place = places.Find(row.uri);
    REQUIRE(place);
    CHECK(place->store == row.store);
    CHECK(place->path == row.path);
  }
  for (const char* uri : {"", "s3://bucket/a", "s3://bucket/keptnot/a", "/data/runs2/a", "/etc",
                          "file://other/data/runs/a", "http://h/other/1", "relative/a"}) {
    CAPTURE(uri);
    const auto place = places.Find(uri);
    REQUIRE_FALSE(place);
    CHECK(place.error().code == Code::kInvalidArgument);
  }
}

TEST_CASE("paths are joined") {
  CHECK(BelowPath("a", "b") == "a/b");
  CHECK(BelowPath("", "b") == "b");
  CHECK(BelowPath("a", "") == "a");
}

}  // namespace
}  // namespace quern::server::mlflow
