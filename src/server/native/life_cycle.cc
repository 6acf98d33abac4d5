#include "server/native/life_cycle.h"

#include <algorithm>
#include <array>

#include "base/json_read.h"
#include "base/text.h"

namespace quern::server::native {

using tracking::PipelineStep;

namespace {

/// A part of the picture: the steps that belong to it, and whose work it is.
struct Box {
  std::string_view phase;
  std::string_view title;
  std::array<std::string_view, 3> steps;
  std::string_view role;
};
constexpr std::array<Box, 7> kBoxes = {{
    {"design", "Requirements", {"design"}, "data scientist"},
    {"data", "Data", {"ingest", "validate", "explore"}, "data engineer"},
    {"training", "Training", {"train", "evaluate"}, "data scientist"},
    {"models", "Models", {"register"}, "data scientist"},
    {"serving", "Serving", {"deploy"}, "ML engineer"},
    {"monitoring", "Monitoring", {"monitor"}, "ML engineer"},
    {"retraining", "Retraining", {"retrain"}, "data scientist"},
}};

bool In(const Box& box, std::string_view phase) {
  return !phase.empty() && std::find(box.steps.begin(), box.steps.end(), phase) != box.steps.end();
}

const Box* BoxOf(std::string_view phase) {
  for (const Box& box : kBoxes) {
    if (In(box, phase)) return &box;
  }
  return nullptr;
}

size_t FailedChecks(const json::value& record) {
  const json::array& checks = ListAt(record, "/checks");
  return static_cast<size_t>(std::count_if(
      checks.begin(), checks.end(), [](const json::value& c) { return !TrueAt(c, "/success"); }));
}

size_t FailedGates(const json::value& record) {
  const json::array& gates = ListAt(record, "/gates");
  return static_cast<size_t>(std::count_if(gates.begin(), gates.end(), [](const json::value& gate) {
    return TextAt(gate, "/status") == "fail";
  }));
}

/// Nothing is wrong with the step, and somebody should look at what it found.
bool WantsAttention(const PipelineStep& step) {
  if (step.phase == "design") return !ListAt(step.record, "/open").empty();
  if (step.phase == "validate") return FailedChecks(step.record) > 0;
  if (step.phase == "monitor") {
    return TrueAt(step.record, "/drift/dataset/drifted") ||
           TextAt(step.record, "/concept_drift/state") == "yes";
  }
  if (step.phase == "retrain") {
    return TextAt(step.record, "/trigger/state") == "fired" &&
           TextAt(step.record, "/decision/action") == "keep";
  }
  return FailedGates(step.record) > 0;
}

const PlannedStep* Planned(const std::optional<std::vector<PlannedStep>>& plan,
                           const std::string& id) {
  if (!plan) return nullptr;
  const auto found = std::find_if(plan->begin(), plan->end(),
                                  [&](const PlannedStep& step) { return step.id == id; });
  return found == plan->end() || found->state != "planned" ? nullptr : &*found;
}

std::string Plural(size_t count, const std::string& word) {
  return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

/// "4 sources, 920 rows" and what their checks say.
json::array DataFacts(const std::vector<const PipelineStep*>& steps) {
  size_t sources = 0, checks = 0, failed = 0;
  double rows = 0;
  for (const PipelineStep* step : steps) {
    if (step->phase == "ingest") {
      ++sources;
      rows += NumberAt(step->record, "/rows").value_or(0);
    } else if (step->phase == "validate") {
      checks += ListAt(step->record, "/checks").size();
      failed += FailedChecks(step->record);
    }
  }
  json::array facts;
  if (sources == 0) return facts;
  facts.emplace_back(Plural(sources, "source") + ", " + std::to_string(static_cast<int64_t>(rows)) +
                     " rows");
  if (checks > 0) {
    facts.emplace_back(failed == 0
                           ? "all " + Plural(checks, "check") + " hold"
                           : std::to_string(failed) + " of " + Plural(checks, "check") + " failed");
  }
  return facts;
}

json::array Facts(const Box& box, const std::vector<const PipelineStep*>& steps,
                  const Standing& standing) {
  if (box.phase == "data") return DataFacts(steps);
  json::array facts;
  const auto& now = box.phase == "models" ? standing.champions : standing.live;
  if ((box.phase == "models" || box.phase == "serving") && !now.empty()) {
    for (const std::string& fact : now) facts.emplace_back(fact);
    return facts;
  }
  // Of batches the last one counts.
  const bool last = box.phase == "monitoring" || box.phase == "retraining";
  for (const PipelineStep* step : steps) {
    if (last && step != steps.back()) continue;
    if (!step->message.empty()) facts.emplace_back(step->message);
  }
  return facts;
}

json::object BoxJson(const Box& box, const Standing& standing) {
  std::vector<const PipelineStep*> steps;
  for (const PipelineStep& step : standing.steps) {
    if (In(box, step.phase)) steps.push_back(&step);
  }
  PhaseState state = PhaseState::kAbsent;
  double seconds = 0;
  int64_t changed = 0;
  for (const PipelineStep* step : steps) {
    state = std::min(state, StateOf(*step, standing.plan));
    seconds += step->seconds;
    changed = std::max(changed, step->finished_ms);
  }
  // A step that the project file has and no run had: a new source, say.
  if (!steps.empty() && standing.plan) {
    for (const PlannedStep& planned : *standing.plan) {
      if (In(box, planned.phase) && planned.state == "planned") {
        state = std::min(state, PhaseState::kStale);
      }
    }
  }
  return json::object{{"phase", box.phase},
                      {"title", box.title},
                      {"state", PhaseStateName(state)},
                      {"role", box.role},
                      {"steps", steps.size()},
                      {"seconds", seconds},
                      {"changed_ms", changed == 0 ? json::value(nullptr) : json::value(changed)},
                      {"facts", Facts(box, steps, standing)}};
}

class Tasks {
 public:
  /// Borrows the charter's roles of `standing`.
  explicit Tasks(const Standing& standing) {
    for (const PipelineStep& step : standing.steps) {
      if (step.phase == "design") roles_ = &ListAt(step.record, "/roles");
    }
  }

  void Add(const PipelineStep& step, std::string_view urgency, const std::string& text,
           const std::string& command = {}) {
    const Box* box = BoxOf(step.phase);
    if (box == nullptr) return;
    items_.push_back(
        json::object{{"role", box->role},
                     {"who", Who(box->role)},
                     {"phase", box->phase},
                     {"step", step.id},
                     {"urgency", urgency},
                     {"text", text},
                     {"command", command.empty() ? json::value(nullptr) : json::value(command)}});
  }

  json::array Take() {
    const auto rank = [](const json::value& item) {
      const std::string urgency = TextAt(item, "/urgency");
      return urgency == "now" ? 0 : urgency == "soon" ? 1 : 2;
    };
    std::vector<json::value> sorted(items_.begin(), items_.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [&](const json::value& a, const json::value& b) { return rank(a) < rank(b); });
    return json::array(sorted.begin(), sorted.end());
  }

 private:
  json::value Who(std::string_view role) const {
    if (roles_ == nullptr) return nullptr;
    for (const json::value& named : *roles_) {
      if (ToLower(TextAt(named, "/role")) == ToLower(role)) return At(named, "/who");
    }
    return nullptr;
  }
  const json::array* roles_ = nullptr;
  json::array items_;
};

/// The plan's reason as a sentence's end: "input:a.csv changed", "missing output".
std::string Why(const std::string& reason) {
  return reason.find(':') == std::string::npos ? reason : reason + " changed";
}

void AddFindings(const PipelineStep& step, Tasks& tasks) {
  if (step.phase == "design") {
    const size_t open = ListAt(step.record, "/open").size();
    tasks.Add(step, "later",
              Plural(open, "question") + " of the charter " + (open == 1 ? "is" : "are") + " open");
  } else if (step.phase == "validate") {
    tasks.Add(step, "soon", TextAt(step.record, "/source") + ": " + step.message);
  } else if (step.phase == "monitor") {
    const std::string why = TextAt(step.record, "/concept_drift/state") == "yes"
                                ? "the relation to the target has changed: " +
                                      TextAt(step.record, "/concept_drift/reason")
                                : step.message;
    tasks.Add(step, "soon", TextAt(step.record, "/batch") + ": " + why);
  } else if (step.phase == "retrain") {
    tasks.Add(step, "soon",
              TextAt(step.record, "/batch") + ": retraining was called for, and " + step.message);
  } else {
    tasks.Add(step, "now", step.message);
  }
}

}  // namespace

std::string_view PhaseStateName(PhaseState state) {
  switch (state) {
    case PhaseState::kRunning:
      return "running";
    case PhaseState::kFailed:
      return "failed";
    case PhaseState::kBlocked:
      return "blocked";
    case PhaseState::kStale:
      return "stale";
    case PhaseState::kAttention:
      return "attention";
    case PhaseState::kFresh:
      return "fresh";
    case PhaseState::kAbsent:
      return "absent";
  }
  return "absent";
}

PhaseState StateOf(const PipelineStep& step, const std::optional<std::vector<PlannedStep>>& plan) {
  if (step.state == "running") return PhaseState::kRunning;
  if (step.state == "failed" || step.outcome == "gate_failed" || step.outcome == "check_failed") {
    return PhaseState::kFailed;
  }
  if (step.state == "skipped" || step.state == "planned") return PhaseState::kBlocked;
  if (Planned(plan, step.id) != nullptr) return PhaseState::kStale;
  return WantsAttention(step) ? PhaseState::kAttention : PhaseState::kFresh;
}

json::array PhasesJson(const Standing& standing) {
  json::array out;
  for (const Box& box : kBoxes) out.push_back(BoxJson(box, standing));
  return out;
}

json::array TasksJson(const Standing& standing) {
  Tasks tasks(standing);
  bool stale = false;
  // What an earlier batch showed has had its decision since.
  const auto superseded = [&](const PipelineStep& step) {
    return (step.phase == "monitor" || step.phase == "retrain") &&
           std::any_of(&step + 1, standing.steps.data() + standing.steps.size(),
                       [&](const PipelineStep& later) { return later.phase == step.phase; });
  };
  for (const PipelineStep& step : standing.steps) {
    switch (StateOf(step, standing.plan)) {
      case PhaseState::kFailed:
        tasks.Add(step, "now",
                  step.id + " failed: " + (step.message.empty() ? step.reason : step.message),
                  "quern run");
        break;
      case PhaseState::kStale: {
        // What follows from it is stale too, and one run makes all of it fresh.
        const PlannedStep* planned = Planned(standing.plan, step.id);
        if (!stale && planned != nullptr && step.phase != "report") {
          tasks.Add(step, "soon", step.id + " is out of date: " + Why(planned->reason),
                    "quern run");
          stale = true;
        }
        break;
      }
      case PhaseState::kAttention:
        if (!superseded(step)) AddFindings(step, tasks);
        break;
      case PhaseState::kRunning:
      case PhaseState::kBlocked:
      case PhaseState::kFresh:
      case PhaseState::kAbsent:
        break;
    }
  }
  return tasks.Take();
}

}  // namespace quern::server::native
