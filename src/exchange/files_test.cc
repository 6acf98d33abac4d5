#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "base/fs.h"
#include "exchange/folder_files.h"
#include "exchange/local_artifacts.h"
#include "exchange/mlflow_words.h"
#include "exchange/names.h"

namespace quern::exchange {
namespace {

void Put(const TempDir& dir, const std::string& path, const std::string& text) {
  REQUIRE(RealFs().WriteAtomic(dir.File(path), text));
}

}  // namespace

TEST_CASE("values of metrics as Python writes them") {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  CHECK(ParseMetricValue("0.5") == 0.5);
  CHECK(ParseMetricValue("1e-05") == 1e-5);
  CHECK(ParseMetricValue("inf") == kInf);
  CHECK(ParseMetricValue("-Infinity") == -kInf);
  CHECK(std::isnan(*ParseMetricValue("nan")));
  for (const char* bad : {"", "x", "0.5x", "infinit", "1 2", "--1"}) {
    CHECK_MESSAGE(!ParseMetricValue(bad), bad);
  }
}

TEST_CASE("states by number and by name") {
  CHECK(RunStatusWord("3") == "FINISHED");
  CHECK(RunStatusWord("KILLED") == "KILLED");
  CHECK_FALSE(RunStatusWord("6"));
  CHECK_FALSE(RunStatusWord("finished"));
  CHECK(RunStatusNumber("KILLED") == 5);
  CHECK(ModelStatusWord("2") == "LOGGED_MODEL_READY");
  CHECK(ModelStatusWord("READY") == "LOGGED_MODEL_READY");
  CHECK(ModelStatusWord("0") == "LOGGED_MODEL_PENDING");
  CHECK(ModelStatusWord("FAILED") == "LOGGED_MODEL_UPLOAD_FAILED");
  CHECK_FALSE(ModelStatusWord("9"));
  CHECK(ModelStatusNumber("LOGGED_MODEL_UPLOAD_FAILED") == 3);
}

TEST_CASE("lines of a file of metrics") {
  Report report;
  std::vector<MetricLine> lines;
  EachMetricLine("few", "1 0.5\n2 nan 3\n4 1 5 my data dig\n\nx 1 2\n6 7 8 odd\n9\n", report,
                 [&](MetricLine line) {
                   if (line.rest.size() == 1) return false;
                   lines.push_back(std::move(line));
                   return true;
                 });
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].point.step == 0);
  CHECK(lines[1].point.step == 3);
  CHECK(std::isnan(lines[1].point.value));
  CHECK(lines[2].rest == std::vector<std::string>{"my", "data", "dig"});
  REQUIRE(report.problems.size() == 3);
  CHECK(report.problems[0].where.ToString() == "few:5");
  CHECK(report.problems[1].where.ToString() == "few:6");
  CHECK(report.problems[2].where.ToString() == "few:7");
}

TEST_CASE("keys are paths below a folder") {
  TempDir dir;
  Put(dir, "a", "1\n");
  Put(dir, "deep/er/b", "");
  Put(dir, "bad", "\xff");
  Report report;
  CHECK(ReadKeys(RealFs(), dir.path(), report) == tracking::Texts{{"a", "1\n"}, {"deep/er/b", ""}});
  REQUIRE(report.problems.size() == 1);
  CHECK(report.problems[0].where.file == dir.File("bad"));
  CHECK(ReadKeys(RealFs(), dir.File("absent"), report).empty());
  CHECK(report.problems.size() == 1);
}

TEST_CASE("meta.yaml is read leniently, and what is wrong has its line") {
  TempDir dir;
  Put(dir, "meta.yaml", "name: 'x'\nid: 7\nnone: null\nbad: seven\ntags: {a: b, c: '1'}\n");
  auto meta = Meta::Read(RealFs(), dir.path());
  REQUIRE(meta);
  CHECK(meta->Text("name") == "x");
  CHECK(meta->Text("id") == "7");
  CHECK(meta->Text("none").empty());
  CHECK(meta->Text("absent").empty());
  CHECK(meta->Int("id") == 7);
  CHECK_FALSE(meta->Int("none"));
  CHECK(meta->status());
  CHECK(meta->Map("tags") == tracking::Texts{{"a", "b"}, {"c", "1"}});
  CHECK_FALSE(meta->Int("bad"));
  CHECK(meta->status().error().where.line == 4);
  CHECK(meta->Bad("id", "no").error().where.ToString() == dir.File("meta.yaml") + ":2:5");

  Put(dir, "meta.yaml", "name: [\n");
  CHECK(Meta::Read(RealFs(), dir.path()).error().where.line > 0);
  Put(dir, "meta.yaml", "- a\n");
  CHECK(Meta::Read(RealFs(), dir.path()).error().code == Code::kInvalidArgument);
  Put(dir, "meta.yaml", "");
  CHECK(Meta::Read(RealFs(), dir.path()).error().code == Code::kInvalidArgument);
  CHECK(Meta::Read(RealFs(), dir.File("absent")).error().code == Code::kNotFound);
}

