#include "deploy/controller.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/digest.h"
#include "base/ids.h"
#include "base/text.h"

namespace quern::deploy {
namespace {

constexpr int kOrderAttempts = 5;

uint64_t Mix(uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

}  // namespace

std::string_view WriteRouteText(const Route& route, std::span<char> room) {
  if (route.release.empty()) return {};
  char* const end = room.data() + room.size();
  char* at = std::copy(route.release.begin(), route.release.end(), room.data());
  *at++ = '/';
  at = std::to_chars(at, end, route.phase).ptr;
  *at++ = '/';
  at = std::to_chars(at, end, unsigned{route.arm}).ptr;
  *at++ = '/';
  at = std::to_chars(at, end, route.propensity).ptr;
  if (route.failed != 0) {
    *at++ = '/';
    at = std::to_chars(at, end, unsigned{route.failed}).ptr;
  }
  return {room.data(), static_cast<size_t>(at - room.data())};
}

std::string RouteText(const Route& route) {
  std::string text(RouteTextRoom(route), '\0');
  text.resize(WriteRouteText(route, text).size());
  return text;
}

std::optional<LoggedRoute> ReadRouteText(std::string_view text) {
  const std::vector<std::string_view> parts = Split(text, '/');
  if (parts.size() != 4 || parts[0].empty()) return std::nullopt;
  const auto phase = ParseInt(parts[1]);
  const auto arm = ParseInt(parts[2]);
  const auto propensity = ParseDouble(parts[3]);
  if (!phase || !arm || !propensity || *phase < 0 || *arm < 0) return std::nullopt;
  return LoggedRoute{std::string(parts[0]), static_cast<size_t>(*phase), static_cast<size_t>(*arm),
                     *propensity};
}

ReleaseController::ReleaseController(std::string model, ReleaseStore& releases,
                                     ReleaseActions& actions, const Clock& clock,
                                     const ControllerOptions& options)
    : model_(std::move(model)),
      releases_(releases),
      actions_(actions),
      clock_(clock),
      options_(options),
      seed_(options.seed != 0 ? options.seed : Hash64(NewHexId())),
      live_(std::make_unique<Live>()) {}

uint64_t ReleaseController::Draw() const {
  const size_t shard = ThreadShard(kDraws);
  const uint64_t n = draws_[shard].next.fetch_add(1, std::memory_order_relaxed);
  return Mix(seed_ ^ Mix((static_cast<uint64_t>(shard) << 48) + n));
}

RouteQuestion ReleaseController::Asks() const {
  const Snapshot<Live>::Reader live(live_);
  return live->asks;
}

Route ReleaseController::Pick(std::string_view key, std::string_view override_value) const {
  Route route;
  const uint64_t random = Draw();
  const Snapshot<Live>::Reader live(live_);
  if (live->release.empty()) return route;
  const uint32_t halted = live->counters->halted();
  const RouteChoice choice = Choose(live->plan, key, override_value, random, halted);
  route.release = live->release;
  route.version = live->plan.version[choice.arm];
  route.propensity = live->plan.Share(choice.arm);
  route.generation = live->generation;
  route.hash = choice.hash;
  route.phase = live->phase;
  route.arm = choice.arm;
  route.way = choice.way;
  route.counted = live->counted && halted == 0;  // live_counters.h says why
  const bool mirrored = (random >> 32) % kBuckets < live->mirror_buckets;
  if (mirrored && choice.arm == 0) route.mirror = live->mirror;
  return route;
}

Route ReleaseController::InsteadOf(const Route& failed) const {
  Route route;
  if (failed.arm == 0 || failed.way == RouteWay::kOverride) return route;
  const Snapshot<Live>::Reader live(live_);
  if (live->release != failed.release) return route;
  route = failed;
  route.version = live->plan.version[0];
  route.mirror = {};
  route.arm = 0;
  route.failed = failed.arm;
  route.counted = false;
  return route;
}

void ReleaseController::Observe(const Route& route, const Outcome& outcome) {
  if (route.release.empty()) return;
  {
    const Snapshot<Live>::Reader live(live_);
    if (live->generation == route.generation) {
      live->counters->Observe(route.arm, route.way, route.hash, outcome);
      return;
    }
    // The traffic is divided otherwise by now: what it shows of the version still holds.
    if (live->release == route.release) live->counters->Guard(route.arm, outcome);
  }
  if (!route.counted || route.way == RouteWay::kHalted) return;
  MutexLock lock(late_mutex_);
  if (route.release != late_release_) return;
  ArmCounts& counts = late_[{route.phase, route.arm}];
  if (route.way == RouteWay::kOverride) {
    ++counts.tested;
    return;
  }
  ++counts.requests;
  // Which callers were seen in that phase is forgotten: better none than one twice.
  if (late_by_key_) return;
  ++counts.units;
  counts.events[static_cast<size_t>(Metric::kErrors)] += outcome.error || outcome.crash;
  counts.events[static_cast<size_t>(Metric::kInvalid)] +=
      outcome.invalid || outcome.nan || outcome.schema;
  counts.events[static_cast<size_t>(Metric::kLatency)] +=
      late_limit_ms_ > 0 && outcome.latency_ms > late_limit_ms_;
  counts.latency_ms.Add(outcome.latency_ms);
}

void ReleaseController::ObserveShadow(std::span<const ShadowPair> rows, const Outcome& candidate) {
  {
    const Snapshot<Live>::Reader live(live_);
    if (live->mirror.empty()) return;
    live->counters->Guard(1, candidate);
  }
  MutexLock lock(late_mutex_);
  ++fresh_shadowed_;
  for (const ShadowPair& row : rows) fresh_shadow_.Add(row);
}

void ReleaseController::DropShadow() {
  MutexLock lock(late_mutex_);
  fresh_shadow_.AddDropped(1);
}

void ReleaseController::ObserveLabel(const LoggedRoute& route, bool wrong) {
  MutexLock lock(late_mutex_);
  if (route.release != late_release_) return;
  ArmCounts& counts = late_[{route.phase, route.arm}];
  ++counts.labels;
  counts.events[static_cast<size_t>(Metric::kWrong)] += wrong;
}

Status ReleaseController::ObserveReward(const LoggedRoute& route, double reward) {
  if (!(reward >= 0 && reward <= 1)) {
    return Fail(Code::kInvalidArgument,
                "a reward must be from 0 to 1, got " + ShortestDouble(reward),
                "scale it, or send 1 for success and 0 for failure");
  }
  MutexLock lock(late_mutex_);
  if (route.release != late_release_ || route.arm >= rewards_.size()) return {};
  ++rewards_[route.arm].n;
  rewards_[route.arm].sum += reward;
  return {};
}

Result<std::string> ReleaseController::Begin(NewRelease wanted) {
  MutexLock lock(mutex_);
  if (stored_ && stored_->release.phase == Phase::kPromoted && !stored_->release.closed) {
    QUERN_TRY(Apply(deploy::Command{CommandKind::kFinish, wanted.actor, "", "", 0}));
    QUERN_TRY(Perform());
  }
  wanted.model = model_;
  if (wanted.id.empty()) wanted.id = NewUuid7(clock_);
  QUERN_ASSIGN(const Transition begun, deploy::Begin(wanted, clock_.NowMs()));
  QUERN_ASSIGN(StoredRelease stored, releases_.Create(begun));
  QUERN_TRY(Follow(std::move(stored)));
  return wanted.id;
}

Status ReleaseController::Resume() {
  MutexLock lock(mutex_);
  QUERN_ASSIGN(auto stored, releases_.Unfinished(model_));
  if (!stored) return {};
  QUERN_TRY(Follow(std::move(*stored)));
  return Work();
}

Status ReleaseController::Tick() {
  MutexLock lock(mutex_);
  return Work();
}

Status ReleaseController::Order(const Command& command) {
  MutexLock lock(mutex_);
  Collect();
  // What another process wrote a moment before is read, and the order is given again.
  for (int attempt = 0; attempt < kOrderAttempts; ++attempt) {
    if (!stored_) {
      return Fail(Code::kFailedPrecondition, "model " + model_ + " has no release under way",
                  "begin one first");
    }
    QUERN_ASSIGN(const bool applied, TryApply(command));
    if (applied) return Perform();
  }
  return Fail(Code::kAborted,
              "other processes write to the release of model " + model_ +
                  " all the time: the order is not carried out",
              "give it again");
}

Status ReleaseController::Flush() {
  MutexLock lock(mutex_);
  Collect();
  return Remember(true);
}

std::optional<Release> ReleaseController::Current() const {
  MutexLock lock(view_mutex_);
  return view_;
}

ShadowReport ReleaseController::Shadow() const {
  MutexLock lock(view_mutex_);
  return shadow_;
}

}  // namespace quern::deploy
