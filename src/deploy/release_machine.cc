// What the machine does with an input.
#include "deploy/release_machine.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/text.h"

namespace quern::deploy {
namespace {

Stay StayOf(const Release& r) {
  if (r.phase == Phase::kShadow) return r.strategy.shadow;
  if (r.phase == Phase::kBaking) return r.strategy.bake;
  if (Many(r)) return r.strategy.run;
  if (r.strategy.kind == StrategyKind::kBlueGreen) return r.strategy.preview;
  return r.step < r.strategy.steps.size() ? r.strategy.steps[r.step].stay : Stay{};
}

}  // namespace

bool Machine::Stayed() const {
  const Stay stay = StayOf(r_);
  return SecondsBetween(r_.phase_ms, now_) >= stay.seconds &&
         Requests(r_) - std::min(Requests(r_), r_.phase_requests) >= stay.requests;
}

/// Writes the record of what was changed before; called last.
void Machine::Enter(Phase phase, std::string actor, std::string sentence) {
  json::array weights;
  for (const Candidate& candidate : r_.candidates) {
    weights.push_back({{"version", candidate.version}, {"weight", candidate.weight}});
  }
  json::array verdicts;
  for (const Verdict& verdict : verdicts_) verdicts.push_back(VerdictJson(verdict));
  Audit audit;
  audit.sequence = ++r_.audits;
  audit.at_ms = now_;
  audit.from = r_.phase;
  audit.to = phase;
  audit.step = r_.step;
  audit.actor = std::move(actor);
  audit.sentence = std::move(sentence);
  audit.detail = WriteJson({{"weights", std::move(weights)}, {"verdicts", std::move(verdicts)}});
  r_.phase = phase;
  r_.phase_ms = now_;
  r_.phase_requests = Requests(r_);
  audit_ = std::move(audit);
}

void Machine::EnterComparison() {
  if (r_.compared_ms != 0 || !Compares(r_)) return;
  r_.compared_ms = std::max<int64_t>(now_, 1);
  r_.deadline_ms = now_ + static_cast<int64_t>(r_.strategy.judge.at_most * 1000);
}

void Machine::EnterStep(uint32_t step, std::string actor, std::string sentence) {
  r_.step = step;
  if (Many(r_)) {
    for (Candidate& candidate : r_.candidates) candidate.weight = candidate.ceiling;
  } else if (r_.strategy.kind == StrategyKind::kCanary) {
    r_.candidates[0].weight = r_.strategy.steps[step].weight;
  }
  EnterComparison();
  Enter(Phase::kStep, std::move(actor), std::move(sentence));
}

void Machine::EnterBaking(std::string actor, std::string sentence) {
  r_.candidates[0].weight = 100;
  Enter(Phase::kBaking, std::move(actor), std::move(sentence));
}

void Machine::Pause(std::string actor, std::string sentence) {
  r_.resumes_to = r_.phase;
  Enter(Phase::kPaused, std::move(actor), std::move(sentence));
}

void Machine::Promote(const std::string& version, std::string actor, std::string sentence) {
  std::erase_if(r_.todo, [](const Action& a) { return a.kind != ActionKind::kRetire; });
  r_.todo.push_back({ActionKind::kSetAlias, version});
  for (Candidate& candidate : r_.candidates) {
    const bool won = candidate.version == version;
    candidate.weight = candidate.ceiling = won ? 100 : 0;
    if (!won) r_.todo.push_back({ActionKind::kRetire, candidate.version});
  }
  r_.winner = version;
  r_.ended_ms = now_;
  Enter(Phase::kPromoted, std::move(actor), std::move(sentence));
}

void Machine::RollBack(std::string actor, std::string sentence) {
  std::erase_if(r_.todo, [](const Action& a) { return a.kind != ActionKind::kRetire; });
  if (r_.phase == Phase::kPromoted) r_.todo.push_back({ActionKind::kSetAlias, r_.stable});
  for (Candidate& candidate : r_.candidates) {
    candidate.weight = 0;
    const Action retire{ActionKind::kRetire, candidate.version};
    if (std::find(r_.todo.begin(), r_.todo.end(), retire) == r_.todo.end()) {
      r_.todo.push_back(retire);
    }
  }
  r_.winner.clear();
  r_.ended_ms = now_;
  r_.closed = true;
  Enter(Phase::kRolledBack, std::move(actor), std::move(sentence));
}

void Machine::EndHold(std::string actor) {
  r_.todo.push_back({ActionKind::kRetire, r_.stable});
  r_.closed = true;
  Enter(Phase::kPromoted, std::move(actor),
        "version " + r_.stable + " is no longer held for a rollback");
}

/// One of several is out; with none left the release is over.
void Machine::Drop(size_t arm, std::string actor, std::string sentence) {
  Candidate& candidate = r_.candidates[arm - 1];
  candidate.dropped = true;
  candidate.weight = 0;
  const bool left = std::any_of(r_.candidates.begin(), r_.candidates.end(),
                                [](const Candidate& c) { return !c.dropped; });
  if (!left || r_.winner == candidate.version) {
    RollBack(std::move(actor), std::move(sentence));
    return;
  }
  r_.todo.push_back({ActionKind::kRetire, candidate.version});
  const int64_t since = r_.phase_ms;
  const uint64_t requests = r_.phase_requests;
  Enter(r_.phase, std::move(actor), std::move(sentence));
  // The others' comparison goes on.
  r_.phase_ms = since;
  r_.phase_requests = requests;
}

std::string Machine::Sayings(Call call) const {
  std::string text;
  for (const Verdict& verdict : verdicts_) {
    if (verdict.call != call) continue;
    if (!text.empty()) text += "; ";
    text += verdict.sentence;
  }
  return text;
}

Status Machine::Handle(const Warmed&) {
  if (r_.phase != Phase::kWarming) return {};
  std::erase_if(r_.todo, [](const Action& a) { return a.kind == ActionKind::kPrepare; });
  const Strategy& s = r_.strategy;
  const std::string ready = "loaded, warmed and tested";
  switch (s.kind) {
    case StrategyKind::kBasic:
      Promote(r_.candidates[0].version, "strategy", ready + ": takes all of the traffic");
      return {};
    case StrategyKind::kBlueGreen:
      if (s.preview.seconds <= 0 && s.preview.requests == 0) {
        EnterBaking("strategy", ready + ": takes all of the traffic");
        return {};
      }
      EnterStep(0, "strategy", ready + ": preview by the override header");
      return {};
    case StrategyKind::kShadow:
      break;
    case StrategyKind::kCanary:
      if (s.shadow.seconds > 0 || s.shadow.requests > 0) break;
      EnterStep(0, "strategy", ready + ": gets " + ShortestDouble(s.steps[0].weight) + " %");
      return {};
    case StrategyKind::kAb:
    case StrategyKind::kBandit:
      EnterStep(0, "strategy", ready + ": traffic is divided");
      return {};
  }
  Enter(Phase::kShadow, "strategy",
        ready + ": sees " + ShortestDouble(s.share) + " % of the requests, answers none");
  return {};
}

Status Machine::Handle(const NotReady& input) {
  if (r_.phase != Phase::kWarming) return {};
  RollBack("guard", "version " + input.version + " is not ready: " + input.why);
  return {};
}

Status Machine::Handle(const Tripped& input) {
  const bool live = r_.phase >= Phase::kShadow && !r_.closed;
  if (!live || input.arm == 0 || input.arm > r_.candidates.size()) return {};
  Candidate& candidate = r_.candidates[input.arm - 1];
  if (candidate.dropped) return {};
  // Once another version was promoted, this one's traffic is over anyway.
  if (r_.phase == Phase::kPromoted && r_.winner != candidate.version) return {};
  std::string sentence = "version " + candidate.version + ": " +
                         std::string(GuardName(input.kind)) +
                         (input.detail.empty() ? "" : ": " + input.detail);
  if (Many(r_) && r_.phase != Phase::kPromoted) {
    Drop(input.arm, "guard", std::move(sentence));
  } else {
    RollBack("guard", std::move(sentence));
  }
  return {};
}

Status Machine::Handle(const Reweigh& input) {
  if (r_.strategy.kind != StrategyKind::kBandit || r_.phase != Phase::kStep) return {};
  double sum = 0;
  for (const double weight : input.weights) sum += weight;
  if (input.weights.size() != r_.candidates.size() || !(sum <= 100 + 1e-9)) {
    return Fail(Code::kInvalidArgument, "a bandit's shares must be one for each candidate",
                "give at most 100 percent to all of them");
  }
  for (size_t i = 0; i < input.weights.size(); ++i) {
    if (!r_.candidates[i].dropped) r_.candidates[i].weight = std::max(0.0, input.weights[i]);
  }
  return {};
}

void Machine::TickShadow() {
  if (!Stayed()) return;
  const std::string seen = fmt::format("{} requests were mirrored in {}", r_.evidence.shadowed,
                                       FormatDuration(SecondsBetween(r_.phase_ms, now_)));
  if (r_.strategy.kind == StrategyKind::kCanary) {
    EnterStep(0, "strategy", seen + ": gets " + ShortestDouble(r_.strategy.steps[0].weight) + " %");
  } else {
    Pause("strategy", seen + ": look at the report, then promote or abort");
  }
}

/// Harm acts in a step and while paused; all else in a step alone.
void Machine::TickComparison() {
  if (!Comparing(r_)) {
    if (r_.phase == Phase::kStep) TickStep(true, "");
    return;
  }
  verdicts_ = Judge(r_, now_);
  for (const Verdict& verdict : verdicts_) {
    if (verdict.call != Call::kHarm) continue;
    if (Many(r_)) {
      Drop(verdict.arm, "judge", verdict.sentence);
    } else {
      RollBack("judge", verdict.sentence);
    }
    return;  // a further one follows with the next tick
  }
  if (r_.phase != Phase::kStep) return;
  const auto any = [&](Call call) {
    return std::any_of(verdicts_.begin(), verdicts_.end(),
                       [&](const Verdict& v) { return v.call == call; });
  };
  if (any(Call::kInvalid)) {
    r_.tainted = true;
    Pause("judge", Sayings(Call::kInvalid));
    return;
  }
  if (any(Call::kUndecided)) {
    Pause("judge", Sayings(Call::kUndecided));
    return;
  }
  TickStep(any(Call::kSafe), Sayings(Call::kSafe));
}

void Machine::TickStep(bool safe, const std::string& why) {
  if (!Stayed()) return;
  switch (r_.strategy.kind) {
    case StrategyKind::kBlueGreen:
      EnterBaking("strategy", "the preview is over: takes all of the traffic");
      return;
    case StrategyKind::kAb: {
      std::string text = "the comparison is over: promote one, or abort";
      for (const Verdict& verdict : verdicts_) text += "; " + verdict.sentence;
      Pause("strategy", std::move(text));
      return;
    }
    case StrategyKind::kCanary:
      break;
    default:
      return;  // a bandit goes on until somebody ends it
  }
  if (r_.step + 1 < r_.strategy.steps.size()) {
    const double weight = r_.strategy.steps[r_.step + 1].weight;
    EnterStep(r_.step + 1, "strategy",
              fmt::format("no harm proven at {} %: gets {} %",
                          ShortestDouble(r_.candidates[0].weight), ShortestDouble(weight)));
  } else if (safe) {
    EnterBaking("judge", why);
  }
}

Status Machine::Handle(const Tick&) {
  switch (r_.phase) {
    case Phase::kPending:
      for (const Candidate& candidate : r_.candidates) {
        r_.todo.push_back({ActionKind::kPrepare, candidate.version});
      }
      Enter(Phase::kWarming, "strategy", "versions are loaded, warmed and tested");
      return {};
    case Phase::kShadow:
      TickShadow();
      return {};
    case Phase::kStep:
    case Phase::kPaused:
      TickComparison();
      return {};
    case Phase::kBaking:
      if (Stayed()) {
        Promote(r_.candidates[0].version, "strategy",
                fmt::format("served all of the traffic for {} without a guard acting",
                            FormatDuration(SecondsBetween(r_.phase_ms, now_))));
      }
      return {};
    case Phase::kPromoted:
      if (!r_.closed && SecondsBetween(r_.ended_ms, now_) >= r_.strategy.hold) {
        EndHold("strategy");
      }
      return {};
    case Phase::kWarming:
    case Phase::kRolledBack:
      return {};
  }
  return {};
}

}  // namespace quern::deploy
