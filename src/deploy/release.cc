#include "deploy/release.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "deploy/release_machine.h"

namespace quern::deploy {

bool Comparing(const Release& r) {
  const bool step =
      r.phase == Phase::kStep || (r.phase == Phase::kPaused && r.resumes_to == Phase::kStep);
  return Compares(r) && step;
}

std::vector<Verdict> Judge(const Release& r, int64_t now_ms) {
  std::vector<Verdict> verdicts;
  if (!Compares(r)) return verdicts;
  if (r.ended_ms > 0) now_ms = std::min(now_ms, r.ended_ms);
  for (size_t i = 0; i < r.candidates.size(); ++i) {
    if (r.candidates[i].dropped) continue;
    const int64_t begun = r.compared_ms == 0 ? now_ms : r.compared_ms;
    verdicts.push_back(Judge(Comparison{r.strategy, r.evidence, r.stable, r.candidates[i].version,
                                        i + 1, r.candidates.size(), SecondsBetween(begun, now_ms),
                                        SecondsBetween(begun, r.deadline_ms)}));
  }
  return verdicts;
}

std::vector<Earned> EarnedBy(const Release& r) {
  std::vector<Earned> earned;
  if (r.strategy.kind != StrategyKind::kBandit) return earned;
  for (size_t arm = 0; arm < r.evidence.rewards.size(); ++arm) {
    earned.push_back({arm == 0 ? r.stable : r.candidates[arm - 1].version,
                      r.evidence.Of(arm).requests, r.evidence.rewards[arm]});
  }
  return earned;
}

uint64_t Requests(const Release& r) {
  if (r.phase == Phase::kShadow) return r.evidence.shadowed;
  if (r.strategy.kind == StrategyKind::kBlueGreen && r.phase == Phase::kStep) {
    return r.evidence.Of(1).tested;
  }
  uint64_t least = r.evidence.Of(1).requests;
  if (!Many(r)) return least;
  for (size_t arm = 0; arm <= r.candidates.size(); ++arm) {
    if (arm > 0 && r.candidates[arm - 1].dropped) continue;
    least = std::min(least, r.evidence.Of(arm).requests);
  }
  return least;
}

Result<Transition> Begin(const NewRelease& wanted, int64_t now_ms) {
  const auto missing = [](const char* what) {
    return Fail(Code::kInvalidArgument, std::string("a release needs ") + what,
                "name model, stable version and candidate");
  };
  if (wanted.model.empty()) return missing("a model");
  if (wanted.stable.empty()) return missing("a stable version");
  Release r;
  r.id = wanted.id;
  r.model = wanted.model;
  r.alias = wanted.alias;
  r.stable = wanted.stable;
  r.strategy = wanted.strategy;
  r.created_ms = r.phase_ms = now_ms;
  if (!wanted.strategy.versions.empty() && !wanted.candidate.empty()) {
    return Fail(Code::kInvalidArgument,
                "strategy " + std::string(KindName(wanted.strategy.kind)) +
                    " names its versions, and the candidate '" + wanted.candidate +
                    "' is named beside it",
                "name it among the versions alone");
  }
  for (const VersionShare& share : wanted.strategy.versions) {
    r.candidates.push_back({share.version, 0, share.weight, false});
  }
  if (r.candidates.empty()) {
    if (wanted.candidate.empty()) return missing("a candidate");
    r.candidates.push_back({wanted.candidate, 0, 100, false});
  }
  for (const Candidate& candidate : r.candidates) {
    if (candidate.version == r.stable) {
      return Fail(Code::kInvalidArgument,
                  "version '" + r.stable + "' of " + r.model + " is stable and candidate at once",
                  "choose a version that does not serve yet");
    }
  }
  r.evidence.rewards.resize(Many(r) ? r.candidates.size() + 1 : 0);
  Audit audit{
      1,
      now_ms,
      Phase::kPending,
      Phase::kPending,
      0,
      wanted.actor,
      fmt::format("{} release of {} from version {}", KindName(r.strategy.kind), r.model, r.stable),
      WriteJson({{"strategy", StrategyJson(r.strategy)}})};
  r.audits = 1;
  return Transition{std::move(r), std::move(audit)};
}

Result<Transition> Advance(Release release, const Input& input, int64_t now_ms) {
  Machine machine(std::move(release), now_ms);
  QUERN_TRY(std::visit([&](const auto& one) { return machine.Handle(one); }, input));
  return std::move(machine).Finish();
}

}  // namespace quern::deploy
