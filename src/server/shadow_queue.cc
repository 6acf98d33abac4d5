#include "server/shadow_queue.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "server/http/tensor_text.h"
#include "server/routing.h"
#include "serving/convert.h"

namespace quern::server {
namespace {

using model::TensorView;
using serving::InferenceCall;

/// All outputs are asked for, whatever the caller wanted of them.
InferenceCall CopyCall(const InferenceCall& call, Arena& arena) {
  InferenceCall copy;
  copy.columns_only = call.columns_only;
  copy.all_text = call.all_text;
  const auto inputs = arena.Make<serving::NamedTensor>(call.inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    inputs[i] = {arena.Copy(call.inputs[i].name),
                 serving::CopyTensor(call.inputs[i].tensor, arena)};
  }
  copy.inputs = inputs;
  const auto parameters = arena.Make<serving::Parameter>(call.parameters.size());
  size_t count = 0;
  for (const serving::Parameter& parameter : call.parameters) {
    if (parameter.name == "probabilities") continue;
    serving::Parameter& made = parameters[count++] = parameter;
    made.name = arena.Copy(parameter.name);
    if (const auto* text = std::get_if<std::string_view>(&parameter.value)) {
      made.value = arena.Copy(*text);
    }
  }
  copy.parameters = parameters.first(count);
  return copy;
}

size_t Elements(const InferenceCall& call) {
  size_t sum = 0;
  for (const serving::NamedTensor& input : call.inputs) sum += input.tensor.elements();
  return sum;
}

const TensorView* Output(const serving::InferenceAnswer& answer, std::optional<size_t> index) {
  if (!index) return nullptr;
  const std::string& name = answer.model->engine().outputs()[*index].name;
  for (const serving::NamedTensor& output : answer.outputs) {
    if (output.name == name) return &output.tensor;
  }
  return nullptr;
}

}  // namespace

ShadowQueue::ShadowQueue(const serving::Catalog& catalog, const Clock& clock,
                         serving::InferenceOptions inference)
    : catalog_(catalog), service_(catalog, clock, nullptr, inference), thread_([this] { Run(); }) {}

void ShadowQueue::Stop() {
  {
    MutexLock lock(mutex_);
    if (stop_) return;
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

/// The score of the last class, which is the positive one of two; or the number itself.
std::vector<ShadowQueue::Row> ShadowQueue::RowsOf(const serving::InferenceAnswer& answer) {
  const TensorView* label = Output(answer, answer.model->label_output());
  const TensorView* score = Output(answer, answer.model->score_output());
  std::vector<Row> rows(answer.rows);
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].score = std::numeric_limits<double>::quiet_NaN();
    if (label != nullptr && label->elements() == rows.size()) {
      if (label->type == model::DataType::kBytes) {
        rows[i].decision = label->values<std::string_view>()[i];
      } else {
        AppendElement(&rows[i].decision, *label, i);
      }
    }
    const size_t width = score == nullptr ? 0 : score->elements() / rows.size();
    if (width > 0) {
      rows[i].score = serving::NumberAt(score->type, score->data, i * width + width - 1);
    }
    if (i < answer.prediction_ids.size()) rows[i].id = answer.prediction_ids[i];
  }
  return rows;
}

void ShadowQueue::Offer(deploy::ReleaseController& controller, std::string_view candidate,
                        const InferenceCall& call, const Result<serving::InferenceAnswer>& answer,
                        double ms) {
  if (!answer && !OurFault(answer.error().code)) return;
  {
    MutexLock lock(mutex_);
    if (stop_ || jobs_.size() >= kCapacity || Elements(call) > kMaxElements) {
      controller.DropShadow();
      return;
    }
  }
  auto job = std::make_unique<Job>();
  job->controller = &controller;
  job->model = call.model;
  job->version = candidate;
  job->call = CopyCall(call, job->arena);
  job->stable_failed = !answer;
  job->stable_ms = ms;
  if (answer) {
    job->model = answer->model->name();
    job->stable = RowsOf(*answer);
  }
  {
    MutexLock lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void ShadowQueue::Run() {
  for (;;) {
    std::unique_ptr<Job> job;
    {
      std::unique_lock lock(mutex_.native());
      wake_.wait(lock, [&] { return stop_ || !jobs_.empty(); });
      if (stop_) {
        for (const auto& waiting : jobs_) waiting->controller->DropShadow();
        return;
      }
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    Compare(*job);
  }
}

void ShadowQueue::Compare(Job& job) const {
  auto served = catalog_.Find(job.model, job.version);
  if (!served) return job.controller->DropShadow();
  const double begin = MonotonicSeconds();
  const auto answer = service_.Infer(std::move(*served), job.call, job.arena);
  const double ms = (MonotonicSeconds() - begin) * 1000;
  const std::vector<Row> candidate = answer ? RowsOf(*answer) : std::vector<Row>();
  const size_t rows = std::max<size_t>(std::max(job.stable.size(), candidate.size()), 1);
  std::vector<deploy::ShadowPair> pairs(rows);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (size_t i = 0; i < rows; ++i) {
    deploy::ShadowPair& pair = pairs[i];
    const Row* stable = i < job.stable.size() ? &job.stable[i] : nullptr;
    const Row* other = i < candidate.size() ? &candidate[i] : nullptr;
    pair.stable_failed = stable == nullptr;
    pair.candidate_failed = other == nullptr;
    pair.stable_score = stable != nullptr ? stable->score : nan;
    pair.candidate_score = other != nullptr ? other->score : nan;
    if (stable != nullptr) {
      pair.id = stable->id;
      pair.stable_decision = stable->decision;
    }
    if (other != nullptr) pair.candidate_decision = other->decision;
    pair.stable_ms = job.stable_ms;
    pair.candidate_ms = ms;
  }
  // What the stable version answered and the candidate refuses is the candidate's failure, whatever
  // it gives as the reason.
  deploy::Outcome outcome =
      OutcomeOf(answer ? std::nullopt : std::optional(answer.error().code), ms);
  outcome.error = outcome.error || !answer;
  job.controller->ObserveShadow(pairs, outcome);
}

}  // namespace quern::server
