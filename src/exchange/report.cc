#include "exchange/report.h"

#include <boost/json.hpp>

namespace quern::exchange {
namespace {

json::object TallyJson(const Tally& tally) {
  return {{"added", tally.added}, {"updated", tally.updated}, {"there", tally.there}};
}

json::array ListJson(const std::vector<std::string>& texts) {
  json::array list;
  for (const std::string& text : texts) list.emplace_back(text);
  return list;
}

}  // namespace

bool Report::IsEmpty() const {
  for (const Tally& tally :
       {experiments, runs, logged_models, registered_models, versions, files}) {
    if (tally.added + tally.updated + tally.there > 0) return false;
  }
  return problems.empty() && unreached.empty() && notes.empty();
}

json::value ReportJson(const Report& report) {
  json::array problems;
  for (const Error& error : report.problems) {
    problems.push_back(json::object{
        {"message", error.message}, {"where", error.where.ToString()}, {"hint", error.hint}});
  }
  return json::object{{"experiments", TallyJson(report.experiments)},
                      {"runs", TallyJson(report.runs)},
                      {"logged_models", TallyJson(report.logged_models)},
                      {"registered_models", TallyJson(report.registered_models)},
                      {"versions", TallyJson(report.versions)},
                      {"files", TallyJson(report.files)},
                      {"points", report.points},
                      {"bytes", report.bytes},
                      {"problems", std::move(problems)},
                      {"unreached", ListJson(report.unreached)},
                      {"notes", ListJson(report.notes)}};
}

}  // namespace quern::exchange
