#pragma once
// What was served and what became of it: the monitoring rooms' view of predictions and labels.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/frame.h"
#include "base/result.h"
#include "model/signature.h"
#include "store/database.h"

namespace quern::serving {

struct LoggedPrediction {
  std::string prediction_id;
  std::string request_id;
  int64_t row = 0;
  std::string model;
  std::string version;
  int64_t made_at = 0;
  std::string features;        // JSON object
  std::vector<double> scores;  // probabilities in class order, or the one value
  std::string decision;
  double latency_ms = 0;
  /// Which way a release sent the request, or "".
  std::string route;
  std::optional<std::string> label;
  std::optional<int64_t> label_time;
};

/// Empty texts match everything.
struct PredictionFilter {
  std::string model;
  std::string version;
  int64_t since = 0;                      // made_at >= since
  int64_t until = 9'000'000'000'000'000;  // made_at < until
};

/// Calls `on_row` for each match, oldest first. Reading stops at the first error that it returns.
Status ReadPredictions(store::Database& database, const PredictionFilter& filter,
                       const std::function<Status(LoggedPrediction)>& on_row);
/// The predictions of these ids, in that order; nothing at an id that is not there.
Result<std::vector<std::optional<LoggedPrediction>>> FindPredictions(
    store::Database& database, const std::vector<std::string>& ids);

/// Features as served, as the frame that the model saw (signature order).
Result<Frame> ServedFrame(const std::vector<LoggedPrediction>& predictions,
                          const model::Signature& signature);

}  // namespace quern::serving
