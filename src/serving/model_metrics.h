#pragma once
// What one served version counts. Written by every request, so it is cheap and allocates nothing.
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "model/tensor.h"

namespace quern::serving {

/// Counts of observations at most each bound, and beyond the last.
template <size_t N>
struct Histogram {
  std::array<uint64_t, N + 1> counts{};
  double sum = 0;

  void Observe(const std::array<double, N>& bounds, double value) {
    size_t bucket = 0;
    while (bucket < N && value > bounds[bucket]) ++bucket;
    ++counts[bucket];
    sum += value;
  }
  void Add(const Histogram& other) {
    for (size_t i = 0; i <= N; ++i) counts[i] += other.counts[i];
    sum += other.sum;
  }
};

inline constexpr std::array<double, 13> kSecondBounds = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};
inline constexpr std::array<double, 9> kBatchBounds = {1, 2, 5, 10, 50, 100, 1000, 10000, 100000};
inline constexpr std::array<double, 10> kScoreBounds = {0.1, 0.2, 0.3, 0.4, 0.5,
                                                        0.6, 0.7, 0.8, 0.9, 1};

/// Where the time of a request went, in nanoseconds.
struct StageTimes {
  uint64_t queue = 0;
  uint64_t input = 0;   // matching and converting tensors
  uint64_t infer = 0;   // the engine
  uint64_t output = 0;  // checking, deciding, logging
};

/// A count of requests with the time that they took, as the protocol's statistics have it.
struct CountAndTime {
  uint64_t count = 0;
  uint64_t ns = 0;
  void Add(uint64_t more_ns) { ++count, ns += more_ns; }
  void Add(const CountAndTime& other) { count += other.count, ns += other.ns; }
};

/// One run of the engine: its rows, which may be of several requests, and nanoseconds.
struct EngineRun {
  size_t rows = 0;
  uint64_t input = 0;
  uint64_t infer = 0;
  uint64_t output = 0;
};

/// Runs of one number of rows.
struct RunsOfSize {
  uint64_t count = 0;
  uint64_t input = 0, infer = 0, output = 0;  // nanoseconds
};

/// One batch that was scored; the views are borrowed for the call.
struct ScoredBatch {
  size_t rows = 0;
  /// In the engine's order; with `matrix`, one [N,F] that holds all columns.
  std::span<const model::TensorView> inputs;
  bool matrix = false;
  /// FP64 [N,C], or none.
  const model::TensorView* scores = nullptr;
  const model::TensorView* labels = nullptr;
  StageTimes times;
  /// The run of the engine that this call carried out; of no rows if it was counted by Ran(), or by
  /// another call.
  EngineRun run;
  int64_t now_ms = 0;
};

/// Thread-safe: each thread adds to one of a few parts, which are summed when someone looks.
class ModelMetrics {
 public:
  static constexpr size_t kMaxCodes = 16;
  /// Runs of more rows are counted in the histogram alone.
  static constexpr size_t kMaxRunRows = 1024;
  struct Totals {
    std::array<std::pair<int, uint64_t>, kMaxCodes> codes{};  // by HTTP status; unused ones are 0
    Histogram<kSecondBounds.size()> seconds;
    Histogram<kBatchBounds.size()> batch;
    Histogram<kBatchBounds.size()> run;
    Histogram<kScoreBounds.size()> score;
    std::vector<uint64_t> classes;  // predicted rows, in the order of the classes
    std::vector<uint64_t> missing;  // per column
    std::vector<RunsOfSize> runs;   // [rows - 1], of at most kMaxRunRows
    uint64_t rows = 0;
    uint64_t executions = 0;
    uint64_t explained = 0;  // rows
    int64_t last_ms = 0;     // time of the last scored request
    CountAndTime success, fail, queue, input, infer, output;
  };

  /// Names of the columns, and the classes of a classifier (else none).
  ModelMetrics(std::vector<std::string> columns, std::vector<std::string> classes);

  /// A request that was answered, after `seconds`, with an HTTP status (or the one that belongs to
  /// the gRPC code).
  void Request(int code, double seconds);
  void Scored(const ScoredBatch& batch);
  void Explained(size_t rows);
  /// A run whose calls are given to Scored() without it.
  void Ran(const EngineRun& run);

  Totals Sum() const;
  const std::vector<std::string>& columns() const { return columns_; }
  const std::vector<std::string>& classes() const { return classes_; }

 private:
  struct alignas(64) Part {
    mutable Mutex mutex;
    Totals totals QUERN_GUARDED_BY(mutex);
  };
  static constexpr size_t kParts = 8;
  Part& Mine() const;
  static void CountRun(const EngineRun& run, Totals& totals);
  void CountMissing(const ScoredBatch& batch, Totals& totals) const;
  void CountClasses(const ScoredBatch& batch, Totals& totals) const;
  template <typename IsClass>
  void CountRows(const ScoredBatch& batch, const IsClass& is_class, Totals& totals) const;

  std::vector<std::string> columns_;
  std::vector<std::string> classes_;
  std::vector<double> class_numbers_;  // NaN for text
  std::unique_ptr<std::array<Part, kParts>> parts_;
};

}  // namespace quern::serving
