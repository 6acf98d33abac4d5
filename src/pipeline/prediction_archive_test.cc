#include "pipeline/prediction_archive.h"

#include <doctest/doctest.h>

#include <vector>

#include "serving/feedback.h"
#include "serving/prediction_retention.h"
#include "table/session.h"
#include "tests/store/engines.h"

namespace quern::pipeline {
namespace {

constexpr int64_t kDay = 86'400'000;
constexpr int64_t kStart = 20'000 * kDay;  // 2024-10-04

struct Archive {
  store::TestDatabase database{store::EachEngine()};
  TempDir dir;
  ManualClock clock{kStart + 100 * kDay};
  CancelToken cancel;

  Archive() {
    for (int day = 0; day < 3; ++day) {
      for (int i = 0; i < 4; ++i) Predict(day, i);
    }
    Label("1-2", "0");
  }
  void Predict(int day, int i) {
    const std::string id = std::to_string(day) + "-" + std::to_string(i);
    REQUIRE(database->Execute(
        "INSERT INTO predictions (prediction_id, request_id, row_index, model, version, made_at, "
        "features, scores, decision, latency_ms, route) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        {id, i == 0 ? std::string() : "r" + id, int64_t{i}, "heart", i < 2 ? "1" : "2",
         kStart + day * kDay + i, R"({"x":1.5,"sex":null})", "[0.25,0.75]", "1", 0.125, "canary"}));
  }
  void Label(const std::string& id, const std::string& label) {
    const std::vector<serving::Label> labels{{id, label, 7, "clinic"}};
    const auto stored = serving::StoreFeedback(*database, labels, clock);
    INFO((stored ? std::string() : stored.error().ToString()));
    REQUIRE(stored.has_value());
  }
  int64_t Count(const std::string& table) {
    int64_t count = -1;
    REQUIRE(database->Query("SELECT count(*) FROM " + table, {},
                            [&](const store::Row& row) { count = row.Int(0); }));
    return count;
  }
  std::vector<serving::LoggedPrediction> Read(const serving::PredictionFilter& filter = {}) {
    std::vector<serving::LoggedPrediction> all;
    REQUIRE(ReadAllPredictions(*database, RealFs(), dir.path(), filter,
                               [&](serving::LoggedPrediction prediction) -> Status {
                                 all.push_back(std::move(prediction));
                                 return {};
                               }));
    return all;
  }
  Result<ArchivedPredictions> Move(int64_t before, Fs& fs = RealFs()) {
    return ArchivePredictions(*database, fs, dir.path(), before, clock, cancel);
  }
};

void CheckSame(const serving::LoggedPrediction& a, const serving::LoggedPrediction& b) {
  CHECK(a.prediction_id == b.prediction_id);
  CHECK(a.request_id == b.request_id);
  CHECK(a.row == b.row);
  CHECK(a.version == b.version);
  CHECK(a.made_at == b.made_at);
  CHECK(a.features == b.features);
  CHECK(a.scores == b.scores);
  CHECK(a.decision == b.decision);
  CHECK(a.latency_ms == b.latency_ms);
  CHECK(a.route == b.route);
  CHECK(a.label == b.label);
  CHECK(a.label_time == b.label_time);
}

TEST_CASE("a file for each day; what is read is the same before and after") {
  Archive archive;
  const auto before = archive.Read();
  REQUIRE(before.size() == 12);
  const auto moved = archive.Move(kStart + 2 * kDay).value();
  CHECK(moved.rows == 8);
  CHECK(moved.files == 2);
  CHECK(archive.Count("predictions") == 4);
  CHECK(archive.Count("feedback") == 0);
  const auto after = archive.Read();
  REQUIRE(after.size() == 12);
  for (size_t i = 0; i < after.size(); ++i) CheckSame(after[i], before[i]);
  serving::PredictionFilter second;
  second.version = "2";
  CHECK(archive.Read(second).size() == 6);
  serving::PredictionFilter between;
  between.since = kStart + kDay + 2;
  between.until = kStart + 2 * kDay + 1;
  CHECK(archive.Read(between).size() == 3);
  CHECK(archive.Move(kStart + 2 * kDay)->files == 0);
}

TEST_CASE("a label that comes after its prediction was moved counts") {
  Archive archive;
  REQUIRE(archive.Move(kStart + 2 * kDay));
  archive.Label("1-2", "0");  // said before: nothing changes
  CHECK(archive.Count("feedback") == 0);
  archive.Label("1-2", "1");
  archive.Label("0-0", "0");
  const auto all = archive.Read();
  CHECK(all[0].label == "0");
  CHECK(all[6].label == "1");
  CHECK_FALSE(all[1].label.has_value());
}

TEST_CASE("whichever write fails, every prediction is in one place") {
  for (int fail_at = 1;; ++fail_at) {
    CAPTURE(fail_at);
    Archive archive;
    FaultyFs fs(RealFs(), fail_at);
    const auto moved = archive.Move(kStart + 2 * kDay, fs);
    CHECK(archive.Read().size() == 12);
    if (moved) break;
    REQUIRE(archive.Move(kStart + 2 * kDay));
    CHECK(archive.Read().size() == 12);
  }
}

/// Loses its connection at the end of a transaction: after it was kept, or before.
class LosesCommit : public store::Database {
 public:
  LosesCommit(store::Database& inner, bool kept) : inner_(inner), kept_(kept) {}
  Status Execute(std::string_view sql, const std::vector<store::Param>& params) override {
    return inner_.Execute(sql, params);
  }
  Status Query(std::string_view sql, const std::vector<store::Param>& params,
               const std::function<void(const store::Row&)>& on_row) override {
    return inner_.Query(sql, params, on_row);
  }
  Status Transaction(const std::function<Status()>& body) override {
    const auto lost = Fail(Code::kUnavailable, "the connection was lost while it committed");
    const Status done = inner_.Transaction([&]() -> Status {
      QUERN_TRY(body());
      if (!kept_) return lost;
      return {};
    });
    if (!done) return done;
    return lost;
  }
  store::Dialect dialect() const override { return inner_.dialect(); }

