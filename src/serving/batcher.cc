#include "serving/batcher.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

#include "base/parallel.h"
#include "base/time.h"
#include "serving/deadline.h"

namespace quern::serving {
namespace {

BatchOptions Filled(BatchOptions options) {
  if (options.runs == 0) options.runs = AvailableCores();
  options.rows = std::max<size_t>(options.rows, 1);
  return options;
}

}  // namespace

Batcher::Batcher(std::shared_ptr<const model::Engine> engine, BatchOptions options)
    : engine_(std::move(engine)), options_(Filled(options)) {}

/// The first of those who wait leads, once a run is free and it has waited for others as long as it
/// should.
bool Batcher::Leads(const Caller& caller, double now) const {
  return waiting_.front() == &caller && running_ < options_.runs &&
         (waiting_rows_ >= options_.rows || now >= caller.arrived + options_.delay);
}

/// When the caller has to look again if nobody wakes it.
double Batcher::WaitsUntil(const Caller& caller, double deadline) const {
  double until = std::numeric_limits<double>::infinity();
  if (deadline > 0) until = deadline;
  if (waiting_.front() == &caller && running_ < options_.runs) {
    until = std::min(until, caller.arrived + options_.delay);
  }
  return until;
}

void Batcher::Leave(Caller& caller) {
  std::erase(waiting_, &caller);
  waiting_rows_ -= caller.call.rows;
}

void Batcher::WakeFirst() {
  if (!waiting_.empty() && running_ < options_.runs) waiting_.front()->wake.notify_one();
}

/// The first of those who wait, and whoever can be joined with it while there is room.
std::deque<Batcher::Caller*> Batcher::Take() {
  std::deque<Caller*> taken = TakeJoinable(&waiting_, options_.rows, [this](const Caller* caller) {
    return JoinShape{this, caller->call.inputs, caller->call.rows};
  });
  for (Caller* caller : taken) {
    waiting_rows_ -= caller->call.rows;
    caller->state = State::kTaken;
  }
  return taken;
}

Status Batcher::Together(const std::deque<Caller*>& callers) const {
  const double begin = MonotonicSeconds();
  EngineRun times;
  std::vector<JointCall> calls;
  for (const Caller* caller : callers) calls.push_back(caller->call);
  Arena scratch;
  const Status status = RunJoined(*engine_, calls, scratch, &times);
  for (const Caller* caller : callers) {
    *caller->ticket = {NanosecondsBetween(caller->arrived, begin), times,
                       caller == callers.front()};
  }
  return status;
}

/// After a joint run that failed.
Status Batcher::Alone(Caller& caller) const {
  const double begin = MonotonicSeconds();
  Arena none(0);
  EngineRun times;
  QUERN_TRY(RunJoined(*engine_, {&caller.call, 1}, none, &times));
  *caller.ticket = {NanosecondsBetween(caller.arrived, begin), times, true};
  return {};
}

Status Batcher::Run(std::span<const model::TensorView> inputs, size_t rows, double deadline,
                    Arena& arena, std::span<model::TensorView> outputs, Ticket* ticket) {
  Caller me{{inputs, rows, outputs, &arena}, MonotonicSeconds(), ticket, State::kWaiting, {}};
  std::unique_lock lock(mutex_.native());
  waiting_.push_back(&me);
  waiting_rows_ += rows;
  if (waiting_rows_ >= options_.rows) WakeFirst();
  while (me.state == State::kWaiting) {
    const double now = MonotonicSeconds();
    if (Status in_time = CheckDeadline(deadline, now); !in_time) {
      Leave(me);
      WakeFirst();
      return in_time;
    }
    if (Leads(me, now)) break;
    const double until = WaitsUntil(me, deadline);
    if (until == std::numeric_limits<double>::infinity()) {
      me.wake.wait(lock);
    } else {
      me.wake.wait_for(lock, std::chrono::duration<double>(until - now));
    }
  }
  if (me.state == State::kWaiting) {
    const std::deque<Caller*> taken = Take();
    ++running_;
    WakeFirst();
    lock.unlock();
    const Status status = Together(taken);
    lock.lock();
    --running_;
    for (Caller* caller : taken) {
      caller->state = status ? State::kScored : State::kAlone;
      if (caller != &me) caller->wake.notify_one();
    }
    WakeFirst();
    if (taken.size() == 1) return status;
  }
  while (me.state == State::kTaken) me.wake.wait(lock);
  const bool scored = me.state == State::kScored;
  lock.unlock();
  return scored ? Status() : Alone(me);
}

}  // namespace quern::serving
