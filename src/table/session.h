#pragma once
// A DuckDB session: SQL over Parquet, CSV and frames. Only table/ sees duckdb.h.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/frame.h"
#include "base/result.h"

namespace quern::table {

/// One cell: null, boolean, integer, double or text (everything else as DuckDB prints it).
using Value = std::variant<std::monostate, bool, int64_t, double, std::string>;
bool IsNull(const Value& value);
/// Numbers (and booleans) as double, NaN for null and for text.
double ToNumber(const Value& value);
/// As shown to people; "" for null; doubles in shortest form.
std::string ToText(const Value& value);

struct ColumnInfo {
  std::string name;
  std::string type;  // DuckDB's name: DOUBLE, BIGINT, VARCHAR, BOOLEAN, TIMESTAMP, DATE, …
};

/// A small result, row-major.
struct Rows {
  std::vector<ColumnInfo> columns;
  std::vector<std::vector<Value>> rows;
};

struct SessionOptions {
  int threads = 2;
  int64_t memory_limit_mb = 256;
};

/// An in-memory database of its own. Not thread-safe: one session per task. Destroying it frees
/// all.
class Session {
 public:
  static Result<std::unique_ptr<Session>> Open(const SessionOptions& options = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Runs statements whose results do not matter.
  Status Execute(const std::string& sql);
  /// One statement.
  Result<Rows> Query(const std::string& sql);
  /// Result as a Frame: numeric and boolean columns as numbers, the rest as text.
  Result<Frame> QueryFrame(const std::string& sql);
  /// Columns of a SELECT (or `FROM …`) without running it, types in full: DECIMAL(9,2).
  Result<std::vector<ColumnInfo>> Describe(const std::string& sql);
  /// The same in pieces of a few thousand rows, in order, never all in memory. The visitor's error
  /// ends the scan and is returned.
  Status Scan(const std::string& sql, const std::function<Status(const Frame&)>& visit);
  /// Creates (or replaces) table `name` from a frame: DOUBLE (NaN as NULL) and VARCHAR ("" as
  /// NULL).
  Status Register(const std::string& name, const Frame& frame);
  /// Adds rows to a table that Register() made of a frame with the same columns.
  Status Append(const std::string& name, const Frame& frame);
  /// Interrupts a running query from another thread.
  void Interrupt();

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// "name" with quotes doubled, and 'text' likewise.
std::string QuoteName(std::string_view name);
std::string QuoteText(std::string_view text);

}  // namespace quern::table
