#pragma once
// What was counted of a release's requests: all that verdicts are made from.
#include <array>
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "deploy/bandit.h"
#include "deploy/e_process.h"

namespace quern::deploy {

/// Events that count against a version.
enum class Metric : uint8_t { kErrors, kInvalid, kLatency, kWrong };
inline constexpr size_t kMetrics = 4;
std::string_view MetricName(Metric metric);

/// Of one version while shares of traffic stood still. Requests that a tester directed are in
/// `tested` alone.
struct ArmCounts {
  uint64_t requests = 0;
  /// Callers, where the split is by a key: a caller with many requests is drawn once. Else
  /// requests. A caller counts again after a restart of the process, and when shares come back that
  /// were left: which callers were seen is known of the present division alone.
  uint64_t units = 0;
  uint64_t labels = 0;  // requests whose outcome became known: what `wrong` is a share of
  uint64_t tested = 0;
  std::array<uint64_t, kMetrics> events{};
  Moments latency_ms;
  void Merge(const ArmCounts& other);
};

struct PhaseCounts {
  std::vector<double> shares;  // of each version, stable first; sum 1
  std::vector<ArmCounts> arms;
  bool voided = false;  // the split was not the declared one: kept, but proves nothing
};

struct Evidence {
  std::vector<PhaseCounts> phases;  // one for each division of the traffic that there was
  std::vector<ArmRewards> rewards;  // of a bandit
  uint64_t shadowed = 0;            // requests that the candidate saw too

  /// The place in `phases` of the counts under these shares, made if there are none yet. It stays
  /// for the whole of a release, so that labels which come late find their phase.
  size_t IndexOf(const std::vector<double>& shares);
  PhaseCounts& At(const std::vector<double>& shares) { return phases[IndexOf(shares)]; }
  /// What was counted so far proves nothing any more.
  void Void();
  /// Whether all that `other` counted is counted here too: an earlier state of the same counting.
  bool Covers(const Evidence& other) const;
  /// Over all phases that are not void, as are the following.
  ArmCounts Of(size_t arm) const;
  /// Events of a pair, each phase with the candidate's share of what the two got together.
  std::vector<EventCounts> Events(Metric metric, size_t arm) const;
};

json::value EvidenceJson(const Evidence& evidence);
/// kDataLoss for what EvidenceJson did not write.
Result<Evidence> ReadEvidence(const json::value& value);

}  // namespace quern::deploy
