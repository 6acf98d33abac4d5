#include "deploy/evidence.h"

#include <algorithm>
#include <boost/json.hpp>

#include "deploy/json_parts.h"

namespace quern::deploy {
namespace {

constexpr std::array<std::string_view, kMetrics> kNames{"errors", "invalid", "latency", "wrong"};

json::value ArmJson(const ArmCounts& arm) {
  json::object events;
  for (size_t i = 0; i < kMetrics; ++i) events[kNames[i]] = arm.events[i];
  return {{"requests", arm.requests},    {"units", arm.units},
          {"labels", arm.labels},        {"tested", arm.tested},
          {"events", std::move(events)}, {"latency_ms", MomentsJson(arm.latency_ms)}};
}

ArmCounts ReadArm(const json::value& value) {
  ArmCounts arm;
  arm.requests = value.at("requests").to_number<uint64_t>();
  arm.units = value.at("units").to_number<uint64_t>();
  arm.labels = value.at("labels").to_number<uint64_t>();
  arm.tested = value.at("tested").to_number<uint64_t>();
  for (size_t i = 0; i < kMetrics; ++i) {
    arm.events[i] = value.at("events").at(kNames[i]).to_number<uint64_t>();
  }
  arm.latency_ms = ReadMoments(value.at("latency_ms"));
  return arm;
}

}  // namespace

std::string_view MetricName(Metric metric) { return kNames[static_cast<size_t>(metric)]; }

void ArmCounts::Merge(const ArmCounts& other) {
  requests += other.requests;
  units += other.units;
  labels += other.labels;
  tested += other.tested;
  for (size_t i = 0; i < kMetrics; ++i) events[i] += other.events[i];
  latency_ms.Merge(other.latency_ms);
}

size_t Evidence::IndexOf(const std::vector<double>& shares) {
  const auto found = std::find_if(phases.begin(), phases.end(), [&](const PhaseCounts& phase) {
    return !phase.voided && phase.shares == shares;
  });
  if (found != phases.end()) return static_cast<size_t>(found - phases.begin());
  phases.push_back(PhaseCounts{shares, std::vector<ArmCounts>(shares.size()), false});
  return phases.size() - 1;
}

void Evidence::Void() {
  for (PhaseCounts& phase : phases) phase.voided = true;
}

bool Evidence::Covers(const Evidence& other) const {
  if (other.phases.size() > phases.size() || other.shadowed > shadowed) return false;
  for (size_t i = 0; i < other.phases.size(); ++i) {
    if (phases[i].shares != other.phases[i].shares) return false;
    for (size_t arm = 0; arm < other.phases[i].arms.size(); ++arm) {
      const ArmCounts& ours = phases[i].arms[arm];
      const ArmCounts& theirs = other.phases[i].arms[arm];
      if (theirs.requests > ours.requests || theirs.labels > ours.labels ||
          theirs.tested > ours.tested) {
        return false;
      }
    }
  }
  return true;
}

ArmCounts Evidence::Of(size_t arm) const {
  ArmCounts sum;
  for (const PhaseCounts& phase : phases) {
    if (!phase.voided && arm < phase.arms.size()) sum.Merge(phase.arms[arm]);
  }
  return sum;
}

std::vector<EventCounts> Evidence::Events(Metric metric, size_t arm) const {
  std::vector<EventCounts> out;
  const size_t at = static_cast<size_t>(metric);
  for (const PhaseCounts& phase : phases) {
    const double both = phase.shares[0] + phase.shares[arm];
    if (phase.voided || both <= 0) continue;
    out.push_back({phase.shares[arm] / both, phase.arms[arm].events[at], phase.arms[0].events[at]});
  }
  return out;
}

json::value EvidenceJson(const Evidence& evidence) {
  json::array phases;
  for (const PhaseCounts& phase : evidence.phases) {
    json::array arms;
    for (const ArmCounts& arm : phase.arms) arms.push_back(ArmJson(arm));
    phases.push_back({{"shares", json::array(phase.shares.begin(), phase.shares.end())},
                      {"versions", std::move(arms)},
                      {"void", phase.voided}});
  }
  json::array rewards;
  for (const ArmRewards& arm : evidence.rewards) {
    rewards.push_back({{"won", arm.won}, {"lost", arm.lost}});
  }
  return {{"phases", std::move(phases)},
          {"rewards", std::move(rewards)},
          {"shadowed", evidence.shadowed}};
}

Result<Evidence> ReadEvidence(const json::value& value) {
  try {
    Evidence evidence;
    for (const json::value& phase : value.at("phases").as_array()) {
      PhaseCounts& counts = evidence.phases.emplace_back();
      for (const json::value& share : phase.at("shares").as_array()) {
        counts.shares.push_back(share.to_number<double>());
      }
      for (const json::value& arm : phase.at("versions").as_array()) {
        counts.arms.push_back(ReadArm(arm));
      }
      counts.voided = phase.at("void").as_bool();
      if (counts.arms.size() != counts.shares.size() || counts.arms.empty()) {
        return Fail(Code::kDataLoss, "a release's counters name other versions than shares",
                    "restore quern.db from a backup");
      }
    }
    for (const json::value& arm : value.at("rewards").as_array()) {
      evidence.rewards.push_back(
          {arm.at("won").to_number<double>(), arm.at("lost").to_number<double>()});
    }
    evidence.shadowed = value.at("shadowed").to_number<uint64_t>();
    return evidence;
  } catch (const std::exception& e) {
    return Fail(Code::kDataLoss, std::string("a release's counters cannot be read: ") + e.what(),
                "restore quern.db from a backup");
  }
}

}  // namespace quern::deploy
