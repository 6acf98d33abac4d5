#include "store/sqlite_connection.h"

namespace quern::store {
namespace {

/// Searches make new texts without end; past this many the kept statements are dropped.

Code CodeOfConstraint(int extended_code) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return Code::kFailedPrecondition;
    case SQLITE_CONSTRAINT_NOTNULL:
    case SQLITE_CONSTRAINT_CHECK:
    case SQLITE_CONSTRAINT_DATATYPE:
      return Code::kInvalidArgument;
    default:
      return Code::kAlreadyExists;
  }
}

Code CodeOfSqlite(int sqlite_code) {
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
      return CodeOfConstraint(sqlite_code);
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
    case SQLITE_BUSY:
      return "another process holds the database; try again";
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

/// SQLITE_STATIC: the caller's parameters outlive the statement's run.
void Bind(sqlite3_stmt* statement, int index, const Param& param) {
  if (const auto* i = std::get_if<int64_t>(&param)) {
    sqlite3_bind_int64(statement, index, *i);
  } else if (const auto* d = std::get_if<double>(&param)) {
    sqlite3_bind_double(statement, index, *d);
  } else if (const auto* s = std::get_if<std::string>(&param)) {
    sqlite3_bind_text(statement, index, s->data(), static_cast<int>(s->size()), nullptr);
  } else if (const auto* b = std::get_if<Bytes>(&param)) {
    sqlite3_bind_blob(statement, index, b->data.data(), static_cast<int>(b->data.size()), nullptr);
  } else {
    sqlite3_bind_null(statement, index);
  }
}

}  // namespace

std::unexpected<Error> SqliteError(int code, const std::string& path, std::string_view text) {
  return Fail(CodeOfSqlite(code), std::string(text), HintOf(code), AtDatabase(path));
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path,
                                                                 bool read_only) {
  sqlite3* handle = nullptr;
  const int access = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, access | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(handle, path));
  if (code != SQLITE_OK) {
    return Fail(CodeOfSqlite(code), std::string("it cannot be opened: ") + sqlite3_errstr(code),
                HintOf(code), AtDatabase(path));
  }
  sqlite3_busy_timeout(handle, 10000);
  return connection;
}

SqliteConnection::~SqliteConnection() {
  idle_.clear();
  sqlite3_close(handle_);
}

Result<SqliteConnection::Statements::node_type> SqliteConnection::Take(std::string_view sql) {
  if (auto found = idle_.find(sql); found != idle_.end()) return idle_.extract(found);
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &raw, nullptr) != SQLITE_OK) {
    return LastError();
  }
  Statements one;
  const auto made = one.emplace(sql, raw).first;
  return one.extract(made);
}

Status SqliteConnection::Step(sqlite3_stmt* statement, const std::vector<Param>& params,
                              const std::function<void(const Row&)>& on_row) {
  for (size_t i = 0; i < params.size(); ++i) Bind(statement, static_cast<int>(i) + 1, params[i]);
  const StatementRow row(statement);
  for (;;) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return LastError();
    on_row(row);
  }
}

Status SqliteConnection::Query(std::string_view sql, const std::vector<Param>& params,
                               const std::function<void(const Row&)>& on_row) {
  QUERN_ASSIGN(auto node, Take(sql));
  sqlite3_stmt* statement = node.mapped().get();
  Status status = Step(statement, params, on_row);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (idle_.size() >= kKeptStatements) idle_.clear();
  idle_.insert(std::move(node));
  return status;
}

Status SqliteConnection::Execute(std::string_view sql, const std::vector<Param>& params) {
  return Query(sql, params, [](const Row&) {});
}

Status SqliteConnection::Script(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return LastError();
  }
  return {};
}

std::unexpected<Error> SqliteConnection::LastError() const {
  return SqliteError(sqlite3_extended_errcode(handle_), path_, sqlite3_errmsg(handle_));
}

}  // namespace quern::store
