#include "exchange/importer.h"

#include <doctest/doctest.h>

#include <optional>

#include "exchange/exporter.h"
#include "registry/names.h"
#include "store/folder_artifacts.h"
#include "tests/store/engines.h"

namespace quern::exchange {
namespace {

using tracking::Experiment;
using tracking::RunRecord;

class TextTree : public ArtifactTree {
 public:
  explicit TextTree(std::map<std::string, std::string> files) : files_(std::move(files)) {}
  Status EachFile(
      const std::function<Status(const std::string& path, uint64_t size)>& visit) override {
    for (const auto& [path, text] : files_) QUERN_TRY(visit(path, text.size()));
    return {};
  }
  Status Read(const std::string& path,
              const std::function<Status(std::string_view bytes)>& sink) override {
    return sink(files_.at(path));
  }

 private:
  std::map<std::string, std::string> files_;
};

/// A source made of values.
class FakeSource : public MlflowSource {
 public:
  Result<std::vector<Experiment>> Experiments(Report&) override { return experiments; }
  Status EachRun(const Experiment& experiment, Report&, const Visit<RunRecord>& visit) override {
    for (const RunRecord& run : runs) {
      if (run.info.experiment_id == experiment.id) QUERN_TRY(visit(run));
    }
    return {};
  }
  Status Complete(RunRecord&, Report&) override {
    ++completed;
    return {};
  }
  Status EachLoggedModel(const Experiment&, Report&, const Visit<tracking::ModelRecord>&) override {
    return {};
  }
  Status EachRegisteredModel(Report&, const Visit<registry::ModelRecord>& visit) override {
    for (const registry::ModelRecord& model : registered) QUERN_TRY(visit(model));
    return {};
  }
  Result<std::unique_ptr<ArtifactTree>> Artifacts(const ArtifactOwner& owner) override {
    if (owner.uri.starts_with("s3:")) return Fail(Code::kUnimplemented, "artifacts in 's3://b'");
    if (owner.uri.starts_with("gone:") && !back) return Fail(Code::kNotFound, "it is gone");
    return std::unique_ptr<ArtifactTree>(std::make_unique<TextTree>(
        std::map<std::string, std::string>{{"a/b.txt", owner.id}, {"c.txt", ""}}));
  }

  Experiment& AddExperiment(int64_t id, const std::string& name) {
    experiments.push_back({id, name, "file:///there", false, 1, 2, {}});
    return experiments.back();
  }
  RunRecord& AddRun(int64_t experiment, const std::string& id) {
    RunRecord run;
    run.info.id = id;
    run.info.experiment_id = experiment;
    run.info.status = "FINISHED";
    run.info.artifact_uri = "file:///there/" + id + "/artifacts";
    run.params = {{"p", "1"}};
    run.tags = {{"mlflow.runName", id}};
    run.metrics = {{"m", {{1, 1, 0.5}}}};
    runs.push_back(run);
    return runs.back();
  }

  std::vector<Experiment> experiments;
  std::vector<RunRecord> runs;
  std::vector<registry::ModelRecord> registered;
  int completed = 0;
  bool back = false;  // what was gone
};

struct Target {
  explicit Target(Fs& fs = RealFs()) {
    auto opened = store::FolderArtifacts::Open(dir.File("artifacts"), fs);
    if (opened) files = std::move(*opened);
  }
  store::TestDatabase db{store::EachEngine()};
  TempDir dir;
  ManualClock clock{1000};
  tracking::Experiments experiments{*db, clock, "mlflow-artifacts:/"};
  tracking::Runs runs{*db, clock, experiments};
  tracking::LoggedModels models{*db, clock, experiments};
  tracking::Transfer tracking{*db, experiments, runs, models};
  registry::Transfer registry{*db, clock, "importer"};
  std::unique_ptr<store::FolderArtifacts> files;
  CancelToken cancel;

