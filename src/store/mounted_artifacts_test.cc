#include "store/mounted_artifacts.h"

#include <doctest/doctest.h>

#include "base/fs.h"
#include "store/folder_artifacts.h"

namespace quern::store {

TEST_CASE("a second store shows below its folder and nowhere else") {
  TempDir dir;
  REQUIRE(RealFs().WriteAtomic(dir.File("main/0/run/a.txt"), "a"));
  REQUIRE(RealFs().WriteAtomic(dir.File("own/models/m1/MLmodel"), "flavors"));
  auto main = FolderArtifacts::Open(dir.File("main"), RealFs());
  auto own = FolderArtifacts::Open(dir.File("own"), RealFs());
  REQUIRE(main);
  REQUIRE(own);
  MountedArtifacts both(**main, "quern/artifacts", **own);
  const auto names = [&](std::string_view path) {
    std::string all;
    const auto entries = both.List(path);
    REQUIRE(entries);
    for (const ArtifactEntry& entry : *entries) all += entry.name + (entry.is_dir ? "/ " : " ");
    return all;
  };
  CHECK(names("") == "0/ quern/ ");
  CHECK(names("quern") == "artifacts/ ");
  CHECK(names("quern/artifacts") == "models/ ");
  CHECK(names("quern/artifacts/models/m1") == "MLmodel ");
  CHECK(names("quern/artifactsx") == "");
  CHECK(names("0/run") == "a.txt ");
  CHECK(both.Open("quern/artifacts/models/m1/MLmodel")->size == 7);
  CHECK(both.Open("0/run/a.txt")->size == 1);
  CHECK(both.Open("models/m1/MLmodel").error().code == Code::kNotFound);
  CHECK(*both.Exists("quern"));
  CHECK(*both.Exists("quern/artifacts"));
  CHECK(*both.Exists("quern/artifacts/models/m1/MLmodel"));
  CHECK_FALSE(*both.Exists("quern/artifacts/models/m2"));
  for (const char* path : {"quern", "quern/x", "quern/artifacts/models/m1/MLmodel"}) {
    CAPTURE(path);
    CHECK(both.Put(path).error().code == Code::kPermissionDenied);
    CHECK(both.Delete(path).error().code == Code::kPermissionDenied);
  }
  for (const char* path :
       {"quern/artifacts/../../own/models", "quern/artifacts/%2e%2e/x", "../x"}) {
    CAPTURE(path);
    CHECK(both.Open(path).error().code == Code::kInvalidArgument);
    CHECK(both.Put(path).error().code == Code::kInvalidArgument);
  }
  auto upload = both.Put("0/quern/b.txt");
  REQUIRE(upload);
  REQUIRE((*upload)->Append("bb"));
  REQUIRE((*upload)->Commit());
  CHECK(both.Open("0/quern/b.txt")->size == 2);
  REQUIRE(both.Delete("0/quern"));
}

}  // namespace quern::store
