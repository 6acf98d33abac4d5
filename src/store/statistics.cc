#include "store/statistics.h"

#include <string>
#include <vector>

#include "base/log.h"

namespace quern::store {
namespace {

Status Count(Database& database) {
  if (database.dialect() != Dialect::kPostgres) return {};
  std::vector<std::string> tables;
  QUERN_TRY(database.Query(
      "SELECT quote_ident(relname) FROM pg_class "
      "WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY relname",
      {}, [&](const Row& row) { tables.push_back(row.Text(0)); }));
  std::string sql;
  for (const std::string& table : tables) sql += (sql.empty() ? "ANALYZE " : ", ") + table;
  return sql.empty() ? Status() : database.Execute(sql);
}

}  // namespace

void RefreshStatistics(Database& database) {
  if (const Status counted = Count(database); !counted) {
    Log(LogLevel::kWarning, "the database's statistics are not refreshed, searches may be slow: " +
                                counted.error().ToString());
  }
}

}  // namespace quern::store
