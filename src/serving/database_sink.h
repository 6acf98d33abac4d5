#pragma once
// Predictions into the metadata database, by way of PredictionLog.
#include "base/time.h"
#include "serving/prediction_log.h"
#include "serving/prediction_sink.h"

namespace quern::serving {

/// Features, scores and decision of each row as JSON. Borrows the log.
class DatabaseSink : public PredictionSink {
 public:
  explicit DatabaseSink(PredictionLog& log) : log_(log) {}
  bool blocks() const override { return true; }
  Result<std::span<const std::string_view>> Log(const ScoredCall& scored, Arena& arena) override;

 private:
  PredictionLog& log_;
};

}  // namespace quern::serving
