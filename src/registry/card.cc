#include "registry/card.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/json_read.h"
#include "base/text.h"
#include "base/time.h"
#include "registry/package_registry.h"
#include "registry/policy.h"
#include "registry/signature.h"
#include "registry/source.h"

namespace quern::registry {
namespace {

std::string Answer(const Dossier& d, std::string_view key) {
  for (const json::value& answer : ListAt(d.design, "/answers")) {
    if (TextAt(answer, "/key") == key) return TextAt(answer, "/answer");
  }
  return "";
}

void AddDescription(json::array& list, const std::string& text) {
  if (!text.empty()) list.push_back(json::object{{"description", text}});
}

/// The version that this one is a copy of: of another registry, by its tags, or of this one, by
/// its source ("models:/heart/3"). Null for one that is none.
json::value CopyOf(const ModelVersion& v) {
  const auto tag = [&](const char* key) {
    const auto found = v.tags.find(key);
    return found == v.tags.end() ? std::string() : found->second;
  };
  if (const std::string version = tag(kCopiedFromTag); !version.empty()) {
    return json::object{{"version", version},
                        {"registry", tag(kCopiedRegistryTag)},
                        {"run_id", tag(kCopiedRunTag)}};
  }
  if (ParseSource(v.source).scheme != "models") return nullptr;
  const auto reference = ParseModelReference(v.source);
  if (!reference || reference->name.empty() || reference->version.empty()) return nullptr;
  return json::object{{"version", reference->name + "/" + reference->version},
                      {"registry", ""},
                      {"run_id", v.run_id}};
}

json::object Details(const Dossier& d) {
  const ModelVersion& v = d.version;
  json::array owners;
  if (!v.user_id.empty()) owners.push_back(json::object{{"name", v.user_id}, {"contact", ""}});
  for (const json::value& role : ListAt(d.design, "/roles")) {
    owners.push_back(
        json::object{{"name", TextAt(role, "/role")}, {"contact", TextAt(role, "/who")}});
  }
  const std::string value = Answer(d, "added_value");
  json::object details{{"name", v.name},
                       {"overview", d.model_description.empty() ? value : d.model_description},
                       {"documentation", v.description},
                       {"owners", std::move(owners)},
                       {"version", json::object{{"name", std::to_string(v.version)},
                                                {"date", FormatTime(v.created_ms)},
                                                {"diff", TextAt(d.candidate, "/reason")}}},
                       {"path", v.path.empty() ? v.source : v.path}};
  if (json::value copy = CopyOf(v); !copy.is_null()) details["copy_of"] = std::move(copy);
  if (!v.digest.empty()) details["digest"] = v.digest;
  if (const std::string key = SignerOf(SignatureOf(v)); !key.empty()) details["signed_by"] = key;
  if (const std::string today = Answer(d, "today"); !today.empty()) {
    details["references"] = json::array{json::object{{"reference", "Before it: " + today}}};
  }
  return details;
}

json::object Parameters(const Dossier& d) {
  json::array data;
  for (const json::value& record : d.data) {
    const json::value& rows = At(record, "/rows");
    const json::value& rejected = At(record, "/rejected");
    std::string count = rows.is_null() ? "" : WriteJson(rows) + " rows";
    if (!rejected.is_null()) count += ", " + WriteJson(rejected) + " rejected";
    data.push_back(json::object{{"name", TextAt(record, "/source")},
                                {"description", std::move(count)},
                                {"link", TextAt(record, "/path")},
                                {"snapshot", TextAt(record, "/digest")}});
  }
  const auto tag = d.version.tags.find("quern.data");
  if (data.empty() && tag != d.version.tags.end()) {
    data.push_back(json::object{{"name", tag->second}, {"description", ""}});
  }
  json::array inputs;
  for (const json::value& input : ListAt(d.package, "/inputs")) {
    inputs.push_back(
        json::object{{"key", TextAt(input, "/name")}, {"value", TextAt(input, "/type")}});
  }
  const json::value& classes = At(d.package, "/classes");
  json::object out{{"model_architecture", TextAt(d.package, "/learner")},
                   {"data", std::move(data)},
                   {"input_format_map", std::move(inputs)},
                   {"output_format", TextAt(d.package, "/task")},
                   {"hyperparameters", d.parameters}};
  if (classes.is_array()) {
    out["output_format_map"] =
        json::array{json::object{{"key", "classes"}, {"value", WriteJson(classes)}}};
  }
  return out;
}

/// {type, value, slice, confidence_interval}; the toolkit's values are texts.
void AddMetric(json::array& metrics, std::string_view type, const json::value& interval,
               const std::string& slice) {
  const json::value& value = interval.is_object() ? At(interval, "/value") : interval;
  if (!value.is_number()) return;
  json::object metric{{"type", type}, {"value", WriteJson(value)}, {"slice", slice}};
  const json::value& low = At(interval, "/low");
  const json::value& high = At(interval, "/high");
  if (low.is_number() && high.is_number()) {
    metric["confidence_interval"] =
        json::object{{"lower_bound", WriteJson(low)}, {"upper_bound", WriteJson(high)}};
  }
  metrics.push_back(std::move(metric));
}

void AddMetrics(json::array& metrics, const json::value& measured, const std::string& slice) {
  if (!measured.is_object()) return;
  for (const auto& [type, interval] : measured.get_object()) {
    AddMetric(metrics, type, interval, slice);
  }
}

json::object Analysis(const Dossier& d) {
  json::array metrics;
  AddMetrics(metrics, d.metrics, "");
  for (const json::value& slice : ListAt(d.evaluate, "/slices")) {
    AddMetrics(metrics, At(slice, "/metrics"),
               fmt::format("{} = {} ({} rows)", TextAt(slice, "/by"), TextAt(slice, "/value"),
                           WriteJson(At(slice, "/count"))));
  }
  for (const json::value& batch : d.monitor) {
    AddMetrics(metrics, At(batch, "/performance/metrics"),
               fmt::format("batch {} ({} rows), in service", TextAt(batch, "/batch"),
                           WriteJson(At(batch, "/rows"))));
  }
  return json::object{{"performance_metrics", std::move(metrics)}};
}

/// What is known to be wrong, from the evidence rather than from what somebody wrote.
void AddFindings(const Dossier& d, json::array& limitations) {
  for (const json::value* record : {&d.evaluate, &d.deploy}) {
    for (const json::value& gate : ListAt(*record, "/gates")) {
      if (TextAt(gate, "/status") != "fail") continue;
      AddDescription(limitations, "Does not meet a requirement: " + TextAt(gate, "/text"));
    }
  }
  for (const json::value& batch : d.monitor) {
    const std::string name = TextAt(batch, "/batch");
    const json::value& drift = At(batch, "/drift/dataset");
    if (At(drift, "/drifted") == json::value(true)) {
      AddDescription(limitations, fmt::format("The data of batch {} had drifted: {} of {} columns.",
                                              name, WriteJson(At(drift, "/drifted_columns")),
                                              WriteJson(At(drift, "/columns"))));
    }
    if (TextAt(batch, "/concept_drift/state") == "yes") {
      AddDescription(limitations, fmt::format("In batch {} the relation itself had changed: {}",
                                              name, TextAt(batch, "/concept_drift/reason")));
    }
  }
}

json::object Considerations(const Dossier& d) {
  json::array users, use_cases, limitations, tradeoffs, ethics;
  AddDescription(users, Answer(d, "users"));
  AddDescription(use_cases, Answer(d, "decision"));
  AddDescription(tradeoffs, Answer(d, "cost_of_errors"));
  const json::value& threshold = At(d.package, "/threshold");
  if (threshold.is_number()) {
    AddDescription(tradeoffs, "It says yes from a score of " +
                                  fmt::format("{:.4g}", threshold.to_number<double>()) + " on.");
  }
  if (const std::string labels = Answer(d, "labels"); !labels.empty()) {
    AddDescription(limitations, "When the truth becomes known: " + labels);
  }
  AddFindings(d, limitations);
  if (const std::string fairness = Answer(d, "fairness"); !fairness.empty()) {
    const size_t slices = ListAt(d.evaluate, "/slices").size();
    ethics.push_back(json::object{
        {"name", fairness},
        {"mitigation_strategy",
         slices == 0
             ? std::string("not measured by group")
             : fmt::format("measured on {} groups, see the quantitative analysis", slices)}});
  }
  if (const std::string owner = Answer(d, "data_owner"); !owner.empty()) {
    ethics.push_back(json::object{{"name", "Use of the data"}, {"mitigation_strategy", owner}});
  }
  if (const std::string fallback = Answer(d, "fallback"); !fallback.empty()) {
    ethics.push_back(
        json::object{{"name", "The model is down or wrong"}, {"mitigation_strategy", fallback}});
  }
  return json::object{{"users", std::move(users)},
                      {"use_cases", std::move(use_cases)},
                      {"limitations", std::move(limitations)},
                      {"tradeoffs", std::move(tradeoffs)},
                      {"ethical_considerations", std::move(ethics)}};
}

/// Questions that have no answer. A version that is of no run has no charter: all are open.
json::array Open(const Dossier& d) {
  json::array open;
  for (const design::Question& question : design::CharterQuestions()) {
    if (Answer(d, question.key).empty()) {
      open.push_back(json::object{{"key", question.key}, {"question", question.question}});
    }
  }
  return open;
}

}  // namespace

json::value CardJson(const Dossier& dossier) {
  return json::object{{"schema_version", "0.0.2"},
                      {"model_details", Details(dossier)},
                      {"model_parameters", Parameters(dossier)},
                      {"quantitative_analysis", Analysis(dossier)},
                      {"considerations", Considerations(dossier)},
                      {"reviews", At(dossier.reviews, "/reviews")},
                      {"open", Open(dossier)}};
}

}  // namespace quern::registry
