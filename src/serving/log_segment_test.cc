#include "serving/log_segment.h"

#include <unistd.h>

#include <atomic>
#include <cstring>
#include <fstream>

#include "base/digest.h"
#include "serving/log_fixture.h"
#include "serving/log_frame.h"

namespace quern::serving {
namespace {

void Overwrite(const std::string& path, uint64_t at, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(at));
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(file.good());
}

/// A database that fails after `good` transactions.
class Failing : public store::Database {
 public:
  Failing(store::Database& below, int good) : below_(below), good_(good) {}
  Status Execute(std::string_view sql, const std::vector<store::Param>& params) override {
    return below_.Execute(sql, params);
  }
  Status Query(std::string_view sql, const std::vector<store::Param>& params,
               const std::function<void(const store::Row&)>& on_row) override {
    return below_.Query(sql, params, on_row);
  }
  Status Transaction(const std::function<Status()>& body) override {
    // All of it, and then no commit: as if the process had been killed there.
    if (good_-- <= 0) {
      return below_.Transaction([&]() -> Status {
        QUERN_TRY(body());
        return Fail(Code::kResourceExhausted, "disk full");
      });
    }
    return below_.Transaction(body);
  }

 private:
  store::Database& below_;
  std::atomic<int> good_;
};

/// A segment whose writer is gone, as a kill leaves it: a copy of what is written.
struct Left {
  Left() {
    REQUIRE(RealFs().MakeDirs(left.File("log")));
    auto log = store.Open();
    for (const char* id : {"a", "b", "c"}) REQUIRE(store.Ask(*log, 2, id));
    const std::string written = store.dir.File(store.Segments().at(0));
    REQUIRE(RealFs().Copy(written, Path()));
    SegmentReader reader = SegmentReader::Open(Path()).value();
    while (reader.Next().value() == SegmentReader::Step::kFrame) {
      ends.push_back(reader.end());
    }
  }
  std::string Path() const { return left.File("log/segment.qpl"); }
  /// Ids of rows 0 that a mover finds.
  std::vector<std::string> Move() {
    REQUIRE(mover.CatchUp());
    std::vector<std::string> ids;
    REQUIRE(database->Query("SELECT prediction_id FROM predictions WHERE row_index = 0 ORDER BY 1",
                            {}, [&](const store::Row& row) { ids.push_back(row.Text(0)); }));
    return ids;
  }

  int64_t Count(const std::string& sql) {
    int64_t count = -1;
    REQUIRE(database->Query(sql, {}, [&](const store::Row& row) { count = row.Int(0); }));
    return count;
  }

