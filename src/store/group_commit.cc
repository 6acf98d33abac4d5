#include "store/group_commit.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>

namespace quern::store {
namespace {

enum State { kWaiting, kDone, kLeads };

/// Of the thread, not of the call: who wakes it may still touch it when the call has returned.
thread_local std::atomic<int> this_threads_state{kWaiting};

/// std::atomic waits without a limit only. False if nothing came in time.
bool AwaitChange(std::atomic<int>& state, std::chrono::nanoseconds patience) {
  static_assert(sizeof(state) == sizeof(int), "the kernel waits for a bare int");
  constexpr int64_t kSecond = 1'000'000'000;
  const timespec limit{patience.count() / kSecond, patience.count() % kSecond};
  while (state.load() == kWaiting) {
    const long done =
        syscall(SYS_futex, &state, FUTEX_WAIT_PRIVATE, static_cast<int>(kWaiting), &limit);
    if (done != 0 && errno == ETIMEDOUT) return state.load() != kWaiting;
  }
  return true;
}

void Change(std::atomic<int>* state, State value) {
  state->store(value);
  syscall(SYS_futex, state, FUTEX_WAKE_PRIVATE, 1);
}

Status Busy() {
  return Fail(Code::kUnavailable, "the database is busy: earlier changes wait for it too",
              "try again shortly; if that goes on, look at who holds the database");
}

}  // namespace

struct GroupCommit::Waiter {
  PendingWrite write;
  std::atomic<int>* state;
};

Status GroupCommit::Write(const std::function<Status()>& body) {
  this_threads_state.store(kWaiting);
  Waiter me{{&body, {}}, &this_threads_state};
  bool leads = false;
  {
    const std::lock_guard lock(mutex_);
    if (leading_ && !MayWait(queue_.size())) return Busy();
    queue_.push_back(&me);
    leads = !leading_;
    if (leads) Begin();
  }
  while (!leads) {
    if (AwaitChange(this_threads_state, patience_)) {
      leads = this_threads_state.load() == kLeads;
      break;
    }
    if (Leave(me)) return Busy();
  }
  if (leads) Lead(me);
  return std::move(me.write.status);
}

void GroupCommit::Begin() {
  leading_ = true;
  began_ = std::chrono::steady_clock::now();
}

bool GroupCommit::MayWait(size_t place) const {
  return place < kLine || std::chrono::steady_clock::now() - began_ < patience_;
}

bool GroupCommit::Leave(const Waiter& waiter) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find(queue_.begin(), queue_.end(), &waiter);
  if (found == queue_.end()) return false;
  if (MayWait(static_cast<size_t>(found - queue_.begin()))) return false;
  queue_.erase(found);
  return true;
}

void GroupCommit::Lead(Waiter& leader) {
  std::vector<Waiter*> taken;
  commit_([&] {
    {
      const std::lock_guard lock(mutex_);
      taken.swap(queue_);
    }
    std::vector<PendingWrite*> writes;
    writes.reserve(taken.size());
    for (Waiter* waiter : taken) writes.push_back(&waiter->write);
    return writes;
  });
  std::atomic<int>* next = nullptr;
  {
    const std::lock_guard lock(mutex_);
    leading_ = false;
    if (!queue_.empty()) {
      Begin();
      next = queue_.front()->state;
    }
  }
  // The next leader first: it works while the others are woken.
  if (next != nullptr) Change(next, kLeads);
  for (Waiter* waiter : taken) {
    // The waiter is gone as soon as its state changes.
    if (waiter != &leader) Change(waiter->state, kDone);
  }
}

}  // namespace quern::store
