#pragma once
// Inside of store/ only: many callers, one commit.
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
/// it. Thread-safe.
class GroupCommit {
 public:
  /// `commit` runs all bodies and makes them durable; called by one thread at a time.
  using Commit = std::function<void(const std::vector<PendingWrite*>& writes)>;
  explicit GroupCommit(Commit commit) : commit_(std::move(commit)) {}

  Status Write(const std::function<Status()>& body);

 private:
  struct Waiter;
  void Lead(Waiter& leader);
  Commit commit_;
  std::mutex mutex_;
  std::vector<Waiter*> queue_;
  bool leading_ = false;
};

}  // namespace quern::store
