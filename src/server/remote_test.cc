// A project's runs and versions at a tracking server, both in this process.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/fs.h"
#include "remote/server.h"
#include "server/tracking_server.h"

namespace quern::remote {
namespace {

using tracking::RunDraft;
using tracking::RunFamily;
using tracking::RunLevel;

struct Fixture {
  Fixture() {
    server::TrackingServerOptions options;
    options.state_dir = dir.File("store");
    options.http.threads = 2;
    auto started = server::StartTrackingServer(std::move(options));
    REQUIRE_MESSAGE(started, (started ? "" : started.error().ToString()));
    tracking = std::move(*started);
    here = Open();
  }
  std::unique_ptr<Server> Open(const std::string& project = "heart") {
    ServerOptions options;
    options.url = *net::ParseServerUrl(tracking->url());
    options.project = project;
    options.state_dir = dir.File("project");
    options.user = "ada";
    auto opened = Server::Open(options, RealFs(), clock);
    REQUIRE(opened);
    return std::move(*opened);
  }
  /// A package that is good enough to be sent.
  void Package(const std::string& digest) {
    const std::string folder = JoinPath(dir.File("project"), registry::PackagePath(digest));
    REQUIRE(RealFs().WriteAtomic(JoinPath(folder, "model.onnx"), "graph"));
    REQUIRE(RealFs().WriteAtomic(JoinPath(folder, "deep/é %.txt"), "text"));
  }

