#include "upkeep/backup.h"

#include <atomic>
#include <cmath>
#include <mutex>
#include <set>
#include <thread>

#include "store/open.h"
#include "upkeep/lock.h"
#include "upkeep/restore.h"
#include "upkeep/upkeep_fixture.h"

namespace quern::upkeep {
namespace {

BackupSource SourceOf(Fixture& f) {
  BackupSource source;
  source.state_dir = f.dir.path();
  source.database = f.db.name();
  source.artifacts_destination = f.artifacts->root();
  source.artifacts = f.artifacts.get();
  return source;
}

std::set<std::string> RunIds(store::Database& database) {
  std::set<std::string> ids;
  REQUIRE(database.Query("SELECT id FROM runs", {},
                         [&](const store::Row& row) { ids.insert(row.Text(0)); }));
  return ids;
}

/// Of a PostgreSQL copy another schema of the tests' server, of a SQLite one the state folder's.
std::string FreshDatabase(const Fixture& f) {
  return f.db->dialect() == store::Dialect::kPostgres ? store::FreshSchema() : "";
}

CheckedBackup Checked(const std::string& folder) {
  auto checked = CheckBackup(folder, RealFs(), CancelToken());
  REQUIRE_MESSAGE(checked, checked.error().ToString());
  return std::move(*checked);
}

}  // namespace

TEST_CASE("what is restored is what was backed up, in another folder") {
  Fixture f;
  TempDir out;
  const std::string run = f.Run("artifact");
  const std::string model = f.Model(run);
  tracking::Batch batch;
  for (int64_t step = 0; step < 900; ++step) {
    batch.metrics.push_back({"loss", 0.25, step, step, {}, {}, {}});
  }
  batch.metrics.push_back({"nan", std::nan(""), 0, 0, {}, {}, {}});
  batch.params = {{"text", "a\tb\\c\nd é"}};
  REQUIRE(f.runs.Log(run, batch));
  // A number that was given and is gone again.
  const std::string gone = f.Run();
  REQUIRE(f.runs.Delete(gone));
  f.Carry(f.Plan(1000));
  REQUIRE(RealFs().WriteAtomic(f.dir.File("tables/t/1"), "rows"));
  REQUIRE(RealFs().WriteAtomic(f.dir.File("tmp/x"), "left out"));
  REQUIRE(RealFs().WriteAtomic(f.dir.File("secrets/key"), "key"));
  // Places by path, as without the artifact calls.
  REQUIRE(f.db->Execute("UPDATE experiments SET artifact_location = ? WHERE id = ?",
                        {f.artifacts->root() + "/1", f.experiment}));

  const std::string to = out.File("backup");
  const auto made = BackUp(SourceOf(f), to, RealFs(), f.clock, f.cancel);
  REQUIRE_MESSAGE(made, made.error().ToString());
  CHECK(made->files >= 5);
  CHECK(RealFs().List(out.path()) == std::vector<std::string>{"backup"});
  CHECK_FALSE(RealFs().Exists(to + "/state/tmp"));
  CHECK(BackUp(SourceOf(f), to, RealFs(), f.clock, f.cancel).error().code == Code::kAlreadyExists);

  RestoreTarget target;
  target.state_dir = out.File("new/.quern");
  target.database = FreshDatabase(f);
  const auto restored = Restore(Checked(to), target, RealFs(), f.clock, f.cancel);
  REQUIRE_MESSAGE(restored, restored.error().ToString());
  CHECK(RealFs().Read(target.state_dir + "/tables/t/1") == "rows");
  CHECK(RealFs().Read(target.state_dir + "/secrets/key") == "key");
  CHECK(RealFs().Read(target.state_dir + "/mlflow-artifacts/" + f.FolderOf(run) +
                      "/artifacts/sub/f") == "artifact");
  const std::string name =
      target.database.empty() ? target.state_dir + "/quern.db" : target.database;
  const auto database = store::OpenDatabase(name, RealFs());
  REQUIRE(database);
  tracking::Experiments experiments(**database, f.clock, "mlflow-artifacts:/");
  tracking::Runs runs(**database, f.clock, experiments);
  const auto again = runs.Get(run);
  REQUIRE(again);
  CHECK(again->params.at("text") == "a\tb\\c\nd é");
  CHECK(again->metrics.size() == 2);
  CHECK(runs.History(run, "loss", 1000, "")->items.size() == 900);
  CHECK(experiments.Get(f.experiment)->artifact_location ==
        target.state_dir + "/mlflow-artifacts/1");
  // Numbers go on where they were.
  tracking::NewRun next;
  next.experiment_id = f.experiment;
  CHECK(runs.Create(next)->info.num == 3);
  CHECK(*experiments.Create("another", "", {}) == f.experiment + 1);

  // A folder that holds something is replaced only when told, and kept.
  const CheckedBackup backup = Checked(to);
  CHECK(Restore(backup, target, RealFs(), f.clock, f.cancel).error().code ==
        Code::kFailedPrecondition);
  target.replace = true;
  {
    const auto server = StoreLock::ForServing(target.state_dir, StoreLock::Mode::kShared);
    CHECK(Restore(backup, target, RealFs(), f.clock, f.cancel).error().code == Code::kAborted);
  }
  const auto replaced = Restore(backup, target, RealFs(), f.clock, f.cancel);
  REQUIRE_MESSAGE(replaced, replaced.error().ToString());
  CHECK(RealFs().Read(replaced->replaced + "/tables/t/1") == "rows");
  const auto reopened = store::OpenDatabase(name, RealFs());
  CHECK(RunIds(**reopened) == std::set<std::string>{run});
}

TEST_CASE("a damaged backup is refused, and what is wrong with it is named") {
  Fixture f(store::Engine::kSqlite);
  TempDir out;
  const std::string run = f.Run();
  const std::string to = out.File("backup");
  REQUIRE(BackUp(SourceOf(f), to, RealFs(), f.clock, f.cancel));
  const std::string file = "artifacts/" + f.FolderOf(run) + "/artifacts/sub/f";
  const auto wrong = [&] {
    const auto checked = CheckBackup(to, RealFs(), CancelToken());
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == Code::kDataLoss);
    return checked.error().message;
  };
  REQUIRE(RealFs().WriteAtomic(to + "/" + file, "54321"));
  CHECK(wrong().find("'" + file + "' is changed") != std::string::npos);
  REQUIRE(RealFs().RemoveAll(to + "/" + file));
  CHECK(wrong().find("'" + file + "' is missing") != std::string::npos);
  REQUIRE(RealFs().WriteAtomic(to + "/SHA256SUMS", ""));
  CHECK(wrong().find("SHA256SUMS' is changed") != std::string::npos);
  REQUIRE(RealFs().WriteAtomic(to + "/backup.json", R"({"format": 9})"));
  CHECK(CheckBackup(to, RealFs(), CancelToken()).error().code == Code::kFailedPrecondition);
  REQUIRE(RealFs().WriteAtomic(to + "/backup.json", R"({"format": 1})"));
  wrong();
  REQUIRE(RealFs().RemoveAll(to + "/backup.json"));
  CHECK(CheckBackup(to, RealFs(), CancelToken()).error().code == Code::kNotFound);
}

