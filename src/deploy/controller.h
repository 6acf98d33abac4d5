#pragma once
// A model's release in a server: routes its requests, counts how they end, judges, remembers, and
// tells the server what to load, to point at and to let go.
#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"
#include "deploy/live_counters.h"
#include "deploy/release.h"
#include "deploy/release_store.h"
#include "deploy/route.h"
#include "deploy/shadow_report.h"
#include "deploy/snapshot.h"

namespace quern::deploy {

/// What a release needs of the server. Called by one thread at a time; calling again what was done
/// must be harmless, as a process may end between an action and the note that it is done.
class ReleaseActions {
 public:
  virtual ~ReleaseActions() = default;
  /// Loads, warms and tests a version; an error rolls the release back and goes into its record.
  virtual Status Prepare(const std::string& model, const std::string& version) = 0;
  /// Whether the version may have the alias: kFailedPrecondition says what it waits for. A
  /// promotion by order is refused with it, one by the strategy pauses the release, which then
  /// waits for an order; a version that was to take over at once is rolled back.
  virtual Status MayPromote(const std::string& model, const std::string& alias,
                            const std::string& version) = 0;
  /// Repeated with each tick until it succeeds.
  virtual Status SetAlias(const std::string& model, const std::string& alias,
                          const std::string& version) = 0;
  /// Requests under way may still use the version.
  virtual Status Retire(const std::string& model, const std::string& version) = 0;
};

/// Where a request goes. Texts live as long as the controller.
struct Route {
  std::string_view release;  // "": no release; the caller resolves the version as ever
  std::string_view version;
  std::string_view mirror;  // the version that should see the request too, unseen; ""
  double propensity = 1;    // probability that this version was drawn
  uint64_t generation = 0;
  uint64_t hash = 0;
  uint16_t phase = 0;  // of the evidence: what labels name
  uint8_t arm = 0;
  /// The version that was asked first and gave no answer; 0: none.
  uint8_t failed = 0;
  RouteWay way = RouteWay::kRandom;
  bool counted = false;
};

/// What a running release wants to know of a request; "" for what it does not. Texts live as long
/// as the controller.
struct RouteQuestion {
  std::string_view release;  // "": none is running
  std::string_view alias;    // what the release moves: requests for another version are not its
  std::string_view key_header;
  std::string_view key_cookie;
  std::string_view key_field;
  std::string_view override_header;
};

/// What the prediction log keeps of a route, so that labels and rewards find it: "r1/0/1/0.05". Of
/// InsteadOf() "r1/0/0/0.05/1", which they do not find: who answers where another version failed
/// has no sample of its own.
std::string RouteText(const Route& route);
/// The same without allocating, into `room` of at least RouteTextRoom(route) bytes.
std::string_view WriteRouteText(const Route& route, std::span<char> room);
inline size_t RouteTextRoom(const Route& route) { return route.release.size() + 64; }
struct LoggedRoute {
  std::string release;
  size_t phase = 0;
  size_t arm = 0;
  double propensity = 1;
};
std::optional<LoggedRoute> ReadRouteText(std::string_view text);

struct ControllerOptions {
  /// At least between two writes of counters, and between two looks at what others have stored.
  int64_t counters_every_ms = 5000;
  uint64_t seed = 0;  // of the draws for requests without key; 0: random
};

/// Thread-safe. `Pick` takes no lock and allocates nothing; `Observe` takes one that is mostly its
/// thread's own. Borrows all that it is given.
class ReleaseController {
 public:
  ReleaseController(std::string model, ReleaseStore& releases, ReleaseActions& actions,
                    const Clock& clock, const ControllerOptions& options = {});

  /// Goes on with the release that the store holds, if any: loads its versions, and routes as
  /// before. To be called once, before requests.
  Status Resume();
  /// Begins a release; its versions are loaded by the next tick. The old one of a promotion that is
  /// still held is let go. Returns the id. kAlreadyExists while another release is under way.
  Result<std::string> Begin(NewRelease wanted);

  /// No lock, no allocation.
  RouteQuestion Asks() const;
  Route Pick(std::string_view key, std::string_view override_value) const;
  /// The stable version, for a request that a candidate gave no answer to; never counted. No
  /// release if there is nothing to ask: the stable version failed, a tester wanted that candidate,
  /// the release is over. No lock, no allocation.
  Route InsteadOf(const Route& failed) const;
  void Observe(const Route& route, const Outcome& outcome);
  /// The rows of one mirrored request, and how the candidate's part of it ended.
  void ObserveShadow(std::span<const ShadowPair> rows, const Outcome& candidate);
  void DropShadow();
  /// A label came for a logged prediction: whether the decision was wrong.
  void ObserveLabel(const LoggedRoute& route, bool wrong);
  /// What a bandit's choice earned, 0 to 1. kInvalidArgument for another value.
  Status ObserveReward(const LoggedRoute& route, double reward);

  /// Merges counters, judges, stores, acts; follows what another process has stored meanwhile. To
  /// be called every second or so, by one thread. Errors are the store's; the same is tried again
  /// with the next tick.
  Status Tick();
  /// An operator's order, in force when this returns. A tick that loads a version holds it up.
  /// kFailedPrecondition without a release, or if another process has brought it where the order
  /// makes no sense; kAborted if others write to it all the time.
  Status Order(const Command& command);
  /// Writes what was counted; before the end of the process.
  Status Flush();

