#pragma once
// Counters of the model server and their Prometheus text. Names are declared once, in metrics.cc.
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "ml/fitted.h"
#include "serving/catalog.h"

namespace quern::serving {

/// Counts of observations at most each bound, and beyond the last.
template <size_t N>
struct Histogram {
  std::array<uint64_t, N + 1> counts{};
  double sum = 0;
};

/// What else /metrics shows, asked for at the time of the scrape.
struct ServerGauges {
  size_t inflight = 0;
  size_t log_queued_rows = 0;
  uint64_t log_lost_rows = 0;
};

/// Thread-safe; one short lock per observation.
class Metrics {
 public:
  explicit Metrics(const Clock& clock);

  /// One request that named a served model (or none: "" and ""), answered with `code`.
  void Request(std::string_view model, std::string_view version, int code, double seconds);
  /// Rows that a model scored.
  void Scored(const ServedModel& served, const Frame& rows, const ml::Scores& scores);
  void Feedback(size_t accepted, size_t updated, size_t unchanged, size_t unknown);

  /// Text exposition, format version 0.0.4.
  std::string Render(const std::vector<ServedModelPtr>& models, const ServerGauges& gauges) const;

  static constexpr std::array<double, 13> kSecondBounds = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};
  static constexpr std::array<double, 9> kBatchBounds = {1, 2, 5, 10, 50, 100, 1000, 10000, 100000};
  static constexpr std::array<double, 10> kScoreBounds = {0.1, 0.2, 0.3, 0.4, 0.5,
                                                          0.6, 0.7, 0.8, 0.9, 1};

 private:
  using Key = std::pair<std::string, std::string>;
  struct Series {
    std::map<int, uint64_t> requests;
    Histogram<kSecondBounds.size()> seconds;
    Histogram<kBatchBounds.size()> batch;
    Histogram<kScoreBounds.size()> score;
    std::map<std::string, uint64_t> classes;
    std::map<std::string, uint64_t> missing;
    uint64_t rows = 0;
  };
  struct Family;
  static const std::vector<Family>& Families();

  const Clock& clock_;
  int64_t started_at_;
  mutable Mutex mutex_;
  std::map<Key, Series> series_ QUERN_GUARDED_BY(mutex_);
  std::array<uint64_t, 4> feedback_ QUERN_GUARDED_BY(mutex_) = {};
};

}  // namespace quern::serving
