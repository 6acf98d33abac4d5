#include "report/document.h"

#include <string_view>
#include <utility>

namespace quern::report {
namespace {

/// Phases of which a run has one step.
constexpr std::string_view kSingle[] = {"design", "train", "evaluate", "register", "deploy"};
/// Phases with a step for each source or batch.
constexpr std::string_view kMany[] = {"ingest", "validate", "explore", "monitor", "retrain"};

/// The report's form of a retraining record: the version that held the title before, with its
/// value.
json::value Retraining(json::value record) {
  if (!record.is_object()) return record;
  json::object& fields = record.as_object();
  if (const json::value* before = fields.if_contains("before")) {
    json::value kept = *before;
    fields["champion"] = std::move(kept);
  }
  return record;
}

void AddRecord(DocumentStep& step, json::object& document) {
  if (step.record.is_null()) return;
  json::value* place = document.if_contains(step.phase);
  if (place == nullptr) return;
  if (!place->is_array()) {
    *place = std::move(step.record);
    return;
  }
  if (step.phase != "retrain") {
    place->as_array().push_back(std::move(step.record));
    return;
  }
  if (step.record.is_object()) {
    const json::value* deployment = step.record.as_object().if_contains("deployment");
    if (deployment != nullptr && !deployment->is_null()) {
      document["deployments"].as_array().push_back(*deployment);
    }
  }
  place->as_array().push_back(Retraining(std::move(step.record)));
}

}  // namespace

json::object MakeDocument(const DocumentHead& head, std::vector<DocumentStep> steps,
                          json::value lineage) {
  json::object document{{"project", head.project},
                        {"program_version", head.program_version},
                        {"generated_at", head.generated_at},
                        {"run_id", head.run_id}};
  for (const std::string_view phase : kSingle) document[phase] = nullptr;
  for (const std::string_view phase : kMany) document[phase] = json::array();
  document["deployments"] = json::array();
  json::array states;
  bool failed = false;
  for (DocumentStep& step : steps) {
    if (step.phase == "report") continue;
    failed = failed || step.state == "failed";
    AddRecord(step, document);
    states.push_back(json::object{{"id", step.id},
                                  {"phase", step.phase},
                                  {"state", step.state},
                                  {"seconds", step.seconds},
                                  {"reason", step.reason}});
  }
  document["state"] = failed ? "FAILED" : "FINISHED";
  document["steps"] = std::move(states);
  document["lineage"] = std::move(lineage);
  return document;
}

}  // namespace quern::report
