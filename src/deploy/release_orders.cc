// What an operator may order, and when.
#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "deploy/release_machine.h"
#include "deploy/release_names.h"

namespace quern::deploy {
namespace {

std::string Because(const Command& command, std::string what) {
  return command.reason.empty() ? what : what + ": " + command.reason;
}

}  // namespace

Status Machine::Refuse(const Command& command, std::string_view allowed) const {
  return Fail(Code::kFailedPrecondition,
              fmt::format("release {} of {} is {}{}: it cannot take '{}'", r_.id, r_.model,
                          PhaseName(r_.phase), r_.closed ? " and closed" : "",
                          kCommandNames[static_cast<size_t>(command.kind)]),
              std::string(allowed));
}

Status Machine::HandlePromote(const Command& command) {
  const bool can = r_.phase == Phase::kShadow || r_.phase == Phase::kStep ||
                   r_.phase == Phase::kBaking || r_.phase == Phase::kPaused;
  if (!can) return Refuse(command, "promote once the candidate is loaded and before it is over");
  std::vector<std::string> known;
  for (const Candidate& candidate : r_.candidates) {
    if (!candidate.dropped) known.push_back(candidate.version);
  }
  std::string version = command.version;
  if (version.empty() && known.size() == 1) version = known[0];
  if (std::find(known.begin(), known.end(), version) == known.end()) {
    return Fail(Code::kInvalidArgument,
                version.empty() ? "promote needs a version, as there are several"
                                : "version '" + version + "' is no candidate of this release",
                SuggestName(version, known));
  }
  Promote(version, command.actor, Because(command, "promoted by order"));
  return {};
}

Status Machine::HandleSetWeight(const Command& command) {
  const bool step =
      r_.phase == Phase::kStep || (r_.phase == Phase::kPaused && r_.resumes_to == Phase::kStep);
  if (!step || r_.strategy.kind != StrategyKind::kCanary) {
    return Refuse(command, "only a canary in a step takes a weight");
  }
  if (!(command.weight >= 0 && command.weight < 100)) {
    return Fail(
        Code::kInvalidArgument,
        "a weight must be from 0 to below 100 percent, got " + ShortestDouble(command.weight),
        "to give the candidate everything, promote it");
  }
  const double before = r_.candidates[0].weight;
  r_.candidates[0].weight = command.weight;
  // The next step is the first one that is more.
  uint32_t step_now = 0;
  while (step_now + 1 < r_.strategy.steps.size() &&
         r_.strategy.steps[step_now + 1].weight <= command.weight) {
    ++step_now;
  }
  r_.step = step_now;
  Enter(r_.phase, command.actor,
        Because(command, fmt::format("weight set from {} to {} %", ShortestDouble(before),
                                     ShortestDouble(command.weight))));
  return {};
}

Status Machine::HandleResume(const Command& command) {
  if (r_.phase != Phase::kPaused) return Refuse(command, "only a paused release is resumed");
  std::string what = "resumed";
  if (r_.tainted) {
    // What was counted under a wrong split proves nothing.
    r_.evidence.Void();
    r_.tainted = false;
    r_.compared_ms = std::max<int64_t>(now_, 1);
    what = "resumed, with a new comparison";
  }
  if (Compares(r_)) {
    r_.deadline_ms = now_ + static_cast<int64_t>(r_.strategy.judge.at_most * 1000);
  }
  Enter(r_.resumes_to, command.actor, Because(command, std::move(what)));
  return {};
}

Status Machine::Handle(const Command& command) {
  if (r_.closed) return Refuse(command, "begin a new release");
  switch (command.kind) {
    case CommandKind::kPromote:
      return HandlePromote(command);
    case CommandKind::kAbort:
      RollBack(command.actor, Because(command, "rolled back by order"));
      return {};
    case CommandKind::kPause:
      if (r_.phase != Phase::kShadow && r_.phase != Phase::kStep && r_.phase != Phase::kBaking) {
        return Refuse(command, "what is in shadow, in a step or baking can be paused");
      }
      Pause(command.actor, Because(command, "paused by order"));
      return {};
    case CommandKind::kResume:
      return HandleResume(command);
    case CommandKind::kSetWeight:
      return HandleSetWeight(command);
    case CommandKind::kFinish:
      if (r_.phase != Phase::kPromoted)
        return Refuse(command, "only a promoted release is finished");
      EndHold(command.actor);
      return {};
  }
  return {};
}

}  // namespace quern::deploy
