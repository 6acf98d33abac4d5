#include "registry/compare.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "base/json_read.h"
#include "base/time.h"
#include "registry/measured.h"

namespace quern::registry {
namespace {

/// What is compared of one version: values by name, in the order in which they are shown.
class Facts {
 public:
  void Add(const std::string& name, json::value value) {
    if (value.is_null()) return;
    if (!values_.contains(name)) order_.push_back(name);
    values_[name] = std::move(value);
  }
  const std::vector<std::string>& order() const { return order_; }
  json::value Of(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? json::value(nullptr) : found->second;
  }

 private:
  std::vector<std::string> order_;
  std::map<std::string, json::value> values_;
};

json::value Named(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

void AddObject(Facts& facts, const json::value& object) {
  if (!object.is_object()) return;
  for (const auto& [key, value] : object.get_object()) facts.Add(std::string(key), value);
}

Facts VersionFacts(const Dossier& d) {
  Facts facts;
  const ModelVersion& v = d.version;
  facts.Add("created", json::value(FormatTime(v.created_ms)));
  facts.Add("author", Named(v.user_id));
  facts.Add("run", Named(v.run_id));
  facts.Add("digest", Named(v.digest));
  facts.Add("source", Named(v.source));
  facts.Add("stage", json::value(v.stage));
  json::array aliases;
  for (const std::string& alias : v.aliases) aliases.emplace_back(alias);
  facts.Add("aliases", std::move(aliases));
  facts.Add("description", Named(v.description));
  return facts;
}

Facts MetricFacts(const Dossier& d) {
  Facts facts;
  AddObject(facts, d.metrics);
  return facts;
}

/// Of each gate that judged it the last verdict: what could not be measured before deployment was
/// after it.
Facts GateFacts(const Dossier& d) {
  Facts facts;
  for (const json::value* record : {&d.evaluate, &d.deploy}) {
    for (const json::value& gate : ListAt(*record, "/gates")) {
      const std::string name = TextAt(gate, "/text");
      const bool pending = TextAt(gate, "/status") == "pending";
      if (pending && !facts.Of(name).is_null()) continue;
      facts.Add(name,
                json::object{{"status", At(gate, "/status")}, {"observed", At(gate, "/observed")}});
    }
  }
  return facts;
}

Facts SliceFacts(const Dossier& d) {
  Facts facts;
  for (const json::value& slice : ListAt(d.evaluate, "/slices")) {
    const json::value& metrics = At(slice, "/metrics");
    if (!metrics.is_object()) continue;
    for (const auto& [metric, value] : metrics.get_object()) {
      facts.Add(
          std::string(metric) + " where " + TextAt(slice, "/by") + " = " + TextAt(slice, "/value"),
          value);
    }
  }
  return facts;
}

Facts ParameterFacts(const Dossier& d) {
  Facts facts;
  facts.Add("learner", At(d.package, "/learner"));
  AddObject(facts, d.parameters);
  return facts;
}

Facts SchemaFacts(const Dossier& d) {
  Facts facts;
  facts.Add("task", At(d.package, "/task"));
  facts.Add("classes", At(d.package, "/classes"));
  facts.Add("positive", At(d.package, "/positive"));
  facts.Add("threshold", At(d.package, "/threshold"));
  for (const json::value& input : ListAt(d.package, "/inputs")) {
    facts.Add("input " + TextAt(input, "/name"), At(input, "/type"));
  }
  return facts;
}

Facts FeatureFacts(const Dossier& d) {
  Facts facts;
  for (const json::value& derived : ListAt(d.package, "/derived")) {
    facts.Add("derived " + TextAt(derived, "/name"), At(derived, "/expression"));
  }
  for (const json::value& feature : ListAt(d.package, "/features")) {
    if (feature.is_string()) facts.Add(std::string(feature.get_string()), true);
  }
  return facts;
}

Facts DataFacts(const Dossier& d) {
  Facts facts;
  const auto tag = d.version.tags.find("quern.data");
  if (tag != d.version.tags.end()) facts.Add("learned from", json::value(tag->second));
  for (const json::value& record : d.data) {
    const std::string source = TextAt(record, "/source");
    facts.Add(source + " snapshot", At(record, "/digest"));
    facts.Add(source + " rows", At(record, "/rows"));
  }
  facts.Add("training rows", At(d.candidate, "/rows"));
  if (d.candidate.is_null()) facts.Add("training rows", At(d.train, "/rows"));
  facts.Add("hold-out rows", At(d.train, "/holdout_rows"));
  return facts;
}

Facts PackageFacts(const Dossier& d) {
  Facts facts;
  if (d.bytes > 0) facts.Add("bytes", d.bytes);
  facts.Add("made by", At(d.package, "/program_version"));
  return facts;
}

Facts ServiceFacts(const Dossier& d) {
  Facts facts;
  facts.Add("p50_ms", At(d.deploy, "/latency/p50_ms"));
  facts.Add("p99_ms", At(d.deploy, "/latency/p99_ms"));
  facts.Add("difference to offline", At(d.deploy, "/parity/max_difference"));
  return facts;
}

struct FactSection {
  const char* name;
  Facts (*facts)(const Dossier&);
};
constexpr FactSection kSections[] = {
    {"version", VersionFacts},      {"metrics", MetricFacts},
    {"slices", SliceFacts},         {"gates", GateFacts},
    {"parameters", ParameterFacts}, {"schema", SchemaFacts},
    {"features", FeatureFacts},     {"data", DataFacts},
    {"package", PackageFacts},      {"service", ServiceFacts},
};

/// Whether values of the section depend on the rows that they were measured on.
bool IsMeasured(std::string_view section) { return section == "metrics" || section == "slices"; }

/// The metric of a row: "recall where sex = 0" is recall.
std::string_view MetricOf(std::string_view name) { return name.substr(0, name.find(" where ")); }

/// b - a of two numbers, or of the values of two intervals.
json::value Difference(const json::value& a, const json::value& b) {
  const auto number = [](const json::value& value) -> const json::value& {
    return value.is_object() ? At(value, "/value") : value;
  };
  const json::value& from = number(a);
  const json::value& to = number(b);
  if (!from.is_number() || !to.is_number()) return nullptr;
  return to.to_number<double>() - from.to_number<double>();
}

/// {a, b, same}: on which rows each was measured, null where the store does not know.
json::value RowsJson(const MeasuredRows& a, const MeasuredRows& b) {
  const auto same = SameRows(a, b);
  return json::object{{"a", Named(a.text)},
                      {"b", Named(b.text)},
                      {"same", same ? json::value(*same) : json::value(nullptr)}};
}

/// Of a version that a retraining chose over the other: both on the rows that were set aside for
/// it, paired. Values on other rows say nothing of which is better.
void AddContest(const Dossier& before, const Dossier& after, bool reversed, json::array& rows) {
  const json::value& replaced = At(after.retrain, "/before");
  const json::value& metric = At(after.retrain, "/metric");
  const bool met = before.version.name == after.version.name && metric.is_string() &&
                   At(replaced, "/version") == json::value(before.version.version);
  if (!met) return;
  const MeasuredRows measured = MetricRows(after).Of(metric.get_string());
  json::value x = At(replaced, "/value"), y = At(after.candidate, "/value");
  json::value change = Difference(x, y);
  json::value interval = At(after.candidate, "/difference");
  if (reversed) {
    std::swap(x, y);
    change = Difference(x, y);
    interval = nullptr;  // the test was of the other direction
  }
  rows.push_back(json::object{{"section", "contest"},
                              {"name", metric},
                              {"a", std::move(x)},
                              {"b", std::move(y)},
                              {"same", false},
                              {"change", std::move(change)},
                              {"difference", std::move(interval)},
                              {"rows", RowsJson(measured, measured)}});
}

json::value Head(const Dossier& d) {
  return json::object{{"name", d.version.name}, {"version", d.version.version}};
}

}  // namespace

json::value CompareVersions(const Dossier& a, const Dossier& b, bool everything) {
  json::array rows;
  json::object same;
  AddContest(a, b, false, rows);
  AddContest(b, a, true, rows);
  const MetricRows rows_of_a(a), rows_of_b(b);
  for (const FactSection& section : kSections) {
    const Facts left = section.facts(a), right = section.facts(b);
    std::vector<std::string> names = left.order();
    for (const std::string& name : right.order()) {
      if (left.Of(name).is_null()) names.push_back(name);
    }
    int64_t equal = 0;
    for (const std::string& name : names) {
      json::value x = left.Of(name), y = right.Of(name);
      const bool is_same = x == y;
      equal += is_same;
      if (is_same && !everything) continue;
      json::object row{{"section", section.name}, {"name", name}, {"same", is_same}};
      row["change"] = Difference(x, y);
      if (IsMeasured(section.name)) {
        const MeasuredRows on_a = rows_of_a.Of(MetricOf(name));
        const MeasuredRows on_b = rows_of_b.Of(MetricOf(name));
        row["rows"] = RowsJson(on_a, on_b);
        if (SameRows(on_a, on_b) == false) row["change"] = nullptr;
      }
      row["a"] = std::move(x);
      row["b"] = std::move(y);
      rows.push_back(std::move(row));
    }
    same[section.name] = equal;
  }
  return json::object{
      {"a", Head(a)}, {"b", Head(b)}, {"rows", std::move(rows)}, {"same", std::move(same)}};
}

}  // namespace quern::registry
