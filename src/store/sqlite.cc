#include <sqlite3.h>

#include <mutex>
#include <utility>

#include "base/fs.h"
#include "base/mutex.h"
#include "base/text.h"
#include "base/time.h"
#include "store/database.h"
#include "store/migrations.h"

namespace quern::store {
namespace {

Code CodeOf(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
    // A write that fails (SQLITE_IOERR_WRITE and the like) is a full or dying disk.
    case SQLITE_IOERR:
      return Code::kResourceExhausted;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return Code::kPermissionDenied;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return Code::kDataLoss;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::kAborted;
    case SQLITE_CONSTRAINT:
      return Code::kAlreadyExists;
    default:
      return Code::kInternal;
  }
}

std::string HintOf(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return "free some space and run again; if the disk is not full, check its health";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return "check who may write there";
    case SQLITE_NOTADB:
      return "this is not a database of Quern: restore a backup or remove the file";
    case SQLITE_CORRUPT:
      return "restore a backup (quern.db.bak-*)";
    default:
      return "";
  }
}

class StatementRow : public Row {
 public:
  explicit StatementRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool IsNull(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  int64_t Int(int column) const override { return sqlite3_column_int64(statement_, column); }
  double Number(int column) const override { return sqlite3_column_double(statement_, column); }
  std::string Text(int column) const override {
    const void* bytes = sqlite3_column_blob(statement_, column);
    if (bytes == nullptr) return {};
    return std::string(static_cast<const char*>(bytes),
                       static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
  }

 private:
  sqlite3_stmt* statement_;
};

/// One connection behind one recursive lock: a transaction body calls back into the same object.
class SqliteDatabase : public Database {
 public:
  SqliteDatabase(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  ~SqliteDatabase() override { sqlite3_close(handle_); }

  Status Execute(std::string_view sql, const std::vector<Param>& params) override {
    return Query(sql, params, [](const Row&) {});
  }

  Status Query(std::string_view sql, const std::vector<Param>& params,
               const std::function<void(const Row&)>& on_row) override {
    const std::lock_guard lock(mutex_);
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &raw, nullptr) !=
        SQLITE_OK) {
      return LastError();
    }
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
    for (size_t i = 0; i < params.size(); ++i) Bind(raw, static_cast<int>(i) + 1, params[i]);
    const StatementRow row(raw);
    for (;;) {
      const int code = sqlite3_step(raw);
      if (code == SQLITE_DONE) return {};
      if (code != SQLITE_ROW) return LastError();
      on_row(row);
    }
  }

  Status Transaction(const std::function<Status()>& body) override {
    const std::lock_guard lock(mutex_);
    if (depth_ > 0) return body();
    QUERN_TRY(Execute("BEGIN IMMEDIATE", {}));
    ++depth_;
    Status status = body();
    --depth_;
    if (status) status = Execute("COMMIT", {});
    if (!status) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
    return status;
  }

  Status Script(const std::string& sql) {
    const std::lock_guard lock(mutex_);
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      return LastError();
    }
    return {};
  }

 private:
  static void Bind(sqlite3_stmt* statement, int index, const Param& param) {
    if (const auto* i = std::get_if<int64_t>(&param)) {
      sqlite3_bind_int64(statement, index, *i);
    } else if (const auto* d = std::get_if<double>(&param)) {
      sqlite3_bind_double(statement, index, *d);
    } else if (const auto* s = std::get_if<std::string>(&param)) {
      // SQLITE_STATIC: the caller's parameters outlive the statement.
      sqlite3_bind_text(statement, index, s->data(), static_cast<int>(s->size()), nullptr);
    } else {
      sqlite3_bind_null(statement, index);
    }
  }

  std::unexpected<Error> LastError() const {
    const int code = sqlite3_extended_errcode(handle_);
    return Fail(CodeOf(code), "database '" + path_ + "': " + sqlite3_errmsg(handle_), HintOf(code));
  }

  sqlite3* handle_;
  std::string path_;
  std::recursive_mutex mutex_;
  int depth_ = 0;
};

Result<int64_t> SchemaVersion(Database& database) {
  int64_t version = 0;
  QUERN_TRY(
      database.Query("PRAGMA user_version", {}, [&](const Row& row) { version = row.Int(0); }));
  return version;
}

Status Migrate(SqliteDatabase& database, const std::string& path, Fs& fs) {
  QUERN_ASSIGN(const int64_t have, SchemaVersion(database));
  const auto newest = static_cast<int64_t>(Migrations().size());
  if (have > newest) {
    return Fail(Code::kFailedPrecondition,
                "'" + path + "' has schema " + std::to_string(have) +
                    ", made by a newer Quern; this one (" + QUERN_VERSION + ") knows schema " +
                    std::to_string(newest),
                "run it with the newer program");
  }
  if (have == newest) return {};
  if (have > 0) QUERN_TRY(fs.Copy(path, path + ".bak-" + std::to_string(have)));
  for (int64_t version = have; version < newest; ++version) {
    const Migration& migration = Migrations()[static_cast<size_t>(version)];
    Status done = database.Transaction([&]() -> Status {
      // Two processes may start at once: whoever comes second finds the work done.
      QUERN_ASSIGN(const int64_t now, SchemaVersion(database));
      if (now > version) return {};
      QUERN_TRY(database.Script(std::string(migration.sql)));
      return database.Script("PRAGMA user_version = " + std::to_string(version + 1));
    });
    if (!done) return Within(done.error(), "applying migration " + std::string(migration.name));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Database>> OpenSqlite(const std::string& path, Fs& fs) {
  if (path != kInMemory) QUERN_TRY(fs.MakeDirs(DirName(path)));
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
  auto database = std::make_unique<SqliteDatabase>(handle, path);
  if (code != SQLITE_OK) {
    return Fail(CodeOf(code), "cannot open the database '" + path + "': " + sqlite3_errstr(code),
                HintOf(code));
  }
  sqlite3_busy_timeout(handle, 10000);
  QUERN_TRY(database->Script(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"));
  QUERN_TRY(Migrate(*database, path, fs));
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace quern::store
