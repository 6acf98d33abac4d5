#include "design/gate.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>

namespace quern::design {
namespace {

Gate Judge(bool key_metric, std::string id, std::string text, const Goal& goal,
           const std::map<std::string, Evidence>& measured) {
  Gate gate{key_metric, std::move(id), std::move(text), goal, {}, GateStatus::kPending};
  const auto found = measured.find(goal.metric);
  if (found == measured.end()) return gate;
  gate.evidence = found->second;
  const double value = gate.evidence.value;
  // A metric that does not exist (NaN) has not met its goal.
  const bool holds = goal.op == Op::kAtLeast ? value >= goal.value : value <= goal.value;
  gate.status = holds ? GateStatus::kPass : GateStatus::kFail;
  return gate;
}

std::string_view StatusText(GateStatus status) {
  switch (status) {
    case GateStatus::kPass:
      return "pass";
    case GateStatus::kFail:
      return "fail";
    case GateStatus::kPending:
      return "pending";
  }
  return "pending";
}

json::value NumberOrNull(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

}  // namespace

std::string Gate::Sentence() const {
  const std::string limit = fmt::format("{} {:.4g}", OpText(goal.op), goal.value);
  if (status == GateStatus::kPending)
    return fmt::format("{} {} is not measured yet", goal.metric, limit);
  const double off = std::abs(evidence.value - goal.value);
  if (status == GateStatus::kPass) {
    return fmt::format("{} is {:.4g}, as required {}", goal.metric, evidence.value, limit);
  }
  return fmt::format("{} is {:.4g}, {:.2g} {} the required {:.4g}", goal.metric, evidence.value,
                     off, goal.op == Op::kAtLeast ? "below" : "above", goal.value);
}

std::vector<Gate> JudgeGates(const Charter& charter,
                             const std::map<std::string, Evidence>& measured) {
  std::vector<Gate> gates;
  for (const Goal& goal : charter.key_metrics) {
    gates.push_back(Judge(true, goal.metric,
                          fmt::format("{} {} {}", goal.metric, OpText(goal.op), goal.value), goal,
                          measured));
  }
  for (const Requirement& requirement : charter.requirements) {
    if (!requirement.require) continue;
    gates.push_back(Judge(false, requirement.id, requirement.text, *requirement.require, measured));
  }
  return gates;
}

bool AllHold(const std::vector<Gate>& gates) { return Failures(gates).empty(); }

std::vector<std::string> Failures(const std::vector<Gate>& gates) {
  std::vector<std::string> out;
  for (const Gate& gate : gates) {
    if (gate.status == GateStatus::kFail) out.push_back(gate.Sentence());
  }
  return out;
}

json::value GatesRecord(const std::vector<Gate>& gates) {
  json::array out;
  for (const Gate& gate : gates) {
    out.push_back(json::object{{"kind", gate.key_metric ? "key_metric" : "requirement"},
                               {"id", gate.id},
                               {"text", gate.text},
                               {"metric", gate.goal.metric},
                               {"op", OpText(gate.goal.op)},
                               {"limit", gate.goal.value},
                               {"observed", NumberOrNull(gate.evidence.value)},
                               {"low", NumberOrNull(gate.evidence.low)},
                               {"high", NumberOrNull(gate.evidence.high)},
                               {"status", StatusText(gate.status)}});
  }
  return out;
}

}  // namespace quern::design