  /// As of the last change or tick; nothing without a release.
  std::optional<Release> Current() const;
  ShadowReport Shadow() const;

 private:
  struct Live {
    RoutePlan plan;
    uint64_t generation = 0;
    std::string_view release;
    RouteQuestion asks;
    std::string_view mirror;
    uint32_t mirror_buckets = 0;
    uint16_t phase = 0;
    bool counted = false;
    std::shared_ptr<LiveCounters> counters;
  };
  /// The counters of the traffic as it was divided last, and where they go.
  struct Counted {
    std::string_view release;
    uint16_t phase = 0;
    size_t arms = 0;
    std::shared_ptr<LiveCounters> counters;
  };
  struct alignas(64) Draws {
    std::atomic<uint64_t> next{0};
  };
  static constexpr size_t kDraws = 32;

  uint64_t Draw() const;
  // All of the following with mutex_ held; controller_work.cc.
  Status Work() QUERN_REQUIRES(mutex_);
  Status Notice() QUERN_REQUIRES(mutex_);
  void Collect() QUERN_REQUIRES(mutex_);
  void Merge(const Live& live) QUERN_REQUIRES(mutex_);
  void CollectLate() QUERN_REQUIRES(mutex_);
  Status Follow(StoredRelease stored) QUERN_REQUIRES(mutex_);
  Status Reload() QUERN_REQUIRES(mutex_);
  Status PrepareAgain() QUERN_REQUIRES(mutex_);
  Status Apply(const Input& input) QUERN_REQUIRES(mutex_);
  Result<bool> TryApply(const Input& input) QUERN_REQUIRES(mutex_);
  Result<Transition> Held(const Input& input, const std::string& version, const Error& why)
      QUERN_REQUIRES(mutex_);
  Status ApplyTrips() QUERN_REQUIRES(mutex_);
  Status Perform() QUERN_REQUIRES(mutex_);
  Status PrepareNew() QUERN_REQUIRES(mutex_);
  Status Rebalance() QUERN_REQUIRES(mutex_);
  Status Remember(bool now) QUERN_REQUIRES(mutex_);
  void Publish() QUERN_REQUIRES(mutex_);
  void FillLive(Live& live) QUERN_REQUIRES(mutex_);
  void FillPlan(Live& live) QUERN_REQUIRES(mutex_);
  std::shared_ptr<LiveCounters> CountersOf(const Live& live) QUERN_REQUIRES(mutex_);
  std::string_view Name(const std::string& text) QUERN_REQUIRES(mutex_);

  const std::string model_;
  ReleaseStore& releases_;
  ReleaseActions& actions_;
  const Clock& clock_;
  const ControllerOptions options_;
  mutable std::array<Draws, kDraws> draws_;
  uint64_t seed_ = 0;

  mutable Mutex mutex_;  // of what follows, held for the whole of a tick
  std::optional<StoredRelease> stored_ QUERN_GUARDED_BY(mutex_);
  bool prepared_ QUERN_GUARDED_BY(mutex_) = false;       // in this process
  bool forced_stable_ QUERN_GUARDED_BY(mutex_) = false;  // rolled back, not stored yet
  std::optional<Input> retry_ QUERN_GUARDED_BY(mutex_);  // what could not be stored
  std::vector<Tripped> trips_ QUERN_GUARDED_BY(mutex_);
  uint64_t generation_ QUERN_GUARDED_BY(mutex_) = 0;
  Counted counted_ QUERN_GUARDED_BY(mutex_);
  bool dirty_ QUERN_GUARDED_BY(mutex_) = false;         // counted since it was written
  bool shadow_dirty_ QUERN_GUARDED_BY(mutex_) = false;  // shadow_ holds more than was written
  int64_t remembered_ms_ QUERN_GUARDED_BY(mutex_) = 0;
  int64_t noticed_ms_ QUERN_GUARDED_BY(mutex_) = 0;
  std::set<std::string, std::less<>> names_ QUERN_GUARDED_BY(mutex_);

  mutable Mutex late_mutex_;  // what comes off the hot path
  std::map<std::pair<size_t, size_t>, ArmCounts> late_ QUERN_GUARDED_BY(late_mutex_);
  std::vector<RewardBatch> rewards_ QUERN_GUARDED_BY(late_mutex_);
  ShadowReport fresh_shadow_ QUERN_GUARDED_BY(late_mutex_);
  uint64_t fresh_shadowed_ QUERN_GUARDED_BY(late_mutex_) = 0;
  std::string late_release_ QUERN_GUARDED_BY(late_mutex_);
  bool late_by_key_ QUERN_GUARDED_BY(late_mutex_) = false;
  double late_limit_ms_ QUERN_GUARDED_BY(late_mutex_) = 0;

  mutable Mutex view_mutex_;
  std::optional<Release> view_ QUERN_GUARDED_BY(view_mutex_);
  ShadowReport shadow_ QUERN_GUARDED_BY(view_mutex_);

  Snapshot<Live> live_;
};

}  // namespace quern::deploy
