#pragma once
// What a candidate would have answered, beside what the stable version did answer.
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "deploy/e_process.h"
#include "deploy/quantile_sketch.h"

namespace quern::deploy {

/// One mirrored row. Scores are of the decision that both are asked for (the positive class, or the
/// number); NaN where a version has none.
struct ShadowPair {
  std::string_view id;  // of the prediction
  std::string_view stable_decision;
  std::string_view candidate_decision;
  double stable_score = 0;
  double candidate_score = 0;
  double stable_ms = 0;
  double candidate_ms = 0;
  bool stable_failed = false;
  bool candidate_failed = false;
};

/// Bounded memory whatever comes: sketches, 32 decisions, the 20 worst rows. Not thread-safe: one
/// per thread, merged.
class ShadowReport {
 public:
  static constexpr size_t kWorst = 20;
  static constexpr size_t kDecisions = 32;

  void Add(const ShadowPair& pair);
  /// Mirrored requests that the candidate never saw, as its queue was full.
  void AddDropped(uint64_t requests) { dropped_ += requests; }
  void Merge(const ShadowReport& other);

  uint64_t pairs() const { return pairs_; }
  bool empty() const { return pairs_ == 0 && dropped_ == 0; }
  /// Share of rows, answered by both, whose decisions differ; valid at every look.
  stats::Interval Disagreement(double alpha = 0.05) const;
  /// Candidate's latency over stable's: geometric mean.
  stats::Interval LatencyRatio(double alpha = 0.05) const;

  /// For people: rates and differences with 95 % intervals, confusion, quantiles, worst rows.
  json::value Summary() const;
  /// Everything, to be read back.
  json::value State() const;
  /// kDataLoss for what State() did not write.
  static Result<ShadowReport> Read(const json::value& state);

 private:
  using Decisions = std::pair<std::string, std::string>;  // stable's, candidate's
  struct Worst {
    double difference = 0;
    std::string id;
    auto operator<=>(const Worst&) const = default;
  };
  Decisions Named(std::string_view stable, std::string_view candidate) const;
  void KeepWorst(Worst worst);

  uint64_t pairs_ = 0;
  uint64_t answered_ = 0;  // by both
  uint64_t disagreed_ = 0;
  uint64_t stable_failed_ = 0;
  uint64_t candidate_failed_ = 0;
  uint64_t missing_ = 0;  // stable has a score, the candidate none
  uint64_t dropped_ = 0;
  std::map<Decisions, uint64_t> confusion_;
  Moments difference_;       // of scores, candidate minus stable
  Moments log_ratio_;        // of latencies
  QuantileSketch distance_;  // |difference|
  QuantileSketch stable_ms_;
  QuantileSketch candidate_ms_;
  std::vector<Worst> worst_;  // greatest first
};

}  // namespace quern::deploy
