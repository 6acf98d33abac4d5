#include "registry/log.h"

#include <boost/json.hpp>
#include <optional>

#include "base/time.h"

namespace quern::registry {
namespace {

using store::Row;

constexpr char kRestore[] = "restore the database from a backup";
constexpr char kColumns[] =
    "SELECT time_ms, actor, name, change, before, after, reason, sequence, previous, digest "
    "FROM registry_log ";

LogEntry ReadEntry(const Row& row) {
  return {row.Int(0),  row.Text(1), row.Text(2), row.Text(3),
          row.Text(4), row.Text(5), row.Text(6), {row.Int(7), row.Text(8), row.Text(9)}};
}

std::unexpected<Error> Missing(int64_t there, int64_t written) {
  return Fail(Code::kDataLoss,
              "the registry's log has " + std::to_string(there) + " records, " +
                  std::to_string(written) + " were written",
              kRestore);
}

}  // namespace

Result<std::vector<LogEntry>> ReadLog(store::Database& database, const std::string& name) {
  std::vector<LogEntry> entries;
  const auto read = [&](const Row& row) { entries.push_back(ReadEntry(row)); };
  if (name.empty()) {
    QUERN_TRY(database.Query(std::string(kColumns) + "ORDER BY id", {}, read));
    return entries;
  }
  // Each renaming leads back to an earlier name, which counts up to that moment. The first name is
  // read from the log too: PostgreSQL wants one collation for all of them, and a parameter has
  // none.
  QUERN_TRY(database.Query(
      "WITH RECURSIVE names(name, until) AS (SELECT DISTINCT name, 9223372036854775807 "
      "FROM registry_log WHERE name = ? UNION ALL "
      "SELECT l.before, l.id FROM registry_log l JOIN names n ON l.name = n.name "
      "WHERE l.change = 'model renamed' AND l.id < n.until) " +
          std::string(kColumns) +
          "WHERE EXISTS (SELECT 1 FROM names n WHERE n.name = registry_log.name AND "
          "registry_log.id < n.until) ORDER BY id",
      {name}, read));
  return entries;
}

std::string EntryDigest(const LogEntry& entry) {
  Digester digester;
  BeginLink(digester, "quern registry log 1", entry.link.previous);
  return digester.Add(static_cast<uint64_t>(entry.link.sequence))
      .Add(static_cast<uint64_t>(entry.time_ms))
      .Add(entry.actor)
      .Add(entry.name)
      .Add(entry.change)
      .Add(entry.before)
      .Add(entry.after)
      .Add(entry.reason)
      .Finish();
}

Result<LogCheck> CheckLog(store::Database& database) {
  std::optional<ChainLink> end;  // as it was written
  int64_t first_id = 0;
  ChainWalk walk;
  int64_t wrong = 0;
  // One statement sees one moment of both, and keeps no writer waiting while records are digested.
  QUERN_TRY(database.Query(
      "SELECT l.time_ms, l.actor, l.name, l.change, l.before, l.after, l.reason, l.sequence, "
      "l.previous, l.digest, h.entries, h.digest, h.first_id FROM registry_log_head h "
      "LEFT JOIN registry_log l ON l.id > h.first_id ORDER BY l.id",
      {}, [&](const Row& row) {
        end = ChainLink{row.Int(10), "", row.Text(11)};
        first_id = row.Int(12);
        if (row.IsNull(7)) return;  // no record yet
        const LogEntry entry = ReadEntry(row);
        const bool whole = walk.Takes(entry.link, EntryDigest(entry));
        if (!whole && wrong == 0) wrong = walk.sequence();
      }));
  if (!end) return Fail(Code::kDataLoss, "the end of the registry's log is missing", kRestore);
  LogCheck check;
  QUERN_TRY(database.Query("SELECT count(*) FROM registry_log WHERE id <= ?", {first_id},
                           [&](const Row& row) { check.unchained = row.Int(0); }));
  if (wrong != 0) {
    return Fail(
        Code::kDataLoss,
        "record " + std::to_string(wrong) + " of the registry's log is not what was written",
        kRestore);
  }
  check.chained = walk.sequence();
  const bool ends = walk.sequence() == end->sequence && walk.last() == end->digest;
  if (!ends) return Missing(walk.sequence(), end->sequence);
  return check;
}

json::value LogEntryJson(const LogEntry& entry) {
  return json::object{{"at", FormatTime(entry.time_ms)},
                      {"at_ms", entry.time_ms},
                      {"actor", entry.actor},
                      {"name", entry.name},
                      {"change", entry.change},
                      {"before", entry.before},
                      {"after", entry.after},
                      {"reason", entry.reason},
                      {"sequence", entry.link.sequence},
                      {"digest", entry.link.digest}};
}

}  // namespace quern::registry