TEST_CASE("places of artifacts") {
  TempDir dir;
  Put(dir, "runs/1/abc/artifacts/m/x.txt", "x");
  Put(dir, "mlartifacts/1/def/artifacts/y.txt", "yy");
  const LocalPlaces places{dir.path(), dir.File("mlartifacts")};
  const auto folder = [&](const std::string& id, const std::string& uri,
                          const std::string& own = "") {
    return places.FolderOf({ArtifactOwner::Kind::kRun, 1, id, uri}, own);
  };
  const std::string there = dir.File("runs/1/abc/artifacts");
  CHECK(folder("abc", there) == there);
  CHECK(folder("abc", "file://" + there) == there);
  CHECK(folder("abc", "runs/1/abc/artifacts") == there);
  CHECK(folder("abc", "./runs/1/abc/artifacts/") == there);
  CHECK(folder("def", "mlflow-artifacts:/1/def/artifacts") ==
        dir.File("mlartifacts/1/def/artifacts"));
  CHECK(folder("def", "mlflow-artifacts://host:1/1/def/artifacts") ==
        dir.File("mlartifacts/1/def/artifacts"));
  // Nothing was logged yet.
  CHECK(folder("new", "runs/1/new/artifacts") == dir.File("runs/1/new/artifacts"));
  // Moved: the folder of its own.
  CHECK(folder("abc", "file:///gone/1/abc/artifacts", there) == there);
  CHECK(folder("new", "file:///gone/1/new/artifacts", dir.File("runs/1/new/artifacts")) ==
        dir.File("runs/1/new/artifacts"));
  CHECK(folder("new", "file:///gone/place/new/artifacts", dir.File("runs/1/new/artifacts"))
            .error()
            .code == Code::kNotFound);
  CHECK(folder("abc", "file:///gone/x/1/abc/artifacts").error().code == Code::kNotFound);
  // Whatever else lies on this machine is nobody's artifacts.
  CHECK(folder("abc", "file:///etc").error().code == Code::kNotFound);
  CHECK(folder("abc", "mlflow-artifacts:/../../etc/abc/artifacts").error().code == Code::kNotFound);
  CHECK(folder("abc", "s3://bucket/1/abc/artifacts").error().code == Code::kUnimplemented);
  CHECK(folder("abc", "file://other/1/abc/artifacts").error().code == Code::kUnimplemented);
}

TEST_CASE("a tree of files, without what leads out of it") {
  TempDir dir;
  Put(dir, "tree/a/b.txt", "12345");
  Put(dir, "tree/c.txt", "");
  Put(dir, "secret", "s");
  std::filesystem::create_symlink(dir.File("secret"), dir.File("tree/out"));
  std::filesystem::create_symlink(dir.File("tree/c.txt"), dir.File("tree/in"));
  std::filesystem::create_directory_symlink(dir.File("tree"), dir.File("tree/a/circle"));
  const auto tree = FolderTree(dir.File("tree"));
  std::map<std::string, uint64_t> found;
  REQUIRE(tree->EachFile([&](const std::string& path, uint64_t size) -> Status {
    found[path] = size;
    return {};
  }));
  CHECK(found == std::map<std::string, uint64_t>{{"a/b.txt", 5}, {"c.txt", 0}, {"in", 0}});
  CHECK(tree->left_out().size() == 2);
  std::string read;
  REQUIRE(tree->Read("a/b.txt", [&](std::string_view bytes) -> Status {
    read += bytes;
    return {};
  }));
  CHECK(read == "12345");
  CHECK_FALSE(tree->Read("absent", [](std::string_view) { return Status(); }));
  CHECK(FolderTree(dir.File("nowhere"))->EachFile([](const auto&, uint64_t) { return Status(); }));
}

TEST_CASE("a place below one that was moved") {
  const std::map<std::string, std::string> moved{{"file:///a/1", "x:/1"}, {"file:///a", "x:"}};
  CHECK(MovedUri(moved, "file:///a/1/m/n") == "x:/1/m/n");
  CHECK(MovedUri(moved, "file:///a/1") == "x:/1");
  CHECK(MovedUri(moved, "file:///a/12/m") == "x:/12/m");
  CHECK_FALSE(MovedUri(moved, "file:///b/1"));
  CHECK_FALSE(MovedUri(moved, ""));
}

}  // namespace quern::exchange
