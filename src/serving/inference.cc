#include "serving/inference.h"

#include <algorithm>

#include "base/parallel.h"
#include "serving/call_note.h"
#include "serving/decision.h"
#include "serving/engine_run.h"
#include "serving/gathering.h"
#include "serving/input_binding.h"

namespace quern::serving {
namespace {

/// Positions of the outputs wanted.
Result<std::span<const size_t>> ChooseOutputs(const ServedModel& served, const InferenceCall& call,
                                              const Decision& decision, Arena& arena) {
  const std::vector<TensorSpec>& all = served.engine().outputs();
  if (!call.outputs.empty()) {
    std::span<size_t> chosen = arena.Make<size_t>(call.outputs.size());
    for (size_t i = 0; i < chosen.size(); ++i) {
      auto index = served.FindOutput(call.outputs[i]);
      if (!index) return UnknownOutput(served, call.outputs[i]);
      chosen[i] = *index;
    }
    return chosen;
  }
  std::span<size_t> chosen = arena.Make<size_t>(all.size());
  size_t count = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    if (decision.leave_out_scores && i == served.score_output()) continue;
    chosen[count++] = i;
  }
  return chosen.first(count);
}

}  // namespace

InferenceService::InferenceService(const Catalog& catalog, const Clock& clock, PredictionSink* sink,
                                   InferenceOptions options)
    : catalog_(catalog), clock_(clock), sink_(sink), options_(options) {
  if (options_.threads == 0) options_.threads = AvailableCores();
}

Result<ServedModelPtr> InferenceService::Find(std::string_view model,
                                              std::string_view version) const {
  return model.empty() ? catalog_.Default() : catalog_.Find(model, version);
}

Result<InferenceAnswer> InferenceService::Infer(const InferenceCall& call, Arena& arena) const {
  QUERN_ASSIGN(ServedModelPtr served, Find(call.model, call.version));
  return Infer(std::move(served), call, arena);
}

Result<InferenceAnswer> InferenceService::Infer(ServedModelPtr served, const InferenceCall& call,
                                                Arena& arena) const {
  // Another version may have been chosen since; then nothing is known of this call.
  const GatheredCall* const gathered =
      call.gathered != nullptr && call.gathered->served == served ? call.gathered : nullptr;
  const double begin = gathered != nullptr ? gathered->arrived : MonotonicSeconds();
  CallNote& note = LastCall();
  note.Start(served->name(), served->version(), call.id.value_or(""), begin);
  QUERN_ASSIGN(const Decision decision, ReadDecision(*served, call));
  QUERN_ASSIGN(const std::span<const size_t> chosen, ChooseOutputs(*served, call, decision, arena));
  BoundInputs inputs;
  if (gathered == nullptr) {
    QUERN_ASSIGN(inputs, BindInputs(*served, call, arena));
  } else {
    inputs = gathered->inputs;
  }
  const double bound = gathered == nullptr ? MonotonicSeconds() : gathered->began;
  std::span<TensorView> outputs = arena.Make<TensorView>(served->engine().outputs().size());
  EngineTimes times;
  if (gathered == nullptr) {
    QUERN_TRY(RunEngine(*served, inputs,
                        {options_.threads, options_.large_elements, call.deadline, call.may_wait},
                        arena, outputs, &times));
  } else {
    QUERN_TRY(gathered->status);
    std::copy(gathered->outputs.begin(), gathered->outputs.end(), outputs.begin());
  }
  const double ran = gathered == nullptr ? MonotonicSeconds() : gathered->ran;
  QUERN_TRY(CheckOutputs(*served, inputs.rows, outputs, &note.fault));
  QUERN_TRY(Decide(*served, decision, arena, outputs));

  InferenceAnswer answer;
  answer.rows = inputs.rows;
  std::span<NamedTensor> named = arena.Make<NamedTensor>(chosen.size());
  for (size_t i = 0; i < chosen.size(); ++i) {
    named[i] = {served->engine().outputs()[chosen[i]].name, outputs[chosen[i]]};
  }
  answer.outputs = named;
  const int64_t now_ms = clock_.NowMs();
  if (sink_ != nullptr) {
    const ScoredCall scored{*served,     call,   inputs.views,        outputs,
                            inputs.rows, now_ms, (ran - begin) * 1000};
    QUERN_ASSIGN(answer.prediction_ids, sink_->Log(scored, arena));
  }
  ScoredBatch batch;
  batch.rows = inputs.rows;
  batch.inputs = inputs.views;
  batch.matrix = served->form() == InputForm::kMatrix;
  if (served->score_output()) batch.scores = &outputs[*served->score_output()];
  if (served->label_output()) batch.labels = &outputs[*served->label_output()];
  const double end = MonotonicSeconds();
  note.rows = inputs.rows;
  note.bound = bound;
  note.ran = ran;
  note.logged = end;
  const uint64_t before = call.arrived > 0 ? NanosecondsBetween(call.arrived, begin) : 0;
  const uint64_t run = NanosecondsBetween(bound, ran);
  if (gathered == nullptr) {
    const uint64_t waited = std::min(times.waited, run);
    batch.times = {before + waited, NanosecondsBetween(begin, bound), run - waited,
                   NanosecondsBetween(ran, end)};
    if (!times.joined) {
      batch.run = {inputs.rows, batch.times.input, batch.times.infer, batch.times.output};
    }
  } else {
    batch.times = {before + NanosecondsBetween(begin, bound), 0, run, NanosecondsBetween(ran, end)};
  }
  batch.now_ms = now_ms;
  served->metrics().Scored(batch);
  answer.model = std::move(served);
  return answer;
}

}  // namespace quern::serving
