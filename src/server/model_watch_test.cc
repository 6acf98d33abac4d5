#include "server/model_watch.h"

#include <doctest/doctest.h>

#include "serving/fake_engine.h"

namespace quern::server {
namespace {

struct WatchFixture {
  std::unique_ptr<RunningServer> server;
  Result<ModelToServe> meant = ModelToServe{"heart", "1", {"champion"}, "a"};
  std::unique_ptr<ModelWatch> watch;

  explicit WatchFixture(std::vector<ModelToServe> fixed = {}) {
    ServeOptions options;
    options.models = {*meant};
    VersionSet versions;
    for (const ModelToServe& model : fixed) {
      options.models.push_back(model);
      versions.insert({model.name, model.version});
    }
    options.load = [](const serving::ModelFiles& files,
                      int64_t now_ms) -> Result<serving::LoadedModel> {
      if (files.path == "bad") return Fail(Code::kDataLoss, "its digest does not match");
      return serving::LoadedModel{
          serving::FakeServed(files.name, files.version, serving::BinarySignature(), now_ms), ""};
    };
    server = std::move(*StartServer(std::move(options)));
    watch = std::make_unique<ModelWatch>(
        *server, std::vector<WatchedModel>{{"heart@champion", [this] { return meant; }, *meant}},
        std::move(versions), 1e6);
  }
};

TEST_CASE("an alias that moves is followed; what cannot be served is not") {
  WatchFixture fixture;
  auto served = [&](const char* version) { return fixture.server->Serves("heart", version); };
  fixture.watch->Look();
  CHECK(served("1"));
  fixture.meant = ModelToServe{"heart", "2", {"champion"}, "b"};
  fixture.watch->Look();
  CHECK(served("2"));
  CHECK_FALSE(served("1"));
  CHECK(served("champion"));
  fixture.meant = Fail(Code::kUnavailable, "the registry is away");
  fixture.watch->Look();
  CHECK(served("2"));
  fixture.meant = ModelToServe{"heart", "3", {"champion"}, "bad"};
  fixture.watch->Look();
  CHECK(served("2"));
  CHECK_FALSE(served("3"));
  fixture.meant = ModelToServe{"heart", "2", {"champion", "stable"}, "b"};
  fixture.watch->Look();
  CHECK(served("stable"));
}

TEST_CASE("a version that was asked for by number stays when an alias comes and goes") {
  WatchFixture fixture({{"heart", "2", {}, "b"}});
  auto served = [&](const char* version) { return fixture.server->Serves("heart", version); };
  fixture.meant = ModelToServe{"heart", "2", {"champion"}, "b"};
  fixture.watch->Look();
  CHECK_FALSE(served("1"));
  fixture.meant = ModelToServe{"heart", "3", {"champion"}, "c"};
  fixture.watch->Look();
  CHECK(served("2"));
  CHECK(served("3"));
}

}  // namespace
}  // namespace quern::server
