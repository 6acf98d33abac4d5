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
  for (const TallyKind& kind : kTallyKinds) {
    const Tally& tally = this->*kind.tally;
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
  json::object out;
  for (const TallyKind& kind : kTallyKinds) out[kind.key] = TallyJson(report.*kind.tally);
  out["points"] = report.points;
  out["bytes"] = report.bytes;
  out["problems"] = std::move(problems);
  out["unreached"] = ListJson(report.unreached);
  out["notes"] = ListJson(report.notes);
  return out;
}

}  // namespace quern::exchange
