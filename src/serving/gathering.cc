#include "serving/gathering.h"

#include <algorithm>
#include <utility>

#include "base/time.h"
#include "serving/batcher.h"
#include "serving/deadline.h"

namespace quern::serving {
namespace {

JointCall Joint(const GatheredCall& call, Arena& arena) {
  return {call.inputs.views, call.inputs.rows, call.outputs, &arena};
}

}  // namespace

size_t Gathering::Add(ServedModelPtr served, const BoundInputs& inputs, double arrived,
                      double deadline, const void* request) {
  GatheredCall call;
  call.outputs = arena_.Make<TensorView>(served->engine().outputs().size());
  call.served = std::move(served);
  call.inputs = inputs;
  call.arrived = arrived;
  call.deadline = deadline;
  call.request = request;
  calls_.push_back(std::move(call));
  return calls_.size();
}

void Gathering::Run() {
  ran_ = true;
  const double now = MonotonicSeconds();
  std::vector<GatheredCall*> waiting;
  for (GatheredCall& call : calls_) {
    call.status = CheckDeadline(call.deadline, now);
    if (call.status) waiting.push_back(&call);
  }
  while (!waiting.empty()) {
    const GatheredCall& first = *waiting.front();
    const size_t most = first.served->batcher() != nullptr ? first.served->batcher()->options().rows
                                                           : first.inputs.rows;
    RunTogether(TakeJoinable(&waiting, most, [](const GatheredCall* call) {
      return JoinShape{call->served.get(), call->inputs.views, call->inputs.rows};
    }));
  }
}

void Gathering::RunTogether(std::span<GatheredCall* const> calls) {
  if (calls.size() == 1) return RunOne(*calls[0]);
  std::vector<JointCall> joint;
  const double began = MonotonicSeconds();
  for (GatheredCall* call : calls) joint.push_back(Joint(*call, arena_));
  scratch_.Reset();
  EngineRun times;
  const model::Engine& engine = calls[0]->served->engine();
  if (!RunJoined(engine, joint, scratch_, &times)) {
    for (GatheredCall* call : calls) RunOne(*call);
    return;
  }
  calls[0]->served->metrics().Ran(times);
  const double ran = MonotonicSeconds();
  for (GatheredCall* call : calls) {
    call->began = began;
    call->ran = ran;
  }
}

void Gathering::RunOne(GatheredCall& call) {
  const JointCall joint = Joint(call, arena_);
  EngineRun times;
  call.began = MonotonicSeconds();
  scratch_.Reset();
  call.status = RunJoined(call.served->engine(), {&joint, 1}, scratch_, &times);
  call.ran = MonotonicSeconds();
  if (call.status) call.served->metrics().Ran(times);
}

void Gathering::Clear() {
  calls_.clear();
  arena_.Reset();
  ran_ = false;
}

}  // namespace quern::serving
