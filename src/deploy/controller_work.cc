// What the controller does with its lock held: collect, judge, store, act, publish.
#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/log.h"
#include "deploy/controller.h"

namespace quern::deploy {
namespace {

bool Routes(const Release& r) { return r.phase >= Phase::kShadow; }

/// The kind has several versions, each with counts of its own, and no test compares them.
bool IsBandit(const Release& r) { return r.strategy.kind == StrategyKind::kBandit; }

CountRules RulesOf(const Release& r) {
  return {r.strategy.key.sticky() && !IsBandit(r), r.strategy.judge.latency_ms, r.strategy.guards};
}

}  // namespace

std::string_view ReleaseController::Name(const std::string& text) {
  return *names_.insert(text).first;
}

/// Everything that was counted goes into the evidence, also of divisions that are over.
void ReleaseController::Collect() {
  {
    const Snapshot<Live>::Reader live(live_);
    Merge(*live);
  }
  live_.Reclaim([&](std::unique_ptr<const Live> old) QUERN_REQUIRES(mutex_) { Merge(*old); });
  CollectLate();
}

void ReleaseController::Merge(const Live& live) {
  if (!live.counters || !stored_ || live.release != stored_->release.id) return;
  for (size_t arm = 1; arm < live.plan.arms; ++arm) {
    for (uint32_t kind = 0; kind < 4; ++kind) {
      if ((live.counters->tripped(arm) >> kind & 1) == 0) continue;
      trips_.push_back({arm, static_cast<GuardKind>(kind), ""});
    }
  }
  const std::vector<ArmCounts> counts = live.counters->Drain();
  Evidence& evidence = stored_->release.evidence;
  if (!live.counted || live.phase >= evidence.phases.size()) return;
  std::vector<ArmCounts>& arms = evidence.phases[live.phase].arms;
  for (size_t arm = 0; arm < std::min(arms.size(), counts.size()); ++arm) {
    dirty_ = dirty_ || counts[arm].requests + counts[arm].tested > 0;
    arms[arm].Merge(counts[arm]);
  }
}

void ReleaseController::CollectLate() {
  std::map<std::pair<size_t, size_t>, ArmCounts> late;
  std::vector<RewardBatch> rewards;
  ShadowReport shadow;
  uint64_t shadowed = 0;
  {
    MutexLock lock(late_mutex_);
    late.swap(late_);
    rewards = rewards_;
    std::fill(rewards_.begin(), rewards_.end(), RewardBatch{});
    std::swap(shadow, fresh_shadow_);
    std::swap(shadowed, fresh_shadowed_);
  }
  if (!stored_) return;
  Evidence& evidence = stored_->release.evidence;
  for (const auto& [place, counts] : late) {
    if (place.first >= evidence.phases.size()) continue;
    std::vector<ArmCounts>& arms = evidence.phases[place.first].arms;
    if (place.second < arms.size()) arms[place.second].Merge(counts);
  }
  if (IsBandit(stored_->release) && rewards.size() == evidence.rewards.size()) {
    AddRewards(evidence.rewards, rewards, stored_->release.strategy.bandit.discount);
  }
  evidence.shadowed += shadowed;
  dirty_ =
      dirty_ || !late.empty() || shadowed > 0 ||
      std::any_of(rewards.begin(), rewards.end(), [](const RewardBatch& b) { return b.n > 0; });
  shadow_dirty_ = shadow_dirty_ || !shadow.empty();
  MutexLock lock(view_mutex_);
  shadow_.Merge(shadow);
}

/// From now on this release is the model's.
Status ReleaseController::Follow(StoredRelease stored) {
  QUERN_ASSIGN(ShadowReport shadow, releases_.Shadow(stored.release.id));
  const bool same = stored_ && stored_->release.id == stored.release.id;
  stored_ = std::move(stored);
  prepared_ = false;
  forced_stable_ = false;
  retry_.reset();
  trips_.clear();
  dirty_ = same;
  shadow_dirty_ = same && shadow_dirty_;
  remembered_ms_ = clock_.NowMs();
  {
    MutexLock lock(late_mutex_);
    late_.clear();
    fresh_shadow_ = {};
    fresh_shadowed_ = 0;
    rewards_.assign(stored_->release.evidence.rewards.size(), {});
    late_release_ = stored_->release.id;
    late_by_key_ = RulesOf(stored_->release).by_key;
    late_limit_ms_ = stored_->release.strategy.judge.latency_ms;
  }
  {
    MutexLock lock(view_mutex_);
    if (!same || shadow.pairs() > shadow_.pairs()) shadow_ = std::move(shadow);
  }
  Publish();
  return {};
}

/// Another process has moved the release on: what it decided holds here too.
Status ReleaseController::Reload() {
  QUERN_ASSIGN(StoredRelease stored, releases_.Get(stored_->release.id));
  const bool over = stored.release.closed && stored.release.todo.empty();
  // An order that was written to the store took the counters as they stood there: ours go on.
  Evidence& theirs = stored.release.evidence;
  Evidence ours = stored_->release.evidence;
  if (ours.Covers(theirs)) {
    for (size_t i = 0; i < theirs.phases.size(); ++i) {
      ours.phases[i].voided = theirs.phases[i].voided;
    }
    theirs = std::move(ours);
  }
  if (!over) return Follow(std::move(stored));
  stored_.reset();
  Publish();
  return {};
}

/// Loads what the release routes to, after a start of the process.
Status ReleaseController::PrepareAgain() {
  const Release& r = stored_->release;
  if (prepared_ || !Routes(r) || r.closed) return {};
  QUERN_TRY(actions_.Prepare(model_, r.stable));
  for (size_t i = 0; i < r.candidates.size(); ++i) {
    const Candidate& candidate = r.candidates[i];
    const bool lost = r.phase == Phase::kPromoted && candidate.version != r.winner;
    if (candidate.dropped || lost) continue;
    if (auto ready = actions_.Prepare(model_, candidate.version); !ready) {
      trips_.push_back(
          {i + 1, GuardKind::kCrash, "not ready after a restart: " + ready.error().message});
    }
  }
  prepared_ = true;
  Publish();
  return {};
}

Status ReleaseController::Apply(const Input& input) {
  // What another process has decided goes before what is seen here: the next tick looks again.
  QUERN_TRY(TryApply(input));
  return {};
}

/// What becomes of the release instead of a promotion that a gate does not allow.
Result<Transition> ReleaseController::Held(const Input& input, const std::string& version,
                                           const Error& why) {
  if (why.code != Code::kFailedPrecondition || std::holds_alternative<Command>(input)) {
    return std::unexpected(why);
  }
  const Phase phase = stored_->release.phase;
  const int64_t now = clock_.NowMs();
  if (phase != Phase::kShadow && phase != Phase::kStep && phase != Phase::kBaking) {
    return Advance(stored_->release, NotReady{version, why.message}, now);
  }
  Command pause;
  pause.kind = CommandKind::kPause;
  pause.actor = "gate";
  pause.reason = why.message + "; then promote it";
  return Advance(stored_->release, pause, now);
}

/// False: another process has written meanwhile; that is read, and `input` is not applied.
Result<bool> ReleaseController::TryApply(const Input& input) {
  QUERN_ASSIGN(Transition next, Advance(stored_->release, input, clock_.NowMs()));
  if (!next.audit) {
    stored_->release = std::move(next.release);
    return true;
  }
  if (next.release.phase == Phase::kPromoted && stored_->release.phase != Phase::kPromoted) {
    const Release& r = next.release;
    if (const Status may = actions_.MayPromote(model_, r.alias, r.winner); !may) {
      QUERN_ASSIGN(next, Held(input, r.winner, may.error()));
    }
  }
  if (next.release.phase == Phase::kRolledBack && !forced_stable_) {
    // Safety does not wait for the disk.
    forced_stable_ = true;
    Publish();
  }
  auto saved = releases_.Save(*stored_, next);
  if (!saved && saved.error().code == Code::kAborted) {
    QUERN_TRY(Reload());
    return false;
  }
  if (!saved) {
    if (forced_stable_) retry_ = input;
    return std::unexpected(saved.error());
  }
  stored_ = std::move(*saved);
  forced_stable_ = false;
  retry_.reset();
  dirty_ = false;
  remembered_ms_ = clock_.NowMs();
  Publish();
  return true;
}

Status ReleaseController::ApplyTrips() {
  while (!trips_.empty()) {
    if (stored_) QUERN_TRY(Apply(trips_.front()));
    if (!trips_.empty()) trips_.erase(trips_.begin());
  }
  return {};
}

Status ReleaseController::PrepareNew() {
  for (const Action& action : std::vector<Action>(stored_->release.todo)) {
    if (action.kind != ActionKind::kPrepare) continue;
    if (auto ready = actions_.Prepare(model_, action.version); !ready) {
      return Apply(NotReady{action.version, ready.error().message});
    }
  }
  prepared_ = true;
  return Apply(Warmed{});
}

/// Does what is to be done; what fails stays for the next tick.
Status ReleaseController::Perform() {
  bool changed = false;
  while (stored_ && !stored_->release.todo.empty()) {
    const Action action = stored_->release.todo.front();
    if (action.kind == ActionKind::kPrepare) {
      QUERN_TRY(PrepareNew());
      continue;
    }
    const Status done = action.kind == ActionKind::kSetAlias
                            ? actions_.SetAlias(model_, stored_->release.alias, action.version)
                            : actions_.Retire(model_, action.version);
    if (!done) {
      Log(LogLevel::kWarning, "release " + stored_->release.id + " of " + model_ +
                                  ": tried again soon: " + done.error().message);
      break;
    }
    stored_->release.todo.erase(stored_->release.todo.begin());
    changed = true;
  }
  if (changed) QUERN_TRY(Remember(true));
  if (stored_ && stored_->release.closed && stored_->release.todo.empty()) {
    stored_.reset();
    Publish();
  }
  return {};
}

/// Shares of a bandit follow its rewards.
Status ReleaseController::Rebalance() {
  const Release& r = stored_->release;
  if (!IsBandit(r) || r.phase != Phase::kStep) return {};
  std::vector<ArmRewards> arms;
  for (size_t i = 0; i < r.evidence.rewards.size(); ++i) {
    if (i == 0 || !r.candidates[i - 1].dropped) arms.push_back(r.evidence.rewards[i]);
  }
  const std::vector<double> shares = BanditShares(arms, r.strategy.bandit);
  Reweigh input;
  bool moved = false;
  size_t next = 1;
  for (const Candidate& candidate : r.candidates) {
    input.weights.push_back(candidate.dropped ? 0 : 100 * shares[next++]);
    moved = moved || std::abs(input.weights.back() - candidate.weight) >= 100.0 / kBuckets;
  }
  if (!moved) return {};
  QUERN_TRY(Apply(input));
  Publish();
  return {};
}

Status ReleaseController::Remember(bool now) {
  const int64_t at = clock_.NowMs();
  if (!stored_) return {};
  const bool due = (dirty_ || shadow_dirty_) && at - remembered_ms_ >= options_.counters_every_ms;
  if (!now && !due) return {};
  const Status saved = releases_.SaveCounters(*stored_, at);
  if (!saved && saved.error().code == Code::kAborted) return Reload();
  QUERN_TRY(saved);
  if (shadow_dirty_) QUERN_TRY(releases_.SaveShadow(stored_->release.id, Shadow()));
  shadow_dirty_ = false;
  dirty_ = false;
  remembered_ms_ = at;
  return {};
}

/// Another process may have begun a release, or moved this one on.
Status ReleaseController::Notice() {
  const int64_t now = clock_.NowMs();
  if (now - noticed_ms_ < options_.counters_every_ms) return {};
  if (!stored_) {
    QUERN_ASSIGN(auto other, releases_.Unfinished(model_));
    if (other) QUERN_TRY(Follow(std::move(*other)));
  } else {
    QUERN_ASSIGN(const int64_t revision, releases_.Revision(stored_->release.id));
    if (revision != stored_->revision) QUERN_TRY(Reload());
  }
  noticed_ms_ = now;
  return {};
}

Status ReleaseController::Work() {
  Collect();
  // Without a store harm must be seen all the same.
  const Status noticed = Notice();
  if (stored_ && retry_) QUERN_TRY(Apply(Input(*retry_)));
  if (stored_) QUERN_TRY(PrepareAgain());
  QUERN_TRY(ApplyTrips());
  QUERN_TRY(Perform());
  if (!stored_) return noticed;
  QUERN_TRY(Rebalance());
  QUERN_TRY(Apply(deploy::Tick{}));
  QUERN_TRY(Perform());
  QUERN_TRY(Remember(false));
  MutexLock lock(view_mutex_);
  view_ = stored_ ? std::optional<Release>(stored_->release) : std::nullopt;
  return noticed;
}

/// The plan of this very state.
void ReleaseController::FillPlan(Live& live) {
  const Release& r = stored_->release;
  std::vector<std::string_view> versions{Name(r.stable)};
  std::vector<double> weights;
  std::vector<double> ceilings;
  const bool divided = Routes(r) && prepared_ && !forced_stable_ && !r.closed;
  if (r.closed && r.phase == Phase::kPromoted) versions[0] = Name(r.winner);
  for (const Candidate& candidate : r.candidates) {
    if (!divided) break;
    const bool lost = r.phase == Phase::kPromoted && candidate.version != r.winner;
    versions.push_back(candidate.dropped || lost ? std::string_view() : Name(candidate.version));
    weights.push_back(candidate.weight);
    ceilings.push_back(IsBandit(r) ? candidate.weight : candidate.ceiling);
  }
  live.plan = MakePlan(r.id, versions, weights, ceilings);
  live.plan.sticky = !IsBandit(r);
  live.counted = divided;
  if (!divided) return;
  std::vector<double> shares;
  for (size_t arm = 0; arm < versions.size(); ++arm) {
    // A bandit's shares change all the time, and no test reads them.
    shares.push_back(IsBandit(r) ? 1 / static_cast<double>(versions.size()) : live.plan.Share(arm));
  }
  live.phase = static_cast<uint16_t>(stored_->release.evidence.IndexOf(shares));
  if (r.phase == Phase::kShadow) {
    live.mirror = Name(r.candidates[0].version);
    live.mirror_buckets = static_cast<uint32_t>(std::round(r.strategy.share * kBuckets / 100));
  }
}

void ReleaseController::FillLive(Live& live) {
  live.generation = ++generation_;
  if (!stored_) return;
  const Release& r = stored_->release;
  // Until its versions are loaded, a promoted release leaves requests to the alias.
  if (r.phase == Phase::kPromoted && !r.closed && !prepared_ && !forced_stable_) return;
  live.release = Name(r.id);
  const Strategy& strategy = r.strategy;
  // Nobody chooses among versions where only one answers.
  const bool chosen =
      strategy.kind != StrategyKind::kBasic && strategy.kind != StrategyKind::kShadow;
  live.asks = {live.release,
               Name(r.alias),
               Name(strategy.key.header),
               Name(strategy.key.cookie),
               Name(strategy.key.field),
               chosen ? Name(strategy.override_header) : std::string_view()};
  FillPlan(live);
  live.counters = CountersOf(live);
}

/// Those that there are if the traffic goes on as it was divided: they know which callers they have
/// seen. After a trip new ones, as those stand still.
std::shared_ptr<LiveCounters> ReleaseController::CountersOf(const Live& live) {
  const auto fresh = [&] {
    return std::make_shared<LiveCounters>(live.plan.arms, RulesOf(stored_->release));
  };
  if (!live.counted) return fresh();
  const bool same = counted_.counters != nullptr && counted_.release == live.release &&
                    counted_.phase == live.phase && counted_.arms == live.plan.arms &&
                    counted_.counters->halted() == 0;
  if (!same) counted_ = {live.release, live.phase, live.plan.arms, fresh()};
  return counted_.counters;
}

void ReleaseController::Publish() {
  auto live = std::make_unique<Live>();
  FillLive(*live);
  live_.Replace(std::move(live));
  MutexLock lock(view_mutex_);
  view_ = stored_ ? std::optional<Release>(stored_->release) : std::nullopt;
}

}  // namespace quern::deploy
