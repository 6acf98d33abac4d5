#pragma once
// A release as a state machine, pure: a state and an input give the next state, what is to be done
// and the audit record.
//
//     pending → warming → [shadow] → step 1 … k → baking → promoted → (closed)
//                  └───────┴────────────┴─────────┴──────┴─→ rolled_back
//                          └────────────┴─────────┴─→ paused → back, or to either end
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "deploy/evidence.h"
#include "deploy/judge.h"
#include "deploy/strategy.h"

namespace quern::deploy {

enum class Phase : uint8_t {
  kPending,
  kWarming,     // versions are loaded and tested
  kShadow,      // the candidate sees requests, nobody sees its answers
  kStep,        // a share of the traffic
  kBaking,      // all of the traffic; the old version waits
  kPromoted,    // the alias has moved; the old version waits until the hold is over
  kRolledBack,  // all of the traffic is the stable version's
  kPaused,      // shares stay; harm and guards still act
};
std::string_view PhaseName(Phase phase);
/// Nothing for another word than PhaseName gives.
std::optional<Phase> ParsePhase(std::string_view word);

enum class ActionKind : uint8_t { kPrepare, kSetAlias, kRetire };

/// What the world has to be told. Doing one twice is as doing it once.
struct Action {
  ActionKind kind = ActionKind::kPrepare;
  std::string version;
  bool operator==(const Action&) const = default;
};

struct Candidate {
  std::string version;
  double weight = 0;     // percent of the traffic now
  double ceiling = 100;  // the most that it gets while versions are compared
  bool dropped = false;  // harm was proven; it gets nothing more
  bool operator==(const Candidate&) const = default;
};

struct Release {
  std::string id;
  std::string model;
  std::string alias;   // what moves at promotion
  std::string stable;  // version
  std::vector<Candidate> candidates;
  Strategy strategy;
  int64_t created_ms = 0;

  Phase phase = Phase::kPending;
  Phase resumes_to = Phase::kPending;  // of a paused one
  uint32_t step = 0;
  int64_t phase_ms = 0;         // since when
  uint64_t phase_requests = 0;  // what Requests() was then
  int64_t compared_ms = 0;      // since when traffic is divided; 0: not yet
  int64_t deadline_ms = 0;      // when an undecided comparison is paused
  bool tainted = false;         // paused as the split was not the declared one
  std::string winner;           // the version that was promoted
  int64_t ended_ms = 0;
  bool closed = false;       // nothing is routed by it any more
  int64_t audits = 0;        // records so far
  std::vector<Action> todo;  // not done for certain yet
  Evidence evidence;
};

/// What somebody wants a new release to be.
struct NewRelease {
  std::string id;
  std::string model;
  std::string alias = "champion";
  std::string stable;
  std::string candidate;  // "" where the strategy names versions
  Strategy strategy;
  std::string actor;
};

enum class GuardKind : uint8_t { kFailures, kNan, kSchema, kCrash };
std::string_view GuardName(GuardKind kind);

enum class CommandKind : uint8_t {
  kPromote,
  kAbort,  // roll back, also while a promoted version's predecessor is held
  kPause,
  kResume,
  kSetWeight,
  kFinish,  // end the hold of a promoted release now
};
/// "promote". kInvalidArgument with a suggestion for another word.
Result<CommandKind> ParseCommand(std::string_view word);

// Inputs.
struct Tick {};
struct Warmed {};
struct NotReady {
  std::string version;
  std::string why;
};
struct Tripped {
  size_t arm = 1;
  GuardKind kind = GuardKind::kFailures;
  std::string detail;
};
/// Shares that a bandit gives its candidates, percent; no audit record.
struct Reweigh {
  std::vector<double> weights;
};
struct Command {
  CommandKind kind = CommandKind::kPromote;
  std::string actor;
  std::string reason;
  std::string version;  // promote: which, where there are several
  double weight = 0;    // set_weight: percent
};
using Input = std::variant<Tick, Warmed, NotReady, Tripped, Reweigh, Command>;

/// A change of state, as it is kept for ever.
struct Audit {
  int64_t sequence = 0;  // 1, 2, … of its release
  int64_t at_ms = 0;
  Phase from = Phase::kPending;
  Phase to = Phase::kPending;
  uint32_t step = 0;
  std::string actor;  // an operator's name, or "judge", "guard", "strategy"
  std::string sentence;
  std::string detail;  // JSON: weights and verdicts with their numbers
};

struct Transition {
  Release release;
  std::optional<Audit> audit;
};

/// The release in its first state, with the record of who asked for it. kInvalidArgument for a
/// model without name, or a candidate that is the stable version.
Result<Transition> Begin(const NewRelease& wanted, int64_t now_ms);

/// The next state; no audit record if nothing changed but counters. kFailedPrecondition for a
/// command that the state does not allow, kInvalidArgument for a wrong value of one.
Result<Transition> Advance(Release release, const Input& input, int64_t now_ms);

/// Traffic is divided and the judge is asked.
bool Comparing(const Release& release);
/// A verdict per candidate that is not dropped, of a strategy that tests for harm (canary, A/B). Of
/// a release that has ended: what was known at its end.
std::vector<Verdict> Judge(const Release& release, int64_t now_ms);
json::array VerdictsJson(const Release& release, int64_t now_ms);

/// What versions of a bandit have earned, the stable one first; empty for other strategies.
struct Earned {
  std::string version;
  uint64_t requests = 0;
  ArmRewards rewards;
};
std::vector<Earned> EarnedBy(const Release& release);
/// [{"version", "requests", "won", "lost"}], null for other strategies.
json::value EarnedJson(const Release& release);
/// What `requests` of a phase counts: mirrored, the candidate's, the tester's, or of several
/// versions the least.
uint64_t Requests(const Release& release);

/// All but the evidence, which changes with every request and is kept beside it.
json::value ReleaseJson(const Release& release);
/// kDataLoss for what ReleaseJson did not write.
Result<Release> ReadRelease(const json::value& value);

}  // namespace quern::deploy
