#pragma once
// Inside of store/ only: many callers, one commit.
#include <chrono>
#include <functional>
#include <mutex>
#include <vector>

#include "base/result.h"

namespace quern::store {

/// A change that waits, and how it ended.
struct PendingWrite {
  const std::function<Status()>* body;
  Status status;
};

/// Whoever finds nobody at work commits what waits, its own included; the others wait for their
/// result, and one of them goes on with what has come meanwhile. A single caller pays nothing for
/// it. While a commit hangs (another process holds the database, its server does not answer) few
/// wait for it and the others are told to come again: callers are a server's threads, and all of
/// them in line would leave none that reads. Thread-safe.
class GroupCommit {
 public:
  /// Gives all that waits at that moment, the caller's own first.
  using Take = std::function<std::vector<PendingWrite*>()>;
  /// Takes what waits, once, as late as it can; runs the bodies and makes them durable. Called by
  /// one thread at a time.
  using Commit = std::function<void(const Take& take)>;
  /// A commit hangs after `patience`; the default is far beyond an fsync of a busy disk.
  explicit GroupCommit(Commit commit, std::chrono::nanoseconds patience = std::chrono::seconds(3))
      : commit_(std::move(commit)), patience_(patience) {}
  /// How many wait for one that hangs.
  static constexpr size_t kLine = 16;

  /// kUnavailable without having run `body` if the line is long and does not move.
  Status Write(const std::function<Status()>& body);

 private:
  struct Waiter;
  void Lead(Waiter& leader);
  /// A commit is under way from now on. Under the lock, as the next.
  void Begin();
  /// Whether it takes too long.
  bool Hangs() const;
  /// Tells those that stand too far behind in a line that does not move. The first in line calls it
  /// from time to time: a timer for each of them would cost more than its change.
  void CutLine();
  Commit commit_;
  std::chrono::nanoseconds patience_;
  std::mutex mutex_;
  /// The leader first, until it has taken what waits.
  std::vector<Waiter*> queue_;
  bool leading_ = false;
  /// When the commit under way began.
  std::chrono::steady_clock::time_point began_;
};

}  // namespace quern::store
