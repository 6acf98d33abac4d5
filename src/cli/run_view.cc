#include "cli/run_view.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <map>

#include "base/text.h"
#include "base/time.h"

namespace quern::cli {
namespace {

using pipeline::StepOutput;
using pipeline::StepState;

/// One JSON object a line: {"event", …}.
class JsonView : public pipeline::RunListener {
 public:
  explicit JsonView(const Context& context) : context_(context) {}
  void OnPlan(const std::vector<StepState>& plan) override {
    json::array steps;
    for (const StepState& state : plan) steps.push_back(StepJson(state));
    Emit({{"event", "plan"}, {"steps", std::move(steps)}});
  }
  void OnStep(const StepState& state, const StepOutput* output) override {
    json::object event{{"event", "step"}};
    for (const auto& [key, value] : StepJson(state)) event[key] = value;
    if (output != nullptr) event["record"] = output->record;
    Emit(std::move(event));
  }
  void OnProgress(const std::string& step, size_t done, size_t total,
                  std::string_view unit) override {
    Emit({{"event", "progress"}, {"id", step}, {"done", done}, {"total", total}, {"unit", unit}});
  }
  void OnNote(const std::string& step, std::string_view text) override {
    Emit({{"event", "note"}, {"id", step}, {"text", text}});
  }

 private:
  static json::object StepJson(const StepState& state) {
    return {{"id", state.id},         {"phase", state.phase}, {"state", state.state},
            {"reason", state.reason}, {"key", state.key},     {"seconds", state.seconds}};
  }
  void Emit(json::object event) {
    context_.PrintJson(event);
    std::fflush(stdout);
  }
  const Context& context_;
};

class TextView : public pipeline::RunListener {
 public:
  explicit TextView(const Context& context) : context_(context) {}
  ~TextView() override { Clear(); }

  void OnPlan(const std::vector<StepState>& plan) override {
    total_ = plan.size();
    size_t todo = 0;
    double seconds = 0;
    for (const StepState& state : plan) {
      if (state.state == "cached") continue;
      ++todo;
      seconds += state.seconds;
    }
    if (todo == 0) return;
    std::string line = fmt::format("{} of {} steps to do", todo, plan.size());
    if (seconds > 0) line += ", at most " + FormatDuration(seconds) + " going by last time";
    context_.PrintLine(line);
  }

  void OnStep(const StepState& state, const StepOutput* output) override {
    Clear();
    if (state.state == "running") {
      running_[state.id] = MonotonicSeconds();
      Draw();
      return;
    }
    running_.erase(state.id);
    ++finished_;
    const bool gate = output != nullptr && output->outcome != pipeline::Outcome::kOk;
    const auto [mark, colour] = state.state == "done" && !gate ? std::pair{"done", "green"}
                                : state.state == "cached"      ? std::pair{"same", "dim"}
                                : state.state == "skipped"     ? std::pair{"skip", "yellow"}
                                                               : std::pair{"fail", "red"};
    std::string line = context_.Paint(colour, mark) + fmt::format("  {:<24}", state.id);
    if (state.state == "done") line += fmt::format("{:>8}", FormatDuration(state.seconds));
    if (state.state == "cached") line += fmt::format("{:>8}", "");
    const std::string text = output != nullptr ? output->message : state.reason;
    if (!text.empty()) line += "  " + text;
    // A cached step that is fine says nothing new.
    if (state.state != "cached" || gate) context_.PrintLine(line);
    Draw();
  }

  void OnProgress(const std::string& step, size_t done, size_t total,
                  std::string_view unit) override {
    progress_[step] = {done, total, std::string(unit)};
    Clear();
    Draw();
  }

  void OnNote(const std::string& step, std::string_view text) override {
    Clear();
    context_.PrintLine(context_.Paint("yellow", "note") + fmt::format("  {:<24}", step) +
                       "          " + std::string(text));
    Draw();
  }

 private:
  struct Bar {
    size_t done = 0;
    size_t total = 0;
    std::string unit;
  };

  void Clear() const {
    if (context_.terminal) context_.Print("\r\x1b[K");
  }
  /// The live line: "[####......] 7/22 train 12/40 trials 3.1 s, about 5.0 s more".
  void Draw() const {
    if (!context_.terminal) {
      std::fflush(stdout);
      return;
    }
    if (running_.empty()) return;
    constexpr size_t kWidth = 20;
    const size_t full = total_ == 0 ? 0 : finished_ * kWidth / total_;
    std::string line = "[" + std::string(full, '#') + std::string(kWidth - full, '.') + "] " +
                       fmt::format("{}/{}", finished_, total_);
    for (const auto& [step, start] : running_) {
      const double elapsed = MonotonicSeconds() - start;
      line += "  " + step;
      const auto bar = progress_.find(step);
      if (bar != progress_.end()) {
        line += fmt::format(" {}/{} {}", bar->second.done, bar->second.total, bar->second.unit);
      }
      line += " " + FormatDuration(elapsed);
      if (bar != progress_.end() && bar->second.done > 0 && bar->second.done < bar->second.total) {
        const double rest = elapsed * static_cast<double>(bar->second.total - bar->second.done) /
                            static_cast<double>(bar->second.done);
        line += ", about " + FormatDuration(rest) + " more";
      }
    }
    context_.Print(line.substr(0, 110));
    std::fflush(stdout);
  }

  const Context& context_;
  size_t total_ = 0;
  size_t finished_ = 0;
  std::map<std::string, double> running_;
  std::map<std::string, Bar> progress_;
};

}  // namespace

std::unique_ptr<pipeline::RunListener> MakeRunView(const Context& context) {
  if (context.json) return std::make_unique<JsonView>(context);
  return std::make_unique<TextView>(context);
}

}  // namespace quern::cli
