#include "deploy/shadow_report.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <set>

#include "deploy/json_parts.h"

namespace quern::deploy {
namespace {

constexpr std::string_view kOthers = "(others)";
constexpr size_t kNameBytes = 64;
constexpr size_t kIdBytes = 128;

json::value Rate(uint64_t events, uint64_t n) {
  json::value out = IntervalJson(RateSequence(events, n, 0.05));
  out.as_object()["events"] = events;
  out.as_object()["n"] = n;
  return out;
}

json::value Quantiles(const QuantileSketch& sketch) {
  return {{"p50", NumberJson(sketch.Quantile(0.5))},
          {"p90", NumberJson(sketch.Quantile(0.9))},
          {"p99", NumberJson(sketch.Quantile(0.99))},
          {"max", sketch.greatest()}};
}

stats::Interval Exp(stats::Interval interval) {
  return {std::exp(interval.value), std::exp(interval.low), std::exp(interval.high)};
}

/// The counters, in one place for writing, reading and merging.
constexpr std::array<std::string_view, 7> kCounters{
    "pairs", "answered", "disagreed", "stable_failed", "candidate_failed", "missing", "dropped"};

}  // namespace

/// A decision that would be the 33rd on its side is one of the others.
ShadowReport::Decisions ShadowReport::Named(std::string_view stable,
                                            std::string_view candidate) const {
  Decisions names{stable.substr(0, kNameBytes), candidate.substr(0, kNameBytes)};
  if (confusion_.size() < kDecisions || confusion_.contains(names)) return names;
  std::set<std::string_view> stables;
  std::set<std::string_view> candidates;
  for (const auto& [pair, n] : confusion_) {
    stables.insert(pair.first);
    candidates.insert(pair.second);
  }
  if (!stables.contains(names.first) && stables.size() >= kDecisions) names.first = kOthers;
  if (!candidates.contains(names.second) && candidates.size() >= kDecisions) {
    names.second = kOthers;
  }
  return names;
}

void ShadowReport::KeepWorst(Worst worst) {
  const auto greater = [](const Worst& a, const Worst& b) { return a > b; };
  if (worst_.size() == kWorst && !(worst > worst_.back())) return;
  worst_.insert(std::upper_bound(worst_.begin(), worst_.end(), worst, greater), std::move(worst));
  if (worst_.size() > kWorst) worst_.pop_back();
}

void ShadowReport::Add(const ShadowPair& pair) {
  ++pairs_;
  stable_failed_ += pair.stable_failed;
  candidate_failed_ += pair.candidate_failed;
  if (pair.stable_failed || pair.candidate_failed) return;
  ++answered_;
  stable_ms_.Add(pair.stable_ms);
  candidate_ms_.Add(pair.candidate_ms);
  if (pair.stable_ms > 0 && pair.candidate_ms > 0) {
    log_ratio_.Add(std::log(pair.candidate_ms / pair.stable_ms));
  }
  disagreed_ += pair.stable_decision != pair.candidate_decision;
  ++confusion_[Named(pair.stable_decision, pair.candidate_decision)];
  const bool both = std::isfinite(pair.stable_score) && std::isfinite(pair.candidate_score);
  missing_ += std::isfinite(pair.stable_score) && !std::isfinite(pair.candidate_score);
  if (!both) return;
  const double difference = pair.candidate_score - pair.stable_score;
  difference_.Add(difference);
  distance_.Add(std::abs(difference));
  if (difference != 0) {
    KeepWorst({std::abs(difference), std::string(pair.id.substr(0, kIdBytes))});
  }
}

void ShadowReport::Merge(const ShadowReport& other) {
  pairs_ += other.pairs_;
  answered_ += other.answered_;
  disagreed_ += other.disagreed_;
  stable_failed_ += other.stable_failed_;
  candidate_failed_ += other.candidate_failed_;
  missing_ += other.missing_;
  dropped_ += other.dropped_;
  for (const auto& [names, n] : other.confusion_) {
    confusion_[Named(names.first, names.second)] += n;
  }
  difference_.Merge(other.difference_);
  log_ratio_.Merge(other.log_ratio_);
  distance_.Merge(other.distance_);
  stable_ms_.Merge(other.stable_ms_);
  candidate_ms_.Merge(other.candidate_ms_);
  for (const Worst& worst : other.worst_) KeepWorst(worst);
}

stats::Interval ShadowReport::Disagreement(double alpha) const {
  return RateSequence(disagreed_, answered_, alpha);
}

stats::Interval ShadowReport::LatencyRatio(double alpha) const {
  return Exp(MeanSequence(log_ratio_, alpha));
}

json::value ShadowReport::Summary() const {
  json::array confusion;
  for (const auto& [names, n] : confusion_) {
    confusion.push_back({{"stable", names.first}, {"candidate", names.second}, {"n", n}});
  }
  json::array worst;
  for (const Worst& row : worst_) {
    worst.push_back({{"id", row.id}, {"difference", row.difference}});
  }
  return {
      {"rows", pairs_},
      {"dropped_requests", dropped_},
      {"disagreement", Rate(disagreed_, answered_)},
      {"confusion", std::move(confusion)},
      {"score_difference",
       {{"mean", IntervalJson(MeanSequence(difference_, 0.05))},
        {"absolute", Quantiles(distance_)}}},
      {"missing_scores", Rate(missing_, answered_)},
      {"errors",
       {{"stable", Rate(stable_failed_, pairs_)}, {"candidate", Rate(candidate_failed_, pairs_)}}},
      {"latency_ms",
       {{"ratio", IntervalJson(LatencyRatio())},
        {"stable", Quantiles(stable_ms_)},
        {"candidate", Quantiles(candidate_ms_)}}},
      {"worst", std::move(worst)}};
}

json::value ShadowReport::State() const {
  json::array confusion;
  for (const auto& [names, n] : confusion_) {
    confusion.push_back(json::array{names.first, names.second, n});
  }
  json::array worst;
  for (const Worst& row : worst_) worst.push_back(json::array{row.difference, row.id});
  const uint64_t counts[] = {pairs_,   answered_, disagreed_, stable_failed_, candidate_failed_,
                             missing_, dropped_};
  json::object out;
  for (size_t i = 0; i < kCounters.size(); ++i) out[kCounters[i]] = counts[i];
  out["confusion"] = std::move(confusion);
  out["difference"] = MomentsJson(difference_);
  out["log_ratio"] = MomentsJson(log_ratio_);
  out["distance"] = distance_.Json();
  out["stable_ms"] = stable_ms_.Json();
  out["candidate_ms"] = candidate_ms_.Json();
  out["worst"] = std::move(worst);
  return out;
}

Result<ShadowReport> ShadowReport::Read(const json::value& state) {
  ShadowReport report;
  const auto broken = [](const std::string& why) {
    return Fail(Code::kDataLoss, "a shadow report cannot be read: " + why,
                "restore quern.db from a backup");
  };
  try {
    uint64_t* const counts[] = {
        &report.pairs_,         &report.answered_,         &report.disagreed_,
        &report.stable_failed_, &report.candidate_failed_, &report.missing_,
        &report.dropped_};
    for (size_t i = 0; i < kCounters.size(); ++i) {
      *counts[i] = state.at(kCounters[i]).to_number<uint64_t>();
    }
    for (const json::value& item : state.at("confusion").as_array()) {
      report
          .confusion_[{std::string(item.at(0).as_string()), std::string(item.at(1).as_string())}] =
          item.at(2).to_number<uint64_t>();
    }
    report.difference_ = ReadMoments(state.at("difference"));
    report.log_ratio_ = ReadMoments(state.at("log_ratio"));
    for (const json::value& item : state.at("worst").as_array()) {
      report.KeepWorst({item.at(0).to_number<double>(), std::string(item.at(1).as_string())});
    }
    if (!report.distance_.Read(state.at("distance")) ||
        !report.stable_ms_.Read(state.at("stable_ms")) ||
        !report.candidate_ms_.Read(state.at("candidate_ms"))) {
      return broken("its quantiles are not as they were written");
    }
  } catch (const std::exception& e) {
    return broken(e.what());
  }
  return report;
}

}  // namespace quern::deploy
