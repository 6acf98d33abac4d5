#include "registry/facts.h"

#include <boost/json.hpp>
#include <initializer_list>

#include "base/json_read.h"
#include "registry/names.h"

namespace quern::registry {
namespace {

/// These fields of a record; null without any of them.
json::value Some(const json::value& record, std::initializer_list<const char*> fields) {
  json::object some;
  for (const char* field : fields) {
    const json::object* object = record.if_object();
    const json::value* value = object == nullptr ? nullptr : object->if_contains(field);
    if (value != nullptr && !value->is_null()) some[field] = *value;
  }
  return some.empty() ? json::value(nullptr) : json::value(std::move(some));
}

/// Whether two digests are of one snapshot; one of them may be a beginning.
bool SameSnapshot(const json::value& a, const json::value& b) {
  const std::string x = TextAt(a, "/digest");
  const std::string y = TextAt(b, "/digest");
  const bool same = !x.empty() && !y.empty() && (x.starts_with(y) || y.starts_with(x));
  return same && TextAt(a, "/source") == TextAt(b, "/source");
}

}  // namespace

std::string TravellingFacts(const Dossier& dossier) {
  json::object facts;
  const auto add = [&](const char* name, json::value value) {
    if (!value.is_null()) facts[name] = std::move(value);
  };
  add("design", Some(dossier.design, {"answers", "roles"}));
  add("train", Some(dossier.train, {"rows", "holdout_rows", "holdout"}));
  add("evaluate", Some(dossier.evaluate, {"rows", "gates", "slices"}));
  add("candidate", Some(dossier.candidate, {"reason", "rows"}));
  add("retrain", Some(dossier.retrain, {"batch", "holdout_rows"}));
  json::array data;
  for (const json::value& record : dossier.data) {
    data.push_back(Some(record, {"source", "digest", "rows", "rejected", "path"}));
  }
  if (!data.empty()) facts["data"] = std::move(data);
  if (facts.empty()) return "";
  std::string text = WriteJson(facts);
  // A limit in characters, held in bytes.
  if (text.size() <= kMaxTagValue) return text;
  add("evaluate", Some(dossier.evaluate, {"rows", "gates"}));
  text = WriteJson(facts);
  return text.size() <= kMaxTagValue ? text : "";
}

void FillFromFacts(Dossier& dossier) {
  const json::value facts = TagJson(dossier.version, kFactsTag);
  if (!facts.is_object()) return;
  const auto fill = [&](json::value& record, const char* name) {
    if (record.is_null()) record = At(facts, name);
  };
  fill(dossier.design, "/design");
  // Records of one making belong together.
  if (dossier.train.is_null() && dossier.evaluate.is_null() && dossier.candidate.is_null()) {
    fill(dossier.train, "/train");
    fill(dossier.evaluate, "/evaluate");
    fill(dossier.candidate, "/candidate");
    fill(dossier.retrain, "/retrain");
  }
  const json::array& data = ListAt(facts, "/data");
  if (dossier.data.empty()) dossier.data.assign(data.begin(), data.end());
  for (json::value& record : dossier.data) {
    if (!At(record, "/rows").is_null()) continue;
    for (const json::value& known : data) {
      if (SameSnapshot(record, known)) record = known;
    }
  }
}

}  // namespace quern::registry
