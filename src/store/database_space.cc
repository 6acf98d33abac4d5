#include "store/database_space.h"

#include <algorithm>

namespace quern::store {
namespace {

constexpr int64_t kIncremental = 2;  // PRAGMA auto_vacuum
/// Pages that one step gives back: some 10 ms, so that no writer waits for long.
constexpr int64_t kPagesGivenBack = 1000;

Result<int64_t> Number(Database& database, std::string_view sql) {
  int64_t value = 0;
  QUERN_TRY(database.Query(sql, {}, [&](const Row& row) { value = row.Int(0); }));
  return value;
}

constexpr char kSqliteTables[] =
    "SELECT coalesce(m.tbl_name, s.name), sum(s.pgsize) FROM dbstat s "
    "LEFT JOIN sqlite_master m ON m.name = s.name WHERE s.aggregate = TRUE GROUP BY 1";
constexpr char kPostgresTables[] =
    "SELECT relname, pg_total_relation_size(oid) FROM pg_class "
    "WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace";

}  // namespace

Result<DatabaseSpace> MeasureDatabase(Database& database) {
  const bool sqlite = database.dialect() == Dialect::kSqlite;
  DatabaseSpace space;
  QUERN_TRY(database.Query(sqlite ? kSqliteTables : kPostgresTables, {}, [&](const Row& row) {
    space.tables.push_back({row.Text(0), static_cast<uint64_t>(row.Int(1))});
  }));
  std::sort(space.tables.begin(), space.tables.end(), [](const auto& a, const auto& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.name < b.name;
  });
  if (!sqlite) {
    for (const auto& table : space.tables) space.total += table.bytes;
    return space;
  }
  QUERN_ASSIGN(const int64_t page, Number(database, "PRAGMA page_size"));
  QUERN_ASSIGN(const int64_t pages, Number(database, "PRAGMA page_count"));
  QUERN_ASSIGN(const int64_t unused, Number(database, "PRAGMA freelist_count"));
  space.total = static_cast<uint64_t>(page * pages);
  space.free = static_cast<uint64_t>(page * unused);
  return space;
}

Result<uint64_t> GiveSpaceBack(Database& database) {
  if (database.dialect() != Dialect::kSqlite) return 0;
  QUERN_ASSIGN(const int64_t page, Number(database, "PRAGMA page_size"));
  QUERN_ASSIGN(const int64_t before, Number(database, "PRAGMA page_count"));
  QUERN_ASSIGN(int64_t unused, Number(database, "PRAGMA freelist_count"));
  QUERN_ASSIGN(const int64_t mode, Number(database, "PRAGMA auto_vacuum"));
  if (unused > 0 && mode != kIncremental) {
    QUERN_TRY(database.Execute("PRAGMA auto_vacuum = INCREMENTAL"));
    QUERN_TRY(database.Execute("VACUUM"));
  } else {
    const std::string step = "PRAGMA incremental_vacuum(" + std::to_string(kPagesGivenBack) + ")";
    while (unused > 0) {
      QUERN_TRY(database.Execute(step));
      QUERN_ASSIGN(const int64_t left, Number(database, "PRAGMA freelist_count"));
      // Others may free pages faster than this gives them back: not for ever.
      if (left >= unused) break;
      unused = left;
    }
  }
  // Who reads at this moment keeps the log as it is: it is shortened another time.
  QUERN_TRY(database.Execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  QUERN_ASSIGN(const int64_t after, Number(database, "PRAGMA page_count"));
  return after < before ? static_cast<uint64_t>((before - after) * page) : 0;
}

}  // namespace quern::store
