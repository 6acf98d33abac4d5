#pragma once
// Inside of store/ only: one SQLite connection and its prepared statements.
#include <sqlite3.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "store/connection.h"

namespace quern::store {

/// The error of a SQLite result code: code and remedy.
std::unexpected<Error> SqliteError(int code, const std::string& path, std::string_view text);

class SqliteConnection : public Connection {
 public:
  static Result<std::unique_ptr<SqliteConnection>> Open(const std::string& path, bool read_only);
  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  Status Query(std::string_view sql, const std::vector<Param>& params,
               const std::function<void(const Row&)>& on_row) override;
  Status Execute(std::string_view sql, const std::vector<Param>& params) override;
  Status Script(const std::string& sql) override;
  Status Begin() override { return Execute("BEGIN IMMEDIATE", {}); }
  Status Commit() override { return Execute("COMMIT", {}); }
  void Rollback() override { (void)Script("ROLLBACK"); }
  Status Savepoint() override { return Execute("SAVEPOINT one", {}); }
  Status RollbackToSavepoint() override { return Execute("ROLLBACK TO one", {}); }
  Status ReleaseSavepoint() override { return Execute("RELEASE one", {}); }

  /// For what the port does not have: copies of whole files.
  sqlite3* handle() const { return handle_; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  /// A statement with its text.
  using Statements = std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, Hash,
                                        std::equal_to<>>;
  SqliteConnection(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  Result<Statements::node_type> Take(std::string_view sql);
  Status Step(sqlite3_stmt* statement, const std::vector<Param>& params,
              const std::function<void(const Row&)>& on_row);
  std::unexpected<Error> LastError() const;

  sqlite3* handle_;
  std::string path_;
  /// Idle ones by their text; one in use is not here.
  Statements idle_;
};

}  // namespace quern::store
