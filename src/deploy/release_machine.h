#pragma once
// One transition of a release under way; inside of deploy/ only.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/release.h"

namespace quern::deploy {

inline double SecondsBetween(int64_t from_ms, int64_t to_ms) {
  return static_cast<double>(std::max<int64_t>(0, to_ms - from_ms)) / 1000;
}

/// Several candidates at once.
inline bool Many(const Release& release) {
  return release.strategy.kind == StrategyKind::kAb ||
         release.strategy.kind == StrategyKind::kBandit;
}

/// Candidates are tested against the stable version.
inline bool Compares(const Release& r) {
  return r.strategy.kind == StrategyKind::kCanary || r.strategy.kind == StrategyKind::kAb;
}

/// One transition under way.
class Machine {
 public:
  Machine(Release release, int64_t now_ms) : r_(std::move(release)), now_(now_ms) {}

  Status Handle(const Tick&);
  Status Handle(const Warmed&);
  Status Handle(const NotReady& input);
  Status Handle(const Tripped& input);
  Status Handle(const Reweigh& input);
  Status Handle(const Command& command);

  Transition Finish() && { return {std::move(r_), std::move(audit_)}; }

 private:
  void Enter(Phase phase, std::string actor, std::string sentence);
  void EnterComparison();
  void EnterStep(uint32_t step, std::string actor, std::string sentence);
  void EnterBaking(std::string actor, std::string sentence);
  void Pause(std::string actor, std::string sentence);
  void Promote(const std::string& version, std::string actor, std::string sentence);
  void RollBack(std::string actor, std::string sentence);
  void EndHold(std::string actor);
  void Drop(size_t arm, std::string actor, std::string sentence);
  void TickShadow();
  void TickComparison();
  void TickStep(bool safe, const std::string& why);
  bool Stayed() const;
  std::string Sayings(Call call) const;
  Status Refuse(const Command& command, std::string_view allowed) const;
  Status HandlePromote(const Command& command);
  Status HandleSetWeight(const Command& command);
  Status HandleResume(const Command& command);

  Release r_;
  int64_t now_;
  std::vector<Verdict> verdicts_;
  std::optional<Audit> audit_;
};

}  // namespace quern::deploy