  Report Import(FakeSource& source, const ImportOptions& options = {}) {
    Importer importer(source, {*db, tracking, registry, files.get(), clock}, options, cancel, {});
    status = importer.Run();
    return importer.report();
  }
  Status status;
};

}  // namespace

TEST_CASE("one bad run does not take the others along") {
  Target target;
  FakeSource source;
  source.AddExperiment(5, "e");
  source.AddRun(5, "good1");
  source.AddRun(5, "bad").params["zero"] = std::string(1, '\0');
  source.AddRun(5, "../../x");
  source.AddRun(5, "odd").tags["../up"] = "1";
  source.AddRun(5, "good2").info.status = "LOST";
  const Report report = target.Import(source);
  REQUIRE(target.status);
  CHECK(target.tracking.GetRun("good1"));
  CHECK(target.tracking.GetRun("odd")->tags.size() == 1);
  CHECK_FALSE(target.tracking.GetRun("good2"));
  CHECK_FALSE(target.tracking.GetRun("../../x"));
  // PostgreSQL keeps no text with a zero byte.
  const bool zero = target.db->dialect() == store::Dialect::kSqlite;
  CHECK(target.tracking.GetRun("bad").has_value() == zero);
  CHECK(report.problems.size() == (zero ? 3 : 4));
  CHECK(report.runs.added == (zero ? 3 : 2));
}

TEST_CASE("files come before what refers to them, and once") {
  Target target;
  FakeSource source;
  source.AddExperiment(5, "e");
  source.AddRun(5, "r1");
  source.AddRun(5, "r2").info.artifact_uri = "s3://b/r2/artifacts";
  source.AddRun(5, "r3").info.artifact_uri = "gone:/r3/artifacts";
  registry::ModelRecord model;
  model.model.name = "heart";
  for (const char* storage :
       {"file:///there/r1/artifacts/a", "s3://b/r2/artifacts", "file:///there/r1/artifacts"}) {
    registry::ModelVersion version;
    version.name = "heart";
    version.version = static_cast<int64_t>(model.versions.size()) + 1;
    version.source = version.storage = storage;
    model.versions.push_back(version);
  }
  source.registered = {model};
  Report report = target.Import(source);
  REQUIRE(target.status);
  CHECK(report.files.added == 2);
  CHECK(report.bytes == 2);
  CHECK(report.unreached.size() == 1);
  CHECK(report.notes.size() == 1);
  CHECK(target.tracking.GetRun("r1")->info.artifact_uri == "mlflow-artifacts:/5/r1/artifacts");
  CHECK(target.tracking.GetRun("r2")->info.artifact_uri == "s3://b/r2/artifacts");
  CHECK(target.tracking.GetRun("r3")->info.artifact_uri == "gone:/r3/artifacts");
  CHECK(RealFs().Read(target.dir.File("artifacts/5/r1/artifacts/a/b.txt")) == "r1");
  const auto heart = target.registry.Get("heart");
  CHECK(heart->versions[0].storage == "mlflow-artifacts:/5/r1/artifacts/a");
  CHECK(heart->versions[0].source == "file:///there/r1/artifacts/a");
  CHECK(heart->versions[1].storage == "s3://b/r2/artifacts");
  CHECK(source.completed == 3);

  report = target.Import(source);
  CHECK(report.files.there == 2);
  CHECK(report.files.added == 0);
  CHECK(report.runs.there == 3);
  CHECK(report.versions.there == 3);
  // What is here is not read again.
  CHECK(source.completed == 3);
  source.back = true;
  CHECK(target.Import(source).files.added == 2);
  CHECK(target.tracking.GetRun("r3")->info.artifact_uri == "mlflow-artifacts:/5/r3/artifacts");
}

TEST_CASE("an experiment that comes deleted comes back with the runs that went with it") {
  Target target;
  FakeSource source;
  Experiment& dead = source.AddExperiment(5, "dead");
  dead.deleted = true;
  dead.updated_ms = 100;
  for (const auto& [id, deleted_ms] : std::map<std::string, std::optional<int64_t>>{
           {"with", 107}, {"unknown", {}}, {"before", 50}}) {
    RunRecord& run = source.AddRun(5, id);
    run.info.deleted = true;
    run.deleted_ms = deleted_ms;
  }
  target.Import(source);
  REQUIRE(target.status);
  REQUIRE(target.experiments.Restore(5));
  CHECK_FALSE(target.runs.Info("with")->deleted);
  CHECK_FALSE(target.runs.Info("unknown")->deleted);
  CHECK(target.runs.Info("before")->deleted);
}

TEST_CASE("a dry run writes nothing and tells the same") {
  Target target;
  FakeSource source;
  source.AddExperiment(5, "e");
  source.AddRun(5, "r1");
  ImportOptions dry;
  dry.dry_run = true;
  const Report before = target.Import(source, dry);
  REQUIRE(target.status);
  CHECK_FALSE(target.tracking.GetRun("r1"));
  CHECK(target.files->List("")->empty());
  const Report done = target.Import(source);
  CHECK(before.runs.added == done.runs.added);
  CHECK(before.files.added == done.files.added);
  CHECK(before.points == done.points);
  CHECK(before.experiments.added == 1);
  CHECK(target.Import(source, dry).runs.there == 1);
}

TEST_CASE("an import that is interrupted keeps what was committed, and goes on") {
  Target target;
  FakeSource source;
  source.AddExperiment(5, "e");
  for (int i = 0; i < 450; ++i) source.AddRun(5, "r" + std::to_string(i));
  ImportOptions options;
  options.artifacts = false;
  Importer importer(
      source, {*target.db, target.tracking, target.registry, target.files.get(), target.clock},
      options, target.cancel, [&](const Report& report, const std::string&) {
        if (report.runs.added >= 200) target.cancel.Cancel();
      });
  CHECK(importer.Run().error().code == Code::kCancelled);
  CHECK(target.tracking.RunIds(5)->size() == 200);
  CancelToken fresh;
  Importer again(source,
                 {*target.db, target.tracking, target.registry, target.files.get(), target.clock},
                 options, fresh, {});
  REQUIRE(again.Run());
  CHECK(again.report().runs.there == 200);
  CHECK(again.report().runs.added == 250);
}

TEST_CASE("whichever write fails, an import ends with its reason and can go on") {
  FakeSource source;
  source.AddExperiment(5, "e");
  source.AddRun(5, "r1");
  source.AddRun(5, "r2");
  TempDir dir;
  bool done = false;
  for (int n = 1; !done; ++n) {
    REQUIRE(n < 100);
    FaultyFs faulty(RealFs(), n);
    auto database = store::OpenSqlite(dir.File("q" + std::to_string(n) + ".db"), RealFs());
    REQUIRE(database);
    const std::string folder = dir.File("a" + std::to_string(n));
    auto files = store::FolderArtifacts::Open(folder, faulty);
    if (!files) continue;
    const auto import = [&](store::ArtifactStore& artifacts) {
      ManualClock clock(1000);
      tracking::Experiments experiments(**database, clock, "mlflow-artifacts:/");
      tracking::Runs runs(**database, clock, experiments);
      tracking::LoggedModels models(**database, clock, experiments);
      tracking::Transfer tracking(**database, experiments, runs, models);
      registry::Transfer registry(**database, clock, "importer");
      CancelToken cancel;
      return Importer(source, {**database, tracking, registry, &artifacts, clock}, {}, cancel, {})
          .Run();
    };
    const Status first = import(**files);
    done = first.has_value();
    if (!first) CHECK(first.error().code == Code::kResourceExhausted);
    auto good = store::FolderArtifacts::Open(folder, RealFs());
    REQUIRE(good);
    REQUIRE(import(**good));
    CHECK(RealFs().Read(JoinPath(folder, "5/r2/artifacts/a/b.txt")) == "r2");
  }
}

TEST_CASE("whichever write fails, an export leaves nothing behind") {
  Target target;
  FakeSource source;
  source.AddExperiment(5, "e").tags = {{"t", "1"}};
  source.AddRun(5, "r1");
  target.Import(source);
  REQUIRE(target.status);
  TempDir dir;
  const auto write = [&](Fs& fs) {
    ExportOptions options;
    options.folder = dir.File("out");
    return Exporter({target.tracking, target.registry, *target.files}, options, fs, target.cancel,
                    {})
        .Run();
  };
  int n = 1;
  for (;; ++n) {
    REQUIRE(n < 100);
    FaultyFs faulty(RealFs(), n);
    const Status written = write(faulty);
    if (written) break;
    CHECK(written.error().code == Code::kResourceExhausted);
    CHECK_FALSE(RealFs().Exists(dir.File("out")));
  }
  CHECK(n > 10);
  CHECK(RealFs().Read(dir.File("out/5/r1/metrics/m")) == "1 0.5 1\n");
  CHECK(RealFs().Read(dir.File("out/5/r1/artifacts/a/b.txt")) == "r1");
  CHECK_FALSE(RealFs().Exists(dir.File("out.quern-tmp")));
  CHECK(write(RealFs()).error().code == Code::kAlreadyExists);
}

}  // namespace quern::exchange
