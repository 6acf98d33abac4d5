#include "store/group_commit.h"

#include <atomic>

namespace quern::store {
namespace {

enum State { kWaiting, kDone, kLeads };

/// Of the thread, not of the call: who wakes it may still touch it when the call has returned.
thread_local std::atomic<int> this_threads_state{kWaiting};

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
    queue_.push_back(&me);
    leads = !leading_;
    leading_ = true;
  }
  if (!leads) {
    this_threads_state.wait(kWaiting);
    leads = this_threads_state.load() == kLeads;
  }
  if (leads) Lead(me);
  return std::move(me.write.status);
}

void GroupCommit::Lead(Waiter& leader) {
  std::vector<Waiter*> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(queue_);
  }
  std::vector<PendingWrite*> writes;
  writes.reserve(taken.size());
  for (Waiter* waiter : taken) writes.push_back(&waiter->write);
  commit_(writes);
  std::atomic<int>* next = nullptr;
  {
    const std::lock_guard lock(mutex_);
    leading_ = !queue_.empty();
    if (leading_) next = queue_.front()->state;
  }
  const auto wake = [](std::atomic<int>* state, State value) {
    state->store(value);
    state->notify_one();
  };
  // The next leader first: it works while the others are woken.
  if (next != nullptr) wake(next, kLeads);
  for (Waiter* waiter : taken) {
    // The waiter is gone as soon as its state changes.
    if (waiter != &leader) wake(waiter->state, kDone);
  }
}

}  // namespace quern::store