 private:
  store::Database& inner_;
  const bool kept_;
};

TEST_CASE("a connection lost while it commits costs no prediction, whether the change was kept") {
  Archive archive;
  const auto files = [&] { return RealFs().List(archive.dir.File("tables/predictions"))->size(); };
  for (const bool kept : {true, false}) {
    CAPTURE(kept);
    LosesCommit database(*archive.database, kept);
    const auto moved = ArchivePredictions(database, RealFs(), archive.dir.path(), kStart + 2 * kDay,
                                          archive.clock, archive.cancel);
    REQUIRE_FALSE(moved.has_value());
    CHECK(moved.error().code == Code::kUnavailable);
    CHECK(archive.Count("prediction_files") == 1);  // the first day's
    CHECK(archive.Count("predictions") == 8);
    CHECK(archive.Read().size() == 12);
  }
  CHECK(files() == 2);  // one of them listed nowhere
  REQUIRE(archive.Move(kStart + 2 * kDay));
  CHECK(archive.Read().size() == 12);
  CHECK(files() == 3);
}

TEST_CASE("a listed file that is gone is an error with its name") {
  Archive archive;
  REQUIRE(archive.Move(kStart + kDay));
  REQUIRE(RealFs().RemoveAll(archive.dir.File("tables/predictions")));
  const Status read = ReadAllPredictions(*archive.database, RealFs(), archive.dir.path(), {},
                                         [](serving::LoggedPrediction) -> Status { return {}; });
  CHECK(read.error().code == Code::kNotFound);
  CHECK(read.error().message.find("tables/predictions/2024-10-04-") != std::string::npos);
}

TEST_CASE("retention: rows, files and labels that are too old go") {
  Archive archive;
  REQUIRE(archive.Move(kStart + 2 * kDay));
  archive.Label("2-0", "1");
  archive.Label("nobody", "1");
  const auto expire = [&](int64_t before, bool remove) {
    return serving::ExpirePredictions(*archive.database, RealFs(), archive.dir.path(), before,
                                      remove)
        .value();
  };
  CHECK(expire(kStart + kDay, false).files == 1);
  CHECK(archive.Read().size() == 12);
  CHECK(expire(kStart + kDay, true).files == 1);
  CHECK(archive.Read().size() == 8);
  CHECK(RealFs().List(archive.dir.File("tables/predictions"))->size() == 1);
  CHECK(expire(kStart + 2 * kDay + 1, true).rows == 1);
  CHECK(archive.Read().size() == 3);
  CHECK(archive.Count("feedback") == 1);  // that of nobody came later
  CHECK(expire(archive.clock.NowMs() + 1, true).rows == 3);
  CHECK(archive.Count("feedback") == 0);
  CHECK(archive.Count("feedback_history") == 0);
}

}  // namespace
}  // namespace quern::pipeline
