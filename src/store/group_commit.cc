#include "store/group_commit.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <thread>

namespace quern::store {
namespace {

/// Looks before a waiter sleeps: with many writers the result is often there at once.
constexpr int kLooks = 4;

enum State { kWaiting, kSleeping, kDone, kLeads };

/// Of the thread, not of the call: who wakes it may still touch it when the call has returned.
thread_local std::atomic<int> this_threads_state{kWaiting};

bool Waits(int state) { return state == kWaiting || state == kSleeping; }

/// std::atomic waits without a limit only. False if nothing came within it; null: without one.
bool AwaitChange(std::atomic<int>& state, const timespec* limit) {
  static_assert(sizeof(state) == sizeof(int), "the kernel waits for a bare int");
  for (int i = 0; i < kLooks; ++i) {
    if (!Waits(state.load())) return true;
    std::this_thread::yield();
  }
  int waiting = kWaiting;
  if (!state.compare_exchange_strong(waiting, kSleeping) && !Waits(waiting)) return true;
  while (state.load() == kSleeping) {
    const long done =
        syscall(SYS_futex, &state, FUTEX_WAIT_PRIVATE, static_cast<int>(kSleeping), limit);
    if (done != 0 && errno == ETIMEDOUT) return state.load() != kSleeping;
  }
  return true;
}

void Change(std::atomic<int>* state, State value) {
  if (state->exchange(value) != kSleeping) return;
  syscall(SYS_futex, state, FUTEX_WAKE_PRIVATE, 1);
}

timespec SpecOf(std::chrono::nanoseconds duration) {
  constexpr int64_t kSecond = 1'000'000'000;
  return {duration.count() / kSecond, duration.count() % kSecond};
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
  bool leads = false, watches = false;
  {
    const std::lock_guard lock(mutex_);
    if (leading_ && queue_.size() >= kLine && Hangs()) return Busy();
    // The leader itself may still be the first.
    watches = queue_.size() < 2;
    queue_.push_back(&me);
    leads = !leading_;
    if (leads) Begin();
  }
  if (!leads) {
    const timespec patience = SpecOf(patience_);
    while (!AwaitChange(this_threads_state, watches ? &patience : nullptr)) CutLine();
    leads = this_threads_state.load() == kLeads;
  }
  if (leads) Lead(me);
  return std::move(me.write.status);
}

void GroupCommit::Begin() {
  leading_ = true;
  began_ = std::chrono::steady_clock::now();
}

bool GroupCommit::Hangs() const { return std::chrono::steady_clock::now() - began_ >= patience_; }

void GroupCommit::CutLine() {
  std::vector<Waiter*> cut;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() <= kLine || !Hangs()) return;
    cut.assign(queue_.begin() + kLine, queue_.end());
    queue_.resize(kLine);
  }
  for (Waiter* waiter : cut) {
    waiter->write.status = Busy();
    Change(waiter->state, kDone);
  }
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