TEST_CASE("what was answered before a backup began is in it, with its files, while many write") {
  Fixture f;
  TempDir out;
  std::atomic<bool> stop = false;
  std::mutex mutex;
  std::set<std::string> answered;
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i) {
    writers.emplace_back([&] {
      while (!stop) {
        const std::string run = f.Run();
        const std::lock_guard lock(mutex);
        answered.insert(run);
      }
    });
  }
  std::set<std::string> before;
  while (before.size() < 20) {
    std::this_thread::yield();
    const std::lock_guard lock(mutex);
    before = answered;
  }
  const std::string to = out.File("backup");
  const auto made = BackUp(SourceOf(f), to, RealFs(), f.clock, f.cancel);
  stop = true;
  for (std::thread& writer : writers) writer.join();
  REQUIRE_MESSAGE(made, made.error().ToString());

  RestoreTarget target;
  target.state_dir = out.File("new");
  target.database = FreshDatabase(f);
  REQUIRE(Restore(Checked(to), target, RealFs(), f.clock, f.cancel));
  const auto database = store::OpenDatabase(
      target.database.empty() ? target.state_dir + "/quern.db" : target.database, RealFs());
  const std::set<std::string> there = RunIds(**database);
  for (const std::string& run : before) CHECK(there.contains(run));
  // A run is in the database before its file is: only its last writer's may be missing.
  size_t without = 0;
  for (const std::string& run : there) {
    const std::string file =
        target.state_dir + "/mlflow-artifacts/" + f.FolderOf(run) + "/artifacts/sub/f";
    if (!RealFs().Exists(file)) ++without;
    if (before.contains(run)) CHECK(RealFs().Exists(file));
  }
  CHECK(without <= writers.size());
}

TEST_CASE("an interrupted or failing backup leaves nothing, a purge keeps it out") {
  Fixture f(store::Engine::kSqlite);
  TempDir out;
  f.Run();
  const BackupSource source = SourceOf(f);
  const auto nothing = [&] { return RealFs().List(out.path())->empty(); };
  f.cancel.Cancel();
  CHECK(BackUp(source, out.File("b"), RealFs(), f.clock, f.cancel).error().code ==
        Code::kCancelled);
  CHECK(nothing());
  const CancelToken go;
  for (int call = 1;; ++call) {
    FaultyFs broken(RealFs(), call);
    const auto made = BackUp(source, out.File("b"), broken, f.clock, go);
    if (made) break;
    // Even the removal fails on this disk: what is left is not called a backup.
    CHECK_FALSE(RealFs().Exists(out.File("b")));
    CHECK(made.error().code == Code::kResourceExhausted);
    const auto left = RealFs().List(out.path());
    for (const std::string& name : *left) REQUIRE(RealFs().RemoveAll(out.File(name)));
    REQUIRE(call < 100);
  }
  CHECK(RealFs().Exists(out.File("b/backup.json")));
  const auto purge = StoreLock::ForUpkeep(f.dir.path(), StoreLock::Mode::kAlone, "the purge");
  CHECK(BackUp(source, out.File("c"), RealFs(), f.clock, go).error().code == Code::kAborted);
  CHECK(BackUp(source, f.dir.File("inside"), RealFs(), f.clock, go).error().code ==
        Code::kInvalidArgument);
}

TEST_CASE("names of files that sums escape") {
  const std::vector<FileSum> sums{{"a b", std::string(64, '1')},
                                  {"back\\slash\nline", std::string(64, '2')}};
  const std::string text = WriteSums(sums);
  CHECK(text.find("\\" + std::string(64, '2') + "  back\\\\slash\\nline\n") != std::string::npos);
  const auto read = ReadSums(text, "x");
  REQUIRE(read);
  REQUIRE(read->size() == 2);
  CHECK(read->at(1).path == sums[1].path);
  CHECK(read->at(0).sha256 == sums[0].sha256);
  CHECK_FALSE(ReadSums("nonsense\n", "x"));
}

}  // namespace quern::upkeep
