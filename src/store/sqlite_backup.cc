#include "store/sqlite_backup.h"

#include <memory>

#include "store/migrations.h"
#include "store/sqlite_connection.h"

namespace quern::store {
namespace {

/// 16 MB of the usual pages between two looks at Ctrl-C.
constexpr int kPagesCopied = 4096;

Result<int64_t> Number(SqliteConnection& connection, std::string_view sql) {
  int64_t value = 0;
  QUERN_TRY(connection.Query(sql, {}, [&](const Row& row) { value = row.Int(0); }));
  return value;
}

Status CopyPages(SqliteConnection& from, SqliteConnection& to, const std::string& path,
                 const CancelToken& cancel, Progress& progress) {
  const std::unique_ptr<sqlite3_backup, decltype(&sqlite3_backup_finish)> backup(
      sqlite3_backup_init(to.handle(), "main", from.handle(), "main"), &sqlite3_backup_finish);
  if (backup == nullptr) {
    return SqliteError(sqlite3_extended_errcode(to.handle()), path, sqlite3_errmsg(to.handle()));
  }
  for (;;) {
    QUERN_TRY(cancel.Check());
    const int code = sqlite3_backup_step(backup.get(), kPagesCopied);
    const auto total = static_cast<size_t>(sqlite3_backup_pagecount(backup.get()));
    const auto left = static_cast<size_t>(sqlite3_backup_remaining(backup.get()));
    progress.Update(total - left, total, "pages of the database");
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_OK) return SqliteError(code, path, sqlite3_errstr(code));
  }
}

/// Whether anything but the experiment that every server makes is in it.
Result<bool> InUse(const std::string& path, Fs& fs) {
  if (!fs.Exists(path)) return false;
  QUERN_ASSIGN(const auto connection, SqliteConnection::Open(path, true));
  QUERN_ASSIGN(const int64_t tables,
               Number(*connection, "SELECT count(*) FROM sqlite_master WHERE type = 'table'"));
  if (tables == 0) return false;
  const auto rows = Number(*connection,
                           "SELECT (SELECT count(*) FROM experiments WHERE id <> 0) + "
                           "(SELECT count(*) FROM runs) + (SELECT count(*) FROM step_results)");
  return !rows || *rows > 0;
}

}  // namespace

Result<DatabaseCopy> BackUpSqlite(const std::string& path, const std::string& folder,
                                  const CancelToken& cancel, Progress& progress) {
  QUERN_ASSIGN(const auto from, SqliteConnection::Open(path, true));
  QUERN_ASSIGN(const auto to, SqliteConnection::Open(JoinPath(folder, kSqliteCopy), false));
  // A transaction that reads holds the file still for this connection: what others commit goes to
  // the log, and the copy never begins again.
  QUERN_TRY(from->Script("BEGIN"));
  QUERN_ASSIGN(const int64_t schema, Number(*from, "PRAGMA user_version"));
  QUERN_TRY(Number(*from, "SELECT count(*) FROM sqlite_master"));
  QUERN_TRY(CopyPages(*from, *to, path, cancel, progress));
  from->Rollback();
  std::string wrong;
  QUERN_TRY(to->Query("PRAGMA quick_check(1)", {}, [&](const Row& row) { wrong = row.Text(0); }));
  if (wrong != "ok") {
    return Fail(Code::kDataLoss, "the database '" + path + "' is damaged: " + wrong,
                "restore an earlier backup");
  }
  return DatabaseCopy{Dialect::kSqlite, schema};
}

Status RestoreSqlite(const DatabaseCopy& copy, const std::string& folder, const std::string& path,
                     bool replace, Fs& fs) {
  if (copy.schema > static_cast<int64_t>(Migrations().size())) {
    return Fail(Code::kFailedPrecondition,
                "the copy has schema " + std::to_string(copy.schema) +
                    ", made by a newer Quern; this one (" + QUERN_VERSION + ") knows schema " +
                    std::to_string(Migrations().size()),
                "restore it with the newer program");
  }
  QUERN_ASSIGN(const bool in_use, InUse(path, fs));
  if (in_use && !replace) {
    return Fail(Code::kFailedPrecondition, "the database '" + path + "' is not empty",
                "name another place, or say --replace");
  }
  // A log of the old file would be taken for the new one's.
  for (const char* suffix : {"", "-wal", "-shm"}) QUERN_TRY(fs.RemoveAll(path + suffix));
  QUERN_ASSIGN(const auto from, SqliteConnection::Open(JoinPath(folder, kSqliteCopy), true));
  QUERN_TRY(fs.MakeDirs(DirName(path)));
  const std::string aside = path + ".restoring";
  QUERN_TRY(fs.RemoveAll(aside));
  {
    QUERN_ASSIGN(const auto to, SqliteConnection::Open(aside, false));
    QUERN_TRY(CopyPages(*from, *to, path, CancelToken(), NoProgress()));
  }
  QUERN_TRY(fs.MoveInto(aside, path));
  QUERN_TRY(OpenSqlite(path, fs));
  return {};
}

}  // namespace quern::store
