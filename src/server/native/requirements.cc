#include "server/native/requirements.h"

#include <optional>
#include <string>

#include "base/json_read.h"

namespace quern::server::native {

using tracking::PipelineStep;

namespace {

struct Evidence {
  json::object gate;
  std::string step;
  int64_t at_ms = 0;
};

/// Looks through one list of gates; a judgement replaces an earlier one, "pending" replaces
/// nothing.
void Look(const json::value& record, std::string_view pointer, const PipelineStep& step,
          std::string_view kind, std::string_view id, std::optional<Evidence>& newest) {
  for (const json::value& gate : ListAt(record, pointer)) {
    if (TextAt(gate, "/kind") != kind || TextAt(gate, "/id") != id) continue;
    if (TextAt(gate, "/status") == "pending" && newest) continue;
    newest = Evidence{gate.as_object(), step.id, step.finished_ms};
  }
}

/// Steps come in the order of the life cycle, so a later one has the newer evidence.
std::optional<Evidence> Newest(const std::vector<PipelineStep>& steps, std::string_view kind,
                               std::string_view id) {
  std::optional<Evidence> newest;
  for (const PipelineStep& step : steps) {
    Look(step.record, "/gates", step, kind, id, newest);
    Look(step.record, "/deployment/gates", step, kind, id, newest);
  }
  return newest;
}

/// What of a key metric the newest later batch with labels showed.
json::value Watched(const std::vector<PipelineStep>& steps, const std::string& metric) {
  json::value newest = nullptr;
  for (const PipelineStep& step : steps) {
    const json::value& seen = At(step.record, "/performance/metrics/" + metric);
    if (step.phase != "monitor" || !NumberAt(seen, "/value")) continue;
    newest =
        json::object{{"batch", At(step.record, "/batch")}, {"version", At(step.record, "/version")},
                     {"value", At(seen, "/value")},        {"low", At(seen, "/low")},
                     {"high", At(seen, "/high")},          {"at_ms", step.finished_ms}};
  }
  return newest;
}

json::object Line(const std::vector<PipelineStep>& steps, std::string_view kind,
                  const std::string& id, const std::string& text, const json::value& goal) {
  json::object line{{"kind", kind},          {"id", id},
                    {"text", text},          {"metric", At(goal, "/metric")},
                    {"op", At(goal, "/op")}, {"limit", At(goal, "/value")},
                    {"observed", nullptr},   {"low", nullptr},
                    {"high", nullptr},       {"status", "pending"}};
  line["measurable"] = !goal.is_null();
  line["step"] = nullptr;
  line["at_ms"] = nullptr;
  line["watched"] = kind == "key_metric" ? Watched(steps, id) : json::value(nullptr);
  if (auto found = Newest(steps, kind, id)) {
    for (const char* field : {"observed", "low", "high", "status"}) {
      if (const json::value* value = found->gate.if_contains(field)) line[field] = *value;
    }
    line["step"] = found->step;
    line["at_ms"] = found->at_ms;
  }
  return line;
}

}  // namespace

json::value RequirementsJson(const std::vector<PipelineStep>& steps) {
  json::value design = nullptr;
  for (const PipelineStep& step : steps) {
    if (step.phase == "design") design = step.record;
  }
  json::array lines;
  for (const json::value& goal : ListAt(design, "/key_metrics")) {
    const std::string metric = TextAt(goal, "/metric");
    lines.push_back(Line(steps, "key_metric", metric, metric, goal));
  }
  for (const json::value& requirement : ListAt(design, "/requirements")) {
    lines.push_back(Line(steps, "requirement", TextAt(requirement, "/id"),
                         TextAt(requirement, "/text"), At(requirement, "/require")));
  }
  return json::object{{"declared", !design.is_null()},
                      {"added_value", At(design, "/added_value")},
                      {"answers", ListAt(design, "/answers")},
                      {"roles", ListAt(design, "/roles")},
                      {"hypothesis", At(design, "/hypothesis")},
                      {"open", ListAt(design, "/open")},
                      {"lines", std::move(lines)}};
}

}  // namespace quern::server::native
