#include "store/folder_artifacts.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "store/artifact_texts.h"
#include "store/full_disk.h"

namespace quern::store {
namespace {

std::unique_ptr<FolderArtifacts> OpenStore(const std::string& root, Fs& fs = RealFs()) {
  auto store = FolderArtifacts::Open(root, fs);
  REQUIRE(store);
  return std::move(*store);
}

std::vector<std::string> NamesOf(ArtifactStore& store, std::string_view path) {
  std::vector<std::string> names;
  auto entries = store.List(path);
  REQUIRE(entries);
  for (const ArtifactEntry& entry : *entries) names.push_back(entry.name);
  return names;
}

bool ScratchEmpty(const FolderArtifacts& store) { return RealFs().List(store.scratch())->empty(); }

TEST_CASE("what is put is a plain file, what is dropped into the folder is served") {
  TempDir dir;
  auto store = OpenStore(dir.File("root"));
  REQUIRE(PutText(*store, "1/run/model/MLmodel", "flavors"));
  CHECK(RealFs().Read(dir.File("root/1/run/model/MLmodel")) == "flavors");
  REQUIRE(RealFs().WriteAtomic(dir.File("root/1/dropped.txt"), "by hand"));
  CHECK(TextOf(*store, "1/dropped.txt") == "by hand");
  REQUIRE(PutText(*store, "1/empty", ""));
  CHECK(TextOf(*store, "1/empty").empty());

  auto entries = store->List("1");
  REQUIRE(entries);
  REQUIRE(entries->size() == 3);
  CHECK((*entries)[0].name == "dropped.txt");
  CHECK((*entries)[0].size == 7);
  CHECK_FALSE((*entries)[0].is_dir);
  CHECK((*entries)[2].name == "run");
  CHECK((*entries)[2].is_dir);
  CHECK(NamesOf(*store, "") == std::vector<std::string>{"1"});
  CHECK(NamesOf(*store, "none").empty());
  CHECK(NamesOf(*store, "1/dropped.txt").empty());
  CHECK(store->Exists("1/run") == true);
  CHECK(store->Exists("1/none") == false);
  CHECK(ScratchEmpty(*store));
}

TEST_CASE("replacing and deleting; an open file stays what it was") {
  TempDir dir;
  auto store = OpenStore(dir.path());
  REQUIRE(PutText(*store, "a/f", "one"));
  auto file = store->Open("a/f");
  REQUIRE(file);
  REQUIRE(PutText(*store, "a/f", "three"));
  CHECK(TextOf(*store, "a/f") == "three");
  CHECK(store->Open("a/f")->etag != file->etag);
  CHECK(store->Open("a/f")->etag == store->Open("a/f")->etag);
  char old[4] = {};
  CHECK(::pread(file->fd.get(), old, 3, 0) == 3);
  CHECK(std::string(old) == "one");
  CHECK(store->Delete("a/none").error().code == Code::kNotFound);
  CHECK(store->Delete("none/none").error().code == Code::kNotFound);
  REQUIRE(store->Delete("a/f"));
  CHECK(store->Open("a/f").error().code == Code::kNotFound);
  REQUIRE(PutText(*store, "a/b/c", "x"));
  REQUIRE(store->Delete("a"));
  CHECK(store->Exists("a") == false);
}

TEST_CASE(
    "an upload that is dropped leaves nothing; one of a dead program goes at the next start") {
  TempDir dir;
  {
    auto store = OpenStore(dir.path());
    REQUIRE(PutText(*store, "f", "old"));
    {
      auto writer = store->Put("f");
      REQUIRE(writer);
      REQUIRE((*writer)->Append("new"));
      CHECK(TextOf(*store, "f") == "old");
      // Another program on the same folder leaves the uploads of this one alone.
      OpenStore(dir.path());
      CHECK_FALSE(ScratchEmpty(*store));
    }
    CHECK(ScratchEmpty(*store));
    CHECK(TextOf(*store, "f") == "old");
    REQUIRE(RealFs().WriteAtomic(store->scratch() + "/put-0123", "of a killed program"));
  }
  CHECK(ScratchEmpty(*OpenStore(dir.path())));
}

TEST_CASE("files and folders are not taken for each other") {
  TempDir dir;
  auto store = OpenStore(dir.path());
  REQUIRE(PutText(*store, "f", "x"));
  REQUIRE(PutText(*store, "d/f", "x"));
  CHECK(store->Put("d").error().code == Code::kInvalidArgument);
  CHECK(store->Put("f/x").error().code == Code::kInvalidArgument);
  CHECK(store->Put("f/x/y").error().code == Code::kInvalidArgument);
  CHECK(store->Open("d").error().code == Code::kInvalidArgument);
  CHECK(store->Open("f/x").error().code == Code::kNotFound);
  REQUIRE(::mkfifo(dir.File("pipe").c_str(), 0600) == 0);
  CHECK(store->Open("pipe").error().code == Code::kNotFound);
  CHECK(NamesOf(*store, "") == std::vector<std::string>{"d", "f"});
}

TEST_CASE("bad paths and the store's own folder") {
  TempDir dir;
  auto store = OpenStore(dir.File("root"));
  REQUIRE(RealFs().WriteAtomic(dir.File("secret"), "s"));
  REQUIRE(RealFs().WriteAtomic(store->scratch() + "/x", "s"));
  for (std::string_view path : {"../secret", "%2e%2e/secret", "/etc/passwd", "a\\b", ""}) {
    CHECK(store->Put(path).error().message == "Invalid path");
    CHECK(store->Open(path).error().message == "Invalid path");
    CHECK(store->Delete(path).error().message == "Invalid path");
    CHECK(store->Exists(path).error().message == "Invalid path");
    if (!path.empty()) CHECK(store->List(path).error().message == "Invalid path");
  }
  CHECK(store->Put(".quern-tmp/x").error().code == Code::kInvalidArgument);
  CHECK(store->Put(".quern-tmp").error().code == Code::kInvalidArgument);
  CHECK(store->Open(".quern-tmp/x").error().code == Code::kNotFound);
  CHECK(store->Delete(".quern-tmp/x").error().code == Code::kNotFound);
  CHECK(store->Delete(".quern-tmp").error().code == Code::kNotFound);
  CHECK(NamesOf(*store, ".quern-tmp").empty());
  CHECK(NamesOf(*store, "").empty());
}

TEST_CASE("symbolic links that leave the root are refused, others are followed") {
  TempDir dir;
  auto store = OpenStore(dir.File("root"));
  REQUIRE(RealFs().WriteAtomic(dir.File("out/secret"), "s"));
  REQUIRE(PutText(*store, "in/f", "inside"));
  const auto link = [&](const std::string& to, const std::string& name) {
    REQUIRE(::symlink(to.c_str(), (store->root() + "/" + name).c_str()) == 0);
  };
  link(dir.File("out"), "out");
  link("../out/secret", "file");
  link("/etc/passwd", "passwd");
  link("in", "relative");
  link(store->root() + "/in", "absolute");
  link("loop", "loop");
  link(dir.File("nothing"), "dangling");
  link(".quern-tmp", "own");
  for (std::string_view path : {"out/secret", "file", "passwd", "loop", "own"}) {
    CHECK_MESSAGE(store->Open(path).error().code == Code::kInvalidArgument, path);
    CHECK_MESSAGE(store->List(path).error().code == Code::kInvalidArgument, path);
  }
  CHECK(store->Open("dangling").error().code == Code::kNotFound);
  for (std::string_view path : {"out/new", "out/deep/new", "loop/x", "own/x"}) {
    CHECK_MESSAGE(store->Put(path).error().code == Code::kInvalidArgument, path);
    CHECK_MESSAGE(!store->Delete(path), path);
  }
  CHECK_FALSE(PutText(*store, "dangling/x", "x"));
  CHECK_FALSE(RealFs().Exists(dir.File("nothing")));
  CHECK(TextOf(*store, "relative/f") == "inside");
  CHECK(TextOf(*store, "absolute/f") == "inside");
  REQUIRE(PutText(*store, "relative/g", "too"));
  CHECK(TextOf(*store, "in/g") == "too");
  CHECK(NamesOf(*store, "") == std::vector<std::string>{"absolute", "in", "relative"});
  // A link is replaced or deleted, never what it points at.
  REQUIRE(PutText(*store, "file", "mine"));
  REQUIRE(store->Delete("out"));
  CHECK(RealFs().Read(dir.File("out/secret")) == "s");
  CHECK(RealFs().List(dir.File("out"))->size() == 1);
}

TEST_CASE(
    "a full disk: the error says so and not where, nothing is half-written, then all is well") {
  TempDir dir;
  FullDisk disk;
  auto store = OpenStore(dir.path(), disk);
  REQUIRE(PutText(*store, "f", "old"));
  disk.room = 2;
  Status failed = PutText(*store, "f", "much longer");
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Code::kResourceExhausted);
  CHECK(failed.error().message.find("'f'") != std::string::npos);
  CHECK(failed.error().message.find("secret") == std::string::npos);
  CHECK(TextOf(*store, "f") == "old");
  CHECK(ScratchEmpty(*store));
  disk.room = ~uint64_t{0};
  disk.full = true;
  CHECK(store->Put("g").error().code == Code::kResourceExhausted);
  disk.full = false;
  REQUIRE(PutText(*store, "f", "new"));
  CHECK(TextOf(*store, "f") == "new");
}

TEST_CASE("whichever call of the file system fails, the artifact is the old one or the new one") {
  for (int n = 1;; ++n) {
    TempDir dir;
    REQUIRE(PutText(*OpenStore(dir.path()), "a/f", "old"));
    bool stored = false;
    FaultyFs faulty(RealFs(), n);
    if (auto store = FolderArtifacts::Open(dir.path(), faulty)) {
      stored = PutText(**store, "a/f", "new").has_value();
    }
    auto after = OpenStore(dir.path());
    CHECK(TextOf(*after, "a/f") == (stored ? "new" : "old"));
    CHECK(ScratchEmpty(*after));
    if (faulty.calls() < n) {
      CHECK(stored);
      break;
    }
  }
}

TEST_CASE("several uploads to one path: the last commit wins, never a mixture") {
  TempDir dir;
  auto store = OpenStore(dir.path());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        CHECK(PutText(*store, "a/f", std::string(size_t{100000}, static_cast<char>('a' + t))));
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    std::string text = TextOf(*store, "a/f");
    if (text.substr(0, 5) == "error") continue;
    CHECK(text.size() == 100000);
    CHECK(text.find_first_not_of(text[0]) == std::string::npos);
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(TextOf(*store, "a/f").size() == 100000);
  CHECK(ScratchEmpty(*store));
}

}  // namespace
}  // namespace quern::store
