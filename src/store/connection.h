#pragma once
// Inside of store/ only: what the two engines differ in. engine_database.h makes a Database of it.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/database.h"

namespace quern::store {

/// Where an error of a database is. A server shows its clients neither this nor the engine's words.
inline Position AtDatabase(const std::string& name) { return {"database '" + name + "'", 0, 0}; }

/// Prepared statements that a connection keeps.
inline constexpr size_t kKeptStatements = 256;

/// One connection to a database. Not thread-safe: whoever uses it holds it alone.
class Connection {
 public:
  virtual ~Connection() = default;

  /// One statement, prepared once and kept. In a transaction `on_row` may query the same
  /// connection.
  virtual Status Query(std::string_view sql, const std::vector<Param>& params,
                       const std::function<void(const Row&)>& on_row) = 0;
  /// One change outside of a transaction, a transaction of its own.
  virtual Status Execute(std::string_view sql, const std::vector<Param>& params) = 0;
  /// Any number of statements, without parameters.
  virtual Status Script(const std::string& sql) = 0;

  /// Waits for the transactions of other writers, those of other processes too.
  virtual Status Begin() = 0;
  /// After an error nothing was kept, unless the error says that this is unknown.
  virtual Status Commit() = 0;
  /// Harmless without a transaction.
  virtual void Rollback() = 0;

  virtual Status Savepoint() = 0;
  /// The savepoint stays.
  virtual Status RollbackToSavepoint() = 0;
  virtual Status ReleaseSavepoint() = 0;
};

using OpenConnection = std::function<Result<std::unique_ptr<Connection>>()>;

}  // namespace quern::store
