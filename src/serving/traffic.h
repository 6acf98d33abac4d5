#pragma once
// What was served over time, for who looks at it: counts, scores and latencies from the prediction
// log's table, by queries whose work is bounded however much was served.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/database.h"

namespace quern::serving {

/// A version that has answered.
struct ServedVersion {
  std::string model;
  std::string version;
  int64_t first_ms = 0;
  int64_t last_ms = 0;
  int64_t predictions = 0;
  bool more = false;  // there are more than `predictions`, which is where counting stopped
};
/// By name and version; of every model if `model` is "". Of each version at most `counted`
/// predictions are counted.
Result<std::vector<ServedVersion>> ServedVersions(store::Database& database,
                                                  const std::string& model, size_t limit,
                                                  int64_t counted = 100'000);
/// One version of a model, counted in the same way; nothing if it has not answered.
Result<std::optional<ServedVersion>> Served(store::Database& database, const std::string& model,
                                            const std::string& version, int64_t counted = 100'000);

struct TrafficQuery {
  std::string model;
  std::string version;
  int64_t since_ms = 0;
  int64_t until_ms = 0;  // exclusive
  int64_t buckets = 60;
};

/// A picture of a distribution: how many values lie from each edge to the next.
struct BinnedCounts {
  std::vector<double> edges;  // one more than counts
  std::vector<int64_t> counts;
};

struct Traffic {
  int64_t bucket_ms = 0;
  std::vector<int64_t> counts;  // of predictions, by bucket
  bool counts_whole = true;     // false: the oldest of the window were not counted
  /// All below is of the newest predictions of the window, `looked` of them.
  int64_t looked = 0;
  bool looked_whole = true;
  int64_t labelled = 0;  // of those, whose outcome is known
  /// The positive class's probability (of two), the answer's (of more), or the value itself.
  BinnedCounts scores;
  /// Milliseconds; its last bin holds all that took longer.
  BinnedCounts latency;
  double p50_ms = 0;
  double p95_ms = 0;
  double p99_ms = 0;
  std::map<std::string, int64_t> decisions;  // at most 32, the rest under ""
};

/// kInvalidArgument for a window that is empty, or buckets that are not 1 to 1000.
Result<Traffic> ReadTraffic(store::Database& database, const TrafficQuery& query);

}  // namespace quern::serving
