#include "store/database_backup.h"

#include "store/open.h"
#include "store/postgres_backup.h"
#include "store/sqlite_backup.h"

namespace quern::store {
namespace {

const char* KindOf(bool postgres) { return postgres ? "PostgreSQL" : "SQLite"; }

}  // namespace

Result<DatabaseCopy> BackUpDatabase(const std::string& name, const std::string& folder, Fs& fs,
                                    const CancelToken& cancel, Progress& progress) {
  if (IsPostgresUri(name)) return BackUpPostgres(name, folder, fs, cancel, progress);
  QUERN_ASSIGN(const std::string path, SqlitePath(name));
  return BackUpSqlite(path, folder, cancel, progress);
}

Status RestoreDatabase(const DatabaseCopy& copy, const std::string& folder, const std::string& name,
                       bool replace, Fs& fs, const CancelToken& cancel, Progress& progress) {
  const bool postgres = copy.dialect == Dialect::kPostgres;
  if (IsPostgresUri(name) != postgres) {
    return Fail(Code::kFailedPrecondition,
                std::string("a copy of ") + KindOf(postgres) + " cannot be put into '" +
                    ShownName(name) + "', which is " + KindOf(!postgres),
                postgres ? "name a database: --backend-store-uri postgresql://…"
                         : "leave --backend-store-uri out, or name a file: sqlite:///FILE");
  }
  if (postgres) return RestorePostgres(copy, folder, name, replace, fs, cancel, progress);
  QUERN_ASSIGN(const std::string path, SqlitePath(name));
  return RestoreSqlite(copy, folder, path, replace, fs);
}

}  // namespace quern::store