  LogStore store{store::Engine::kSqlite};
  store::TestDatabase database{store::Engine::kSqlite};  // another one than the log's
  TempDir left;
  std::vector<uint64_t> ends;  // of the schema, of a, b, c
  PredictionMover mover{*database, store.clock, left.File("log")};
};

using Ids = std::vector<std::string>;

TEST_CASE("what the disk did not confirm is cut back, as what was not written is") {
  TempDir dir;
  const ManualClock clock(5000);
  REQUIRE(RealFs().MakeDirs(dir.File("log")));
  auto segment = LogSegment::Create(RealFs(), dir.File("log"), clock).value();
  const std::string moved = dir.File("moved/" + BaseName(segment->path()));
  // The folder cannot be synced where it is looked for; the file can still be written.
  REQUIRE(RealFs().MoveInto(dir.File("log"), dir.File("moved")));
  CHECK_FALSE(segment->Append("rows of a request", true));
  CHECK(RealFs().Stat(moved).value().size == kSegmentHeader);
  CHECK(segment->size() == kSegmentHeader);
  CHECK(segment->Append("more", false).error().code == Code::kUnavailable);
}

TEST_CASE("what a killed process left is moved and the segment goes") {
  Left left;
  CHECK(left.ends.size() == 4);
  CHECK(left.Move() == Ids{"a-0", "b-0", "c-0"});
  CHECK_FALSE(RealFs().Exists(left.Path()));
  CHECK(left.Count("SELECT count(*) FROM prediction_segments") == 0);
}

TEST_CASE("a move that fails before its commit is made again, once") {
  Left left;
  for (int good = 0; good < 2; ++good) {
    Failing failing(*left.database, good);
    PredictionMover mover(failing, left.store.clock, left.left.File("log"));
    const Status moved = mover.CatchUp();
    CHECK(moved.has_value() == (good > 0));
    if (!moved) CHECK(mover.waiting_bytes() > 0);
    CHECK(left.Count("SELECT count(*) FROM predictions") == (good > 0 ? 6 : 0));
    CHECK(RealFs().Exists(left.Path()) == (good == 0));
  }
}

TEST_CASE("a kill between the last commit and the removal of the file moves nothing twice") {
  Left left;
  REQUIRE(RealFs().Copy(left.Path(), left.left.File("copy")));
  REQUIRE(left.database->Execute("CREATE TABLE kept AS SELECT * FROM prediction_segments"));
  REQUIRE(left.database->Execute(
      "CREATE TRIGGER keep AFTER INSERT ON prediction_segments BEGIN INSERT INTO kept SELECT * "
      "FROM prediction_segments; END"));
  CHECK(left.Move() == Ids{"a-0", "b-0", "c-0"});
  // As it was before the removal: the position is stored, the file is there.
  REQUIRE(RealFs().Copy(left.left.File("copy"), left.Path()));
  REQUIRE(left.database->Execute("INSERT INTO prediction_segments SELECT * FROM kept"));
  // Rows that were moved on since then must not come back.
  REQUIRE(left.database->Execute("DELETE FROM predictions"));
  PredictionMover again(*left.database, left.store.clock, left.left.File("log"));
  REQUIRE(again.CatchUp());
  CHECK(again.totals().rows == 0);
  CHECK(left.Count("SELECT count(*) FROM predictions") == 0);
  CHECK_FALSE(RealFs().Exists(left.Path()));
}

TEST_CASE("cut at any byte: whole records are kept, the last one is dropped") {
  Left whole;
  for (uint64_t size = 0; size <= whole.ends[3]; size += 7) {
    CAPTURE(size);
    Left left;
    REQUIRE(::truncate(left.Path().c_str(), static_cast<off_t>(size)) == 0);
    Ids expected;
    for (size_t i = 1; i < 4; ++i) {
      if (left.ends[i] <= size) expected.push_back(std::string(1, "xabc"[i]) + "-0");
    }
    CHECK(left.Move() == expected);
    CHECK(left.mover.totals().broken == 0);
    CHECK_FALSE(RealFs().Exists(left.Path()));
  }
}

TEST_CASE("a broken record in the middle is reported, and what follows is read") {
  Left left;
  SUBCASE("in its bytes") { Overwrite(left.Path(), left.ends[1] + 40, "?"); }
  SUBCASE("in its length") { Overwrite(left.Path(), left.ends[1] + 4, "\xff\xff\xff"); }
  SUBCASE("in its mark") { Overwrite(left.Path(), left.ends[1], "?"); }
  CHECK(left.Move() == Ids{"a-0", "c-0"});
  CHECK(left.mover.totals().broken == 1);
  CHECK_FALSE(RealFs().Exists(left.Path()));
}

TEST_CASE("a broken header costs nothing; a broken last record is told from a cut one") {
  Left header;
  Overwrite(header.Path(), 0, "?");
  CHECK(header.Move() == Ids{"a-0", "b-0", "c-0"});
  CHECK(header.mover.totals().broken == 1);
  Left last;
  Overwrite(last.Path(), last.ends[3] - 20, "?");
  CHECK(last.Move() == Ids{"a-0", "b-0"});
  CHECK(last.mover.totals().broken == 1);
}

TEST_CASE("rows without their schema, and a frame at another place, are broken") {
  Left left;
  Overwrite(left.Path(), kSegmentHeader, std::string(left.ends[0] - kSegmentHeader, '\0'));
  CHECK(left.Move().empty());
  CHECK(left.mover.totals().broken == 4);
  std::string frame;
  const size_t begin = BeginFrame(&frame);
  frame += "payload";
  EndFrame(&frame, begin, 64);
  CHECK(ReadFrame(frame, 64).payload == "payload");
  CHECK(ReadFrame(frame, 64).size == frame.size());
  CHECK(ReadFrame(frame, 72).state == FrameState::kBad);
}

TEST_CASE("a segment of a newer program stays and keeps nothing else back") {
  Left left;
  REQUIRE(RealFs().Copy(left.Path(), left.left.File("log/newer.qpl")));
  std::string header = SegmentHeader(1);
  header[8] = 2;
  const uint64_t checksum = Hash64(std::string_view(header).substr(0, 24));
  std::memcpy(header.data() + 24, &checksum, sizeof checksum);
  Overwrite(left.left.File("log/newer.qpl"), 0, header);
  const Status moved = left.mover.CatchUp();
  CHECK(moved.error().code == Code::kFailedPrecondition);
  CHECK(left.Count("SELECT count(*) FROM predictions") == 6);
  CHECK(RealFs().Exists(left.left.File("log/newer.qpl")));
}

}  // namespace
}  // namespace quern::serving
