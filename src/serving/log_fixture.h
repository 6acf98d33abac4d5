#pragma once
// For tests: a database, a folder for the log, and requests that are scored by FakeEngine.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "serving/fake_engine.h"
#include "serving/inference.h"
#include "serving/prediction_log.h"
#include "tests/store/engines.h"

namespace quern::serving {

/// The mover and the syncer wait until they are asked.
inline PredictionLogOptions Unhurried(std::string folder) {
  PredictionLogOptions options;
  options.folder = std::move(folder);
  options.move_seconds = 3600;
  options.sync_seconds = 3600;
  return options;
}

struct LogStore {
  explicit LogStore(store::Engine engine) : database(engine) {
    REQUIRE(catalog.Add(FakeServed("heart", "1", BinarySignature())));
  }
  store::TestDatabase database;
  TempDir dir;
  ManualClock clock{1'700'000'000'000};
  Catalog catalog;
  Arena arena;

  std::unique_ptr<PredictionLog> Open(PredictionLogOptions options) {
    return PredictionLog::Open(*database, clock, std::move(options)).value();
  }
  std::unique_ptr<PredictionLog> Open() { return Open(Unhurried(dir.path())); }

  int64_t Count(const std::string& sql) {
    int64_t count = -1;
    REQUIRE(database->Query(sql, {}, [&](const store::Row& row) { count = row.Int(0); }));
    return count;
  }
  /// Rows x = `from`, `from` + 1, …; ids as the answer has them.
  Result<std::vector<std::string>> Ask(PredictionSink& sink, size_t rows, std::string_view id = "",
                                       double from = 1, std::string_view route = "") {
    const InferenceService service(catalog, clock, &sink);
    std::vector<double> x(rows);
    for (size_t i = 0; i < rows; ++i) x[i] = from + static_cast<double>(i);
    const std::vector<uint8_t> flag(rows, 1);
    const std::vector<std::string_view> sex(rows, "yes");
    const int64_t shape[] = {static_cast<int64_t>(rows), 1};
    const NamedTensor inputs[] = {{"x", {DataType::kFp64, shape, x.data()}},
                                  {"flag", {DataType::kBool, shape, flag.data()}},
                                  {"sex", {DataType::kBytes, shape, sex.data()}}};
    InferenceCall call;
    if (!id.empty()) call.id = id;
    call.route = route;
    call.inputs = inputs;
    arena.Reset();
    QUERN_ASSIGN(const InferenceAnswer answer, service.Infer(call, arena));
    return std::vector<std::string>(answer.prediction_ids.begin(), answer.prediction_ids.end());
  }
  /// Names of segments in the folder.
  std::vector<std::string> Segments() {
    auto names = RealFs().List(dir.path()).value();
    std::erase_if(names, [](const std::string& name) { return !name.ends_with(".qpl"); });
    return names;
  }
};

}  // namespace quern::serving
