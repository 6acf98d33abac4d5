#pragma once
// One scoring request, whatever protocol it came by: score, count, log.
#include <memory>
#include <string>
#include <vector>

#include "base/frame.h"
#include "base/result.h"
#include "base/time.h"
#include "serving/catalog.h"
#include "serving/metrics.h"
#include "serving/prediction_log.h"

namespace quern::serving {

struct ScoreAnswer {
  ml::Scores scores;
  /// One per row; empty if predictions are not logged.
  std::vector<std::string> prediction_ids;
};

/// Thread-safe; borrows what it is made of. `log` may be null: then nothing is logged.
class ScoringService {
 public:
  ScoringService(Metrics& metrics, const Clock& clock, PredictionLog* log)
      : metrics_(metrics), clock_(clock), log_(log) {}

  /// `rows` as FrameBuilder made it for `served`. kInvalidArgument for no rows; kInternal if the
  /// model answers with a NaN; kUnavailable if the log is full or failing.
  Result<ScoreAnswer> Score(const ServedModel& served, const Frame& rows,
                            const std::string& request_id) const;

 private:
  Metrics& metrics_;
  const Clock& clock_;
  PredictionLog* log_;
};

/// What is decided for a row: the class label, or the predicted number in shortest form.
std::string DecisionText(const Signature& signature, const ml::Scores& scores, size_t row);

}  // namespace quern::serving
