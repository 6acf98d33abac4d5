#include "store/multipart.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "store/folder_artifacts.h"
#include "store/full_disk.h"

namespace quern::store {
namespace {

struct Fixture {
  TempDir dir;
  FullDisk disk;
  ManualClock clock{SystemClock().NowMs()};
  std::unique_ptr<FolderArtifacts> store = FolderArtifacts::Open(dir.path(), disk).value();
  std::string folder = store->scratch() + "/parts";
  MultipartUploads uploads{*store, folder, disk, clock};

  std::string Send(const std::string& id, int number, std::string_view text) {
    auto part = uploads.PutPart(id, number);
    REQUIRE(part);
    REQUIRE((*part)->Append(text));
    REQUIRE((*part)->Commit());
    return (*part)->etag();
  }
  std::string TextOf(std::string_view path) {
    auto file = store->Open(path);
    if (!file) return "error";
    std::string text(file->size, '\0');
    REQUIRE(::pread(file->fd.get(), text.data(), text.size(), 0) ==
            static_cast<ssize_t>(text.size()));
    return text;
  }
};

TEST_CASE("parts in any order, one of them twice, become one artifact") {
  Fixture f;
  std::string id = f.uploads.Create("m/big.bin", 3).value();
  std::string three = f.Send(id, 3, "ccc");
  std::string one = f.Send(id, 1, std::string(1 << 20, 'a'));
  std::string stale = f.Send(id, 2, "old");
  std::string two = f.Send(id, 2, "bb");
  CHECK(f.uploads.Complete(id, "m/big.bin", {{1, one}, {2, stale}, {3, three}}).error().code ==
        Code::kInvalidArgument);
  CHECK(f.TextOf("m/big.bin") == "error");
  REQUIRE(f.uploads.Complete(id, "m/big.bin", {{1, one}, {2, two}, {3, three}}));
  CHECK(f.TextOf("m/big.bin") == std::string(1 << 20, 'a') + "bbccc");
  CHECK(RealFs().List(f.folder)->empty());
  CHECK(f.uploads.Complete(id, "m/big.bin", {{1, one}}).error().code == Code::kNotFound);
}

TEST_CASE("what an upload is refused for") {
  Fixture f;
  CHECK(f.uploads.Create("../x", 1).error().message == "Invalid path");
  CHECK(f.uploads.Create("x", 0).error().code == Code::kInvalidArgument);
  CHECK(f.uploads.Create("x", MultipartUploads::kMaxParts + 1).error().code ==
        Code::kInvalidArgument);
  std::string id = f.uploads.Create("x", 2).value();
  CHECK(f.uploads.PutPart(id, 0).error().code == Code::kInvalidArgument);
  CHECK(f.uploads.PutPart(id, 3).error().code == Code::kInvalidArgument);
  CHECK(f.uploads.PutPart("../../etc", 1).error().code == Code::kNotFound);
  CHECK(f.uploads.PutPart(std::string(32, 'a'), 1).error().code == Code::kNotFound);
  std::string one = f.Send(id, 1, "a");
  std::string two = f.Send(id, 2, "b");
  CHECK(f.uploads.Complete(id, "x", {}).error().code == Code::kInvalidArgument);
  CHECK(f.uploads.Complete(id, "x", {{2, two}, {1, one}}).error().code == Code::kInvalidArgument);
  CHECK(f.uploads.Complete(id, "x", {{1, one}, {1, one}}).error().code == Code::kInvalidArgument);
  CHECK(f.uploads.Complete(id, "x", {{1, two}}).error().code == Code::kInvalidArgument);
  CHECK(f.uploads.Complete(id, "x", {{1, "../x"}}).error().code == Code::kInvalidArgument);
  CHECK(f.uploads.Complete(id, "y", {{1, one}}).error().code == Code::kInvalidArgument);
  CHECK(f.uploads.Abort(id, "y").error().code == Code::kInvalidArgument);
  REQUIRE(f.uploads.Abort(id, "x"));
  CHECK(f.uploads.Abort(id, "x").error().code == Code::kNotFound);
  CHECK(RealFs().List(f.folder)->empty());
}

TEST_CASE("a part that is dropped, or whose upload is aborted meanwhile, leaves nothing") {
  Fixture f;
  std::string id = f.uploads.Create("x", 1).value();
  {
    auto part = f.uploads.PutPart(id, 1);
    REQUIRE((*part)->Append("half"));
  }
  CHECK(RealFs().List(f.folder + "/" + id)->size() == 1);
  auto part = f.uploads.PutPart(id, 1);
  REQUIRE((*part)->Append("half"));
  REQUIRE(f.uploads.Abort(id, "x"));
  CHECK((*part)->Commit().error().code == Code::kNotFound);
  CHECK(RealFs().List(f.folder)->empty());
}

TEST_CASE("a full disk while joining: the parts are kept and can be joined again") {
  Fixture f;
  std::string id = f.uploads.Create("x", 2).value();
  std::string one = f.Send(id, 1, "aaaa");
  std::string two = f.Send(id, 2, "bbbb");
  f.disk.room = 6;
  CHECK(f.uploads.Complete(id, "x", {{1, one}, {2, two}}).error().code == Code::kResourceExhausted);
  CHECK(f.TextOf("x") == "error");
  f.disk.room = ~uint64_t{0};
  REQUIRE(f.uploads.Complete(id, "x", {{1, one}, {2, two}}));
  CHECK(f.TextOf("x") == "aaaabbbb");
  f.disk.full = true;
  CHECK(f.uploads.Create("x", 1).error().code == Code::kResourceExhausted);
}

TEST_CASE("abandoned uploads go, young ones stay") {
  Fixture f;
  constexpr int64_t kDay = MultipartUploads::kAbandonedAfterMs;
  CHECK(f.uploads.Unfinished(kDay, true)->count == 0);
  std::string id = f.uploads.Create("x", 1).value();
  {
    auto part = f.uploads.PutPart(id, 1);
    REQUIRE((*part)->Append("four"));
    REQUIRE((*part)->Commit());
  }
  CHECK(f.uploads.Unfinished(kDay, true)->count == 0);
  CHECK(f.uploads.PutPart(id, 1));
  f.clock.Set(f.clock.NowMs() + 2 * kDay);
  const auto seen = f.uploads.Unfinished(kDay, false);
  CHECK(seen->count == 1);
  CHECK(seen->bytes > 4);
  CHECK(f.uploads.PutPart(id, 1));
  CHECK(f.uploads.Unfinished(kDay, true)->count == 1);
  CHECK(f.uploads.Unfinished(kDay, true)->count == 0);
  CHECK(f.uploads.PutPart(id, 1).error().code == Code::kNotFound);
}

}  // namespace
}  // namespace quern::store