  TempDir dir;
  ManualClock clock{5000};
  std::unique_ptr<server::TrackingServer> tracking;
  std::unique_ptr<Server> here;
};

RunFamily Family(const std::string& key, size_t metrics = 3) {
  RunFamily family;
  family.key = key;
  family.place = "host:/it's here";
  family.parent.name = "train";
  family.parent.start_ms = 1000;
  family.parent.end_ms = 2000;
  family.parent.datasets = {{{"rows", "d1", "local", R"({"uri":"/x"})", std::nullopt, "{}"},
                             {{"mlflow.data.context", "training"}}}};
  RunDraft trial;
  trial.name = "trial";
  trial.start_ms = 1000;
  trial.end_ms = 1500;
  trial.params["depth"] = "3";
  for (size_t i = 0; i < metrics; ++i) {
    trial.metrics.push_back(
        {"auc", 0.5 + static_cast<double>(i) / 1e4, static_cast<int64_t>(i), 0, {}, {}, {}});
  }
  trial.metrics.push_back({"loss", std::nan(""), 0, 0, {}, {}, {}});
  trial.metrics.push_back({"worst", -INFINITY, 0, 0, {}, {}, {}});
  family.trials = {trial, trial};
  family.trials[1].status = tracking::RunStatus::kFailed;
  return family;
}

}  // namespace

TEST_CASE("a training is written down at the server, once") {
  Fixture f;
  REQUIRE(f.here->Check());
  tracking::RunBook& book = f.here->runs();
  CHECK(book.Search({}, RunLevel::kAll)->empty());
  const auto ids = book.Record("heart", Family("k1", 2500));
  REQUIRE_MESSAGE(ids, (ids ? "" : ids.error().ToString()));
  const auto trial = book.Find(ids->trials[0].substr(0, 12));
  REQUIRE(trial);
  const tracking::Run& run = trial->run;
  CHECK(trial->experiment == "heart");
  CHECK(run.info.parent_id == ids->parent);
  CHECK(run.info.status == "FINISHED");
  CHECK(run.info.user_id == "ada");
  CHECK(run.info.start_ms == 1000);
  CHECK(run.info.end_ms == 1500);
  CHECK(run.params == tracking::Texts{{"depth", "3"}});
  CHECK(run.tags.at(tracking::kKeyTag) == "k1/1");
  REQUIRE(run.metrics.size() == 3);
  CHECK(run.metrics[0].value == 0.7499);
  CHECK(run.metrics[0].time_ms == 1500);
  CHECK(std::isnan(run.metrics[1].value));
  // As MLflow keeps infinities.
  CHECK(run.metrics[2].value == std::numeric_limits<double>::lowest());
  CHECK(book.Find(ids->trials[1])->run.info.status == "FAILED");
  REQUIRE(book.Find(ids->parent)->run.dataset_inputs.size() == 1);
  CHECK(book.Find("zz").error().code == Code::kNotFound);
  CHECK(book.Find("' OR 1").error().code == Code::kNotFound);

  // From anywhere, and at any later time.
  const auto again = f.Open()->runs().Record("heart", Family("k1", 2500));
  REQUIRE(again);
  CHECK(again->parent == ids->parent);
  CHECK(again->trials == ids->trials);
  REQUIRE(book.Record("heart", Family("k2")));
  tracking::SearchRequest request;
  CHECK(book.Search(request, RunLevel::kAll)->size() == 6);
  CHECK(book.Search(request, RunLevel::kTop)->size() == 2);
  request.filter = "params.depth = '3'";
  request.max_results = 3;
  CHECK(book.Search(request, RunLevel::kAll)->size() == 3);
  CHECK(f.Open("other")->runs().Search({}, RunLevel::kAll)->empty());
}

TEST_CASE("a package is registered once, and fetched as it was") {
  Fixture f;
  const auto ids = f.here->runs().Record("heart", Family("k1"));
  REQUIRE(ids);
  registry::PackageRegistry& registry = f.here->registry();
  const std::string one(64, 'a'), two(64, 'b');
  f.Package(one);
  f.Package(two);
  CHECK(registry.List("")->empty());
  CHECK(!registry.ByAlias("heart", "champion")->has_value());
  const auto first = registry.Register({"heart", one, ids->parent, {{"quern.model", "tree"}}});
  REQUIRE_MESSAGE(first, (first ? "" : first.error().ToString()));
  CHECK(first->version == 1);
  CHECK(first->run_id == ids->parent);
  CHECK(first->tags == registry::Texts{{"quern.digest", one}, {"quern.model", "tree"}});
  CHECK(first->path == registry::PackagePath(one));
  CHECK(registry.Register({"heart", two, ids->trials[0], {}})->version == 2);
  CHECK(f.Open()->registry().Register({"heart", one, ids->parent, {}})->version == 1);

  REQUIRE(registry.SetAlias("heart", "champion", 1, "gates hold"));
  REQUIRE(registry.SetAlias("heart", "champion", 2, "better"));
  CHECK(registry.Resolve("heart@champion")->version == 2);
  CHECK(registry.Get("heart", 2)->tags.at("quern.alias.champion") == "better");
  CHECK(registry.SetAlias("heart", "champion", 9, "").error().code == Code::kNotFound);
  CHECK(registry.Get("heart", 9).error().code == Code::kNotFound);
  const auto all = registry.List("");
  REQUIRE(all->size() == 2);
  CHECK(all->front().version == 2);
  CHECK(all->front().aliases == std::vector<std::string>{"champion"});
  REQUIRE(registry.RemoveAlias("heart", "champion", "too slow"));
  REQUIRE(registry.RemoveAlias("heart", "champion", "again"));
  CHECK(registry.Get("heart", 2)->tags.at("quern.alias.champion") == "too slow");
  CHECK(registry.Resolve("heart")->version == 2);
  CHECK(registry.Resolve("nobody").error().code == Code::kNotFound);

  const std::string folder = f.dir.File("fetched");
  REQUIRE(RealFs().MakeDirs(folder));
  REQUIRE(registry.Fetch(*first, folder));
  CHECK(*RealFs().Read(JoinPath(folder, "model.onnx")) == "graph");
  CHECK(*RealFs().Read(JoinPath(folder, "deep/é %.txt")) == "text");
}

}  // namespace quern::remote
