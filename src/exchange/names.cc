#include "exchange/names.h"

#include <algorithm>

#include "base/text.h"
#include "registry/source.h"
#include "tracking/names.h"

namespace quern::exchange {
namespace {

/// Erases the entries whose key is refused.
template <class Map>
void Drop(Map& map, const std::string& owner, const char* kind, Report& report) {
  for (auto entry = map.begin(); entry != map.end();) {
    const Status good = tracking::CheckKey(entry->first, kind);
    if (good) {
      ++entry;
      continue;
    }
    report.Damaged(
        Within(good.error(), "reading the " + owner + "; this one was left out").error());
    entry = map.erase(entry);
  }
}

}  // namespace

Status CheckId(const std::string& id, const std::string& what) {
  if (tracking::CheckRunId(id)) return {};
  return Fail(Code::kInvalidArgument, "'" + id.substr(0, 300) + "' is no id of a " + what,
              "an id is made of letters, digits, '_' and '-'; it was left out");
}

void DropBadKeys(tracking::Texts& texts, const std::string& owner, Report& report) {
  Drop(texts, owner, "tag", report);
}

void DropBadKeys(tracking::RunRecord& record, Report& report) {
  const std::string owner = "run " + record.info.id;
  Drop(record.params, owner, "param", report);
  Drop(record.tags, owner, "tag", report);
  Drop(record.metrics, owner, "metric", report);
  for (auto* links : {&record.model_inputs, &record.model_outputs}) {
    std::erase_if(*links, [&](const tracking::ModelLink& link) {
      const Status named = CheckId(link.model_id, "logged model");
      if (!named) report.Damaged(Within(named.error(), "reading the " + owner).error());
      return !named;
    });
  }
}

void DropBadKeys(tracking::ModelRecord& record, Report& report) {
  const std::string owner = "logged model " + record.model.id;
  Drop(record.model.params, owner, "param", report);
  Drop(record.model.tags, owner, "tag", report);
}

bool IsOfMachine(const std::string& uri) {
  const registry::SourceUri parsed = registry::ParseSource(uri);
  return parsed.local() || parsed.proxied();
}

Result<std::vector<tracking::Experiment>> ChooseExperiments(std::vector<tracking::Experiment> all,
                                                            const std::vector<std::string>& names) {
  if (names.empty()) return all;
  std::vector<std::string> known;
  for (const tracking::Experiment& experiment : all) known.push_back(experiment.name);
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return Fail(Code::kNotFound, "there is no experiment '" + name + "'", SuggestName(name, known));
  }
  std::erase_if(all, [&](const tracking::Experiment& experiment) {
    return std::find(names.begin(), names.end(), experiment.name) == names.end();
  });
  return all;
}

std::optional<std::string> MovedUri(const std::map<std::string, std::string>& moved,
                                    const std::string& uri) {
  for (size_t end = uri.size(); end != std::string::npos && end > 0;
       end = uri.rfind('/', end - 1)) {
    const auto place = moved.find(uri.substr(0, end));
    if (place != moved.end()) return place->second + uri.substr(end);
  }
  return std::nullopt;
}

}  // namespace quern::exchange
