#include "server/native/package_view.h"

#include <doctest/doctest.h>

#include "base/json_read.h"

namespace quern::server::native {
namespace {

const CallPlace kPlace{"http://127.0.0.1:5000", "/srv/it's here"};

registry::ModelVersion Version(const std::string& name, const std::string& path) {
  registry::ModelVersion version;
  version.name = name;
  version.version = 3;
  version.path = path;
  return version;
}

TEST_CASE("a version that a client registered has no package, and MLflow's call alone") {
  TempDir folder;
  const auto version = Version("iris", "");
  const PackageView view = ReadPackageView(version, folder.path(), RealFs());
  CHECK(view.package.is_null());
  CHECK_FALSE(view.why.empty());
  const json::array snippets = Snippets(version, view, kPlace);
  REQUIRE(snippets.size() == 1);
  CHECK(TextAt(snippets[0], "/code").find(R"("models:/iris/3")") != std::string::npos);
}

TEST_CASE("a package that is gone, or is none, is said") {
  TempDir folder;
  const auto version = Version("heart", "artifacts/models/x");
  const PackageView gone = ReadPackageView(version, folder.path(), RealFs());
  CHECK(gone.why.find("artifacts/models/x") != std::string::npos);
  REQUIRE(RealFs().WriteAtomic(folder.File("artifacts/models/x/quern.json"), "{damaged"));
  CHECK(ReadPackageView(version, folder.path(), RealFs()).package.is_null());
}

TEST_CASE("what stands in a package cannot leave its place in a snippet") {
  TempDir folder;
  const auto version = Version("heart", "x");
  REQUIRE(RealFs().WriteAtomic(folder.File("x/quern.json"),
                               R"({"learner":"logistic","inputs":[{"name":"t","type":"text"}]})"));
  REQUIRE(RealFs().WriteAtomic(folder.File("x/serving_input_example.json"),
                               R"({"inputs":{"t":[["'); boom() #"]]}})"));
  const PackageView view = ReadPackageView(version, folder.path(), RealFs());
  CHECK(TextAt(view.package, "/learner") == "logistic");
  CHECK(TextAt(view.example, "/t") == "'); boom() #");
  const json::array snippets = Snippets(version, view, kPlace);
  REQUIRE(snippets.size() == 4);
  CHECK(TextAt(snippets[0], "/code") ==
        R"(quern serve 'heart/3' --root '/srv/it'\''s here' --port 8080)");
  CHECK(TextAt(snippets[1], "/code")
            .ends_with(R"#(-d '{"dataframe_records":[{"t":"'\''); boom() #"}]}')#"));
  CHECK(TextAt(snippets[2], "/code")
            .find(R"#(json.loads("{\"dataframe_records\":[{\"t\":\"'); boom() #\"}]}"))#") !=
        std::string::npos);
}

}  // namespace
}  // namespace quern::server::native
