#pragma once
// Counters of the model server and their Prometheus text. Names are declared once, in metrics.cc.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "serving/prediction_log.h"
#include "serving/served_model.h"

namespace quern::serving {

/// What else /metrics shows, asked for at the time of the scrape.
struct ServerGauges {
  size_t inflight = 0;
  PredictionLogCounts log;
  uint64_t lost_access_lines = 0;
  uint64_t dropped_spans = 0;
};

/// Thread-safe.
class Metrics {
 public:
  explicit Metrics(const Clock& clock);

  /// A request that named no served model, answered with `code`; of others the model's own
  /// ModelMetrics are told.
  void Unserved(int code, double seconds) { unserved_.Request(code, seconds); }
  void Feedback(size_t accepted, size_t updated, size_t unchanged, size_t unknown);

  /// Text exposition, format version 0.0.4.
  std::string Render(const std::vector<ServedModelPtr>& models, const ServerGauges& gauges) const;

 private:
  struct Counted {
    const ModelMetrics& metrics;
    ModelMetrics::Totals totals;
  };
  struct Family;
  static const std::vector<Family>& Families();

  const Clock& clock_;
  ModelMetrics unserved_{{}, {}};
  int64_t started_at_;
  mutable Mutex mutex_;
  std::array<uint64_t, 4> feedback_ QUERN_GUARDED_BY(mutex_) = {};
};

}  // namespace quern::serving
