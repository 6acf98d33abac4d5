#pragma once
// Inside of table/ only: owners and readers of the C API's results. Includes duckdb.h.
#include <duckdb.h>

#include <functional>
#include <string>
#include <vector>

#include "table/session.h"

namespace quern::table {

/// Owns a duckdb_result.
class DuckResult {
 public:
  DuckResult() = default;
  ~DuckResult() { duckdb_destroy_result(&result_); }
  DuckResult(const DuckResult&) = delete;
  DuckResult& operator=(const DuckResult&) = delete;
  duckdb_result* get() { return &result_; }
  const char* error() { return duckdb_result_error(&result_); }

 private:
  duckdb_result result_{};
};

/// One chunk of a result (up to 2048 rows); borrows the chunk.
class ChunkView {
 public:
  ChunkView(duckdb_data_chunk chunk, DuckResult& result);
  size_t rows() const { return rows_; }
  Value Read(size_t column, size_t row) const;
  /// NaN for NULL.
  void AppendNumbers(size_t column, std::vector<double>& out) const;
  /// "" for NULL.
  void AppendTexts(size_t column, std::vector<std::string>& out) const;

 private:
  struct Vector {
    duckdb_type type;  // as stored: a decimal's is that of its integers
    double scale = 0;  // of a decimal: value = stored / scale; 0 for other types
    const void* data;
    uint64_t* validity;
  };
  bool Valid(const Vector& vector, size_t row) const;
  static double Number(const Vector& vector, size_t row);
  std::vector<Vector> vectors_;
  size_t rows_;
};

/// An error of the engine as ours: its prefix ("Binder Error: …") decides the code.
std::unexpected<Error> DuckError(const char* message);

/// Runs one statement; columns whose types ChunkView cannot read come as text. Returns the columns
/// and no rows.
Result<Rows> RunQuery(duckdb_connection connection, const std::string& sql, DuckResult& result);
Status ForEachChunk(DuckResult& result, const std::function<Status(const ChunkView&)>& visit);
/// Whether a column is a number or a boolean.
bool IsNumeric(DuckResult& result, size_t column);
/// Appends to an existing table of DOUBLE and VARCHAR columns.
Status AppendFrame(duckdb_connection connection, const std::string& table, const Frame& frame);

}  // namespace quern::table
