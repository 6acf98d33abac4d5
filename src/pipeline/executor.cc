#include "pipeline/executor.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "pipeline/key.h"

namespace quern::pipeline {
namespace {

void Judge(const std::string& step, const StepOutput& output, RunSummary& summary);

class Executor {
 public:
  Executor(const Graph& graph, Cache& cache, const RunOptions& options, RunListener& listener,
           std::string run_id)
      : graph_(graph), cache_(cache), options_(options), listener_(listener) {
    summary_.run_id = std::move(run_id);
    for (const Step& step : graph_.steps) {
      summary_.steps.push_back({step.id, step.phase, "planned", "", "", 0});
    }
    started_.resize(graph_.steps.size(), false);
  }

  RunSummary Go() {
    {
      std::vector<std::jthread> workers;
      for (size_t i = 0; i < std::max<size_t>(1, options_.threads); ++i) {
        workers.emplace_back([this] { Work(); });
      }
    }
    return std::move(summary_);
  }

 private:
  /// A step's view of the run: outputs of finished steps do not move, std::map keeps addresses.
  class Context : public StepContext, public Progress {
   public:
    Context(Executor& executor, const Step& step, std::string key)
        : executor_(executor), step_(step), key_(std::move(key)) {}
    const StepOutput& Output(const std::string& id) const override {
      const std::lock_guard lock(executor_.mutex_);
      return executor_.summary_.outputs.at(id);
    }
    bool Has(const std::string& id) const override {
      const std::lock_guard lock(executor_.mutex_);
      return executor_.summary_.outputs.contains(id);
    }
    Progress& progress() override { return *this; }
    const CancelToken& cancel() const override { return *executor_.options_.cancel; }
    const std::string& pipeline_run_id() const override { return executor_.summary_.run_id; }
    const std::string& key() const override { return key_; }
    void Update(size_t done, size_t total, std::string_view unit) override {
      const std::lock_guard lock(executor_.mutex_);
      executor_.listener_.OnProgress(step_.id, done, total, unit);
    }
    void Note(std::string_view text) override {
      const std::lock_guard lock(executor_.mutex_);
      executor_.listener_.OnNote(step_.id, text);
    }

   private:
    Executor& executor_;
    const Step& step_;
    const std::string key_;
  };

  void Work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      const size_t next = NextReady();
      if (next < graph_.steps.size()) {
        started_[next] = true;
        RunStep(next, lock);
        changed_.notify_all();
        continue;
      }
      if (std::all_of(started_.begin(), started_.end(), [](bool started) { return started; }))
        return;
      changed_.wait(lock);
    }
  }

  bool Finished(const std::string& id) const {
    for (size_t i = 0; i < graph_.steps.size(); ++i) {
      if (graph_.steps[i].id != id) continue;
      const std::string& state = summary_.steps[i].state;
      return state == "done" || state == "cached" || state == "skipped" || state == "failed";
    }
    return true;
  }

  size_t NextReady() const {
    for (size_t i = 0; i < graph_.steps.size(); ++i) {
      if (started_[i]) continue;
      const auto finished = [this](const std::string& id) { return Finished(id); };
      const Step& step = graph_.steps[i];
      if (std::all_of(step.needs.begin(), step.needs.end(), finished) &&
          std::all_of(step.after.begin(), step.after.end(), finished)) {
        return i;
      }
    }
    return graph_.steps.size();
  }

  /// "" if it may run, else why it must be skipped.
  std::string Blocked(const Step& step) const {
    if (options_.cancel->cancelled()) return "interrupted";
    if (step.always) return "";
    for (const std::string& id : step.needs) {
      const auto found = summary_.outputs.find(id);
      if (found == summary_.outputs.end()) return id + " did not finish";
      if (found->second.outcome == Outcome::kCheckFailed)
        return "a data check of " + id + " failed";
      if (found->second.outcome == Outcome::kGateFailed) return "a gate of " + id + " failed";
    }
    return "";
  }

  void Show(size_t index, const StepOutput* output) {
    const StepState& state = summary_.steps[index];
    // What happened must survive; that it could not be noted is the run's error, not the step's.
    if (auto noted = cache_.NoteStep(summary_.run_id, index, state); !noted) Fault(noted.error());
    listener_.OnStep(state, output);
  }

  void Fault(Error error) {
    if (!summary_.error) summary_.error = std::move(error);
  }

