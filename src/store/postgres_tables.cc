#include "store/postgres_tables.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "base/json.h"

namespace quern::store {

std::string PostgresTables::ToJson() const {
  json::array tables_json, counters_json;
  for (const Table& table : tables) {
    tables_json.push_back(
        json::object{{"name", table.name},
                     {"columns", json::array(table.columns.begin(), table.columns.end())},
                     {"rows", table.rows}});
  }
  for (const Counter& counter : counters) {
    counters_json.push_back(json::object{
        {"table", counter.table}, {"column", counter.column}, {"value", counter.value}});
  }
  return WritePrettyJson(json::object{{"tables", tables_json}, {"counters", counters_json}});
}

Result<PostgresTables> PostgresTables::FromJson(const std::string& text, const std::string& name) {
  QUERN_ASSIGN(const json::value document, ParseJson(text, {.name = name}));
  PostgresTables all;
  try {
    for (const json::value& one : document.at("tables").as_array()) {
      Table table{json::value_to<std::string>(one.at("name")),
                  json::value_to<std::vector<std::string>>(one.at("columns")),
                  one.at("rows").to_number<int64_t>()};
      all.tables.push_back(std::move(table));
    }
    for (const json::value& one : document.at("counters").as_array()) {
      all.counters.push_back({json::value_to<std::string>(one.at("table")),
                              json::value_to<std::string>(one.at("column")),
                              one.at("value").to_number<int64_t>()});
    }
  } catch (const std::exception&) {
    return Fail(Code::kDataLoss, "'" + name + "' does not describe the tables of a copy");
  }
  return all;
}

std::vector<std::string> InOrderOfReference(
    std::vector<std::string> tables,
    const std::vector<std::pair<std::string, std::string>>& refers) {
  std::vector<std::string> ordered;
  std::set<std::string> waiting(tables.begin(), tables.end());
  while (!waiting.empty()) {
    const auto ready = std::find_if(waiting.begin(), waiting.end(), [&](const std::string& table) {
      return std::none_of(refers.begin(), refers.end(), [&](const auto& reference) {
        return reference.first == table && reference.second != table &&
               waiting.contains(reference.second);
      });
    });
    // A circle has no order: any will do, and loading says what is wrong.
    const auto next = ready == waiting.end() ? waiting.begin() : ready;
    ordered.push_back(*next);
    waiting.erase(next);
  }
  return ordered;
}

}  // namespace quern::store
