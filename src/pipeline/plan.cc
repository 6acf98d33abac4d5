#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/text.h"
#include "pipeline/executor.h"
#include "pipeline/key.h"

namespace quern::pipeline {

const Step* Graph::Find(const std::string& id) const {
  for (const Step& step : steps) {
    if (step.id == id) return &step;
  }
  return nullptr;
}

std::vector<std::string> Graph::Ids() const {
  std::vector<std::string> ids;
  for (const Step& step : steps) ids.push_back(step.id);
  return ids;
}

bool Names(const std::vector<std::string>& names, const Step& step) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return name == step.id || name == step.phase;
  });
}

Result<Graph> Select(const Graph& graph, const std::vector<std::string>& until) {
  if (until.empty()) return graph;
  std::set<std::string> kept;
  std::vector<std::string> known = graph.Ids();
  for (const Step& step : graph.steps) {
    if (std::find(known.begin(), known.end(), step.phase) == known.end())
      known.push_back(step.phase);
  }
  for (const std::string& name : until) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return Fail(Code::kInvalidArgument, "no step or phase '" + name + "'",
                  SuggestName(name, known));
    }
  }
  // Backwards: a step is kept if it is named or a kept one needs it.
  for (auto step = graph.steps.rbegin(); step != graph.steps.rend(); ++step) {
    if (!Names(until, *step) && !kept.contains(step->id)) continue;
    kept.insert(step->id);
    kept.insert(step->needs.begin(), step->needs.end());
  }
  Graph out;
  for (const Step& step : graph.steps) {
    if (!kept.contains(step.id)) continue;
    out.steps.push_back(step);
    std::erase_if(out.steps.back().after,
                  [&](const std::string& id) { return !kept.contains(id); });
  }
  return out;
}

Result<std::vector<KeyPart>> PartsOf(const Step& step, Cache& cache,
                                     const std::map<std::string, StepOutput>& outputs) {
  std::vector<KeyPart> parts = step.parts;
  for (const std::string& file : step.input_files) {
    auto digest = cache.FileDigest(file);
    if (!digest) {
      Error error = digest.error();
      if (error.hint.empty())
        error.hint = "check the path in quern.yaml; it starts at the project's folder";
      return Within(error, "reading what step " + step.id + " needs");
    }
    parts.push_back({"input:" + BaseName(file), std::move(*digest)});
  }
  for (const std::vector<std::string>* list : {&step.needs, &step.after}) {
    for (const std::string& id : *list) {
      const auto found = outputs.find(id);
      parts.push_back({"upstream:" + id, found == outputs.end() ? "none" : found->second.digest});
    }
  }
  return parts;
}

std::string KeyOf(const std::string& step, const std::vector<KeyPart>& parts) {
  Digester digester;
  digester.Add(step);
  for (const KeyPart& part : parts) digester.Add(part.name).Add(part.value);
  return digester.Finish();
}

std::string WhyDifferent(const std::vector<KeyPart>& before, const std::vector<KeyPart>& now) {
  std::vector<std::string> changed;
  const auto value_in = [](const std::vector<KeyPart>& parts, const std::string& name) {
    for (const KeyPart& part : parts) {
      if (part.name == name) return std::optional<std::string>(part.value);
    }
    return std::optional<std::string>();
  };
  for (const KeyPart& part : now) {
    if (value_in(before, part.name) != part.value) changed.push_back(part.name);
  }
  for (const KeyPart& part : before) {
    if (!value_in(now, part.name)) changed.push_back(part.name);
  }
  constexpr size_t kShown = 3;
  const size_t more = changed.size() > kShown ? changed.size() - kShown : 0;
  changed.resize(changed.size() - more);
  return Join(changed, ", ") + (more > 0 ? " and " + std::to_string(more) + " more" : "");
}

Result<std::vector<StepState>> Plan(const Graph& graph, Cache& cache, const RunOptions& options) {
  QUERN_ASSIGN(const Graph selected, Select(graph, options.until));
  std::map<std::string, StepOutput> outputs;
  return PlanInto(selected, cache, options, outputs);
}

Result<std::vector<StepState>> PlanInto(const Graph& selected, Cache& cache,
                                        const RunOptions& options,
                                        std::map<std::string, StepOutput>& outputs) {
  std::set<std::string> dirty;
  std::vector<StepState> states;
  for (const Step& step : selected.steps) {
    StepState state{step.id, step.phase, "planned", "", "", 0};
    QUERN_ASSIGN(const auto newest, cache.Newest(step.id));
    if (newest) state.seconds = newest->seconds;
    const auto upstream = std::find_if(step.needs.begin(), step.needs.end(),
                                       [&](const std::string& id) { return dirty.contains(id); });
    const auto earlier = std::find_if(step.after.begin(), step.after.end(),
                                      [&](const std::string& id) { return dirty.contains(id); });
    if (upstream != step.needs.end() || earlier != step.after.end()) {
      state.reason = "upstream:" + (upstream != step.needs.end() ? *upstream : *earlier);
      dirty.insert(step.id);
      states.push_back(std::move(state));
      continue;
    }
    QUERN_ASSIGN(const auto parts, PartsOf(step, cache, outputs));
    state.key = KeyOf(step.id, parts);
    QUERN_ASSIGN(auto stored, cache.Find(state.key));
    if (stored && !Names(options.force, step)) {
      state.state = "cached";
      state.reason = "up to date";
      outputs[step.id] = std::move(stored->output);
    } else {
      dirty.insert(step.id);
      state.reason = stored                     ? "forced"
                     : !newest                  ? "new"
                     : newest->key == state.key ? "missing output"
                                                : WhyDifferent(newest->parts, parts);
    }
    states.push_back(std::move(state));
  }
  return states;
}

}  // namespace quern::pipeline