  void RunStep(size_t index, std::unique_lock<std::mutex>& lock) {
    const Step& step = graph_.steps[index];
    StepState& state = summary_.steps[index];
    state.reason = Blocked(step);
    if (!state.reason.empty()) {
      state.state = "skipped";
      Show(index, nullptr);
      return;
    }
    auto parts = PartsOf(step, cache_, summary_.outputs);
    if (!parts) return FailStep(index, parts.error());
    state.key = KeyOf(step.id, *parts);
    auto stored = cache_.Find(state.key);
    if (!stored) return FailStep(index, stored.error());
    if (*stored && !Names(options_.force, step)) {
      state.state = "cached";
      state.reason = "up to date";
      state.seconds = 0;
      Finish(index, std::move((*stored)->output));
      return;
    }
    auto newest = cache_.Newest(step.id);
    state.reason = *stored                       ? "forced"
                   : !newest || !*newest         ? "new"
                   : (*newest)->key == state.key ? "missing output"
                                                 : WhyDifferent((*newest)->parts, *parts);
    state.state = "running";
    Show(index, nullptr);
    const double start = MonotonicSeconds();
    Context context(*this, step, state.key);
    lock.unlock();
    auto output = step.run(context);
    lock.lock();
    state.seconds = MonotonicSeconds() - start;
    if (!output) return FailStep(index, output.error());
    // No step has such a key: what waits is there to be read, and is never found again.
    const std::string key = output->waits ? "waits:" + state.key : state.key;
    const Status kept =
        cache_.Store(step.id, {key, *output, *parts, state.seconds}, summary_.run_id);
    if (!kept) return FailStep(index, kept.error());
    state.state = "done";
    Finish(index, std::move(*output));
  }

  void Finish(size_t index, StepOutput output) {
    const Step& step = graph_.steps[index];
    (summary_.steps[index].state == "done" ? summary_.ran : summary_.reused) += 1;
    Judge(step.id, output, summary_);
    if (output.outcome == Outcome::kCheckFailed) {
      summary_.steps[index].state = "failed";
      summary_.steps[index].reason = output.message;
    }
    const auto [kept, inserted] = summary_.outputs.insert_or_assign(step.id, std::move(output));
    Show(index, &kept->second);
  }

  void FailStep(size_t index, Error error) {
    StepState& state = summary_.steps[index];
    state.state = error.code == Code::kCancelled ? "skipped" : "failed";
    state.reason = error.message;
    Error outer = error;
    outer.context.push_back("running step " + graph_.steps[index].id);
    Fault(std::move(outer));
    Show(index, nullptr);
  }

  const Graph& graph_;
  Cache& cache_;
  const RunOptions& options_;
  RunListener& listener_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> started_;
  RunSummary summary_;
};

std::string SummaryText(const RunSummary& summary) {
  if (summary.error) return summary.error->message;
  if (!summary.failures.empty()) return summary.failures.front();
  return std::to_string(summary.ran) + " steps ran, " + std::to_string(summary.reused) +
         " up to date";
}

void Judge(const std::string& step, const StepOutput& output, RunSummary& summary) {
  if (output.outcome == Outcome::kOk && !output.waits) return;
  // A failed check outranks a failed gate: nothing after it can be trusted.
  if (summary.outcome != Outcome::kCheckFailed) {
    summary.outcome = output.outcome == Outcome::kOk ? Outcome::kGateFailed : output.outcome;
  }
  summary.failures.push_back(step + ": " + output.message);
}

/// Nothing to do: no run is begun and nothing is written.
RunSummary UpToDate(std::vector<StepState> plan, std::map<std::string, StepOutput> stored) {
  RunSummary summary;
  summary.reused = plan.size();
  for (const StepState& state : plan) Judge(state.id, stored.at(state.id), summary);
  summary.steps = std::move(plan);
  summary.outputs = std::move(stored);
  return summary;
}

}  // namespace

Result<RunSummary> Run(const Graph& graph, const std::string& project, Cache& cache,
                       const RunOptions& options, RunListener& listener) {
  QUERN_ASSIGN(const Graph selected, Select(graph, options.until));
  CancelToken never;
  RunOptions mine = options;
  if (mine.cancel == nullptr) mine.cancel = &never;
  std::map<std::string, StepOutput> stored;
  QUERN_ASSIGN(std::vector<StepState> plan, PlanInto(selected, cache, mine, stored));
  listener.OnPlan(plan);
  if (stored.size() == plan.size()) return UpToDate(std::move(plan), std::move(stored));
  if (mine.before_work) QUERN_TRY(mine.before_work(plan));
  QUERN_ASSIGN(const std::string run_id, cache.BeginRun(project));
  RunSummary summary = Executor(selected, cache, mine, listener, run_id).Go();
  const bool killed = mine.cancel->cancelled();
  if (killed && !summary.error) summary.error = Error{Code::kCancelled, "interrupted", {}, {}, {}};
  QUERN_TRY(cache.EndRun(run_id,
                         killed                                                      ? "KILLED"
                         : summary.error || summary.outcome == Outcome::kCheckFailed ? "FAILED"
                                                                                     : "FINISHED",
                         SummaryText(summary)));
  return summary;
}

}  // namespace quern::pipeline
