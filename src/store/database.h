#pragma once
// The metadata database: SQLite or PostgreSQL behind a small port. Only store/ sees sqlite3.h and
// libpq-fe.h. SQL in other rooms uses `?` parameters and the subset both engines share (README.md).
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/fs.h"
#include "base/result.h"

namespace quern::store {

/// Bytes that are no text.
struct Bytes {
  std::string data;
};
using Param = std::variant<std::monostate, int64_t, double, std::string, Bytes>;

enum class Dialect { kSqlite, kPostgres };

/// One result row; columns by index. Getters of a NULL give 0, 0.0, "".
class Row {
 public:
  virtual ~Row() = default;
  virtual bool IsNull(int column) const = 0;
  virtual int64_t Int(int column) const = 0;
  virtual double Number(int column) const = 0;
  /// Text, or the bytes of a column of bytes.
  virtual std::string Text(int column) const = 0;
};

/// Thread-safe. Changes are serialised; queries outside of a transaction run beside them, on what
/// was committed last. A statement that fails in a transaction fails the whole of it: later ones
/// give the same error, and nothing is kept, whatever the body returns.
///
/// Errors: kAlreadyExists for a unique key in use, kFailedPrecondition for a missing or still used
/// foreign key, kInvalidArgument for another broken constraint, kAborted if another process holds
/// the database for long, kResourceExhausted for a full disk, kUnavailable if PostgreSQL does not
/// answer.
class Database {
 public:
  virtual ~Database() = default;
  virtual Status Execute(std::string_view sql, const std::vector<Param>& params = {}) = 0;
  /// Calls `on_row` per row; `on_row` may query again. In a transaction PostgreSQL's rows are all
  /// in memory before the first is seen; outside of one they are streamed.
  virtual Status Query(std::string_view sql, const std::vector<Param>& params,
                       const std::function<void(const Row&)>& on_row) = 0;
  /// All of `body` or nothing: rolled back if it returns an error. Nested calls join the outer one.
  virtual Status Transaction(const std::function<Status()>& body) = 0;
  /// The same for many callers at once: bodies that wait at the same moment share one commit, so
  /// that the disk is asked once for all of them. Returns when the change is as durable as any. A
  /// body may run on another caller's thread: it must hold no lock that others' bodies take.
  virtual Status Write(const std::function<Status()>& body) { return Transaction(body); }
  virtual Dialect dialect() const { return Dialect::kSqlite; }
};

/// What a commit that was answered survives.
enum class Durability {
  kSafe,     // power loss: the disk has confirmed it
  kRelaxed,  // the end of the process; power loss may take the last moments, never the order
};

/// A path that is no file: a database that lives and dies with the process.
inline constexpr char kInMemory[] = ":memory:";

/// Opens (creating if absent) the SQLite file, WAL, synchronous=FULL (NORMAL if relaxed), foreign
/// keys on, and applies
/// the migrations that it lacks, each in one transaction, after copying an existing file aside
/// (`quern.db.bak-<schema>`). A schema newer than this program's is kFailedPrecondition naming
/// both; a file that is not a database is kDataLoss.
Result<std::unique_ptr<Database>> OpenSqlite(const std::string& path, Fs& fs,
                                             Durability durability = Durability::kSafe);

}  // namespace quern::store
