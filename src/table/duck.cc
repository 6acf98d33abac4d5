#include "table/duck.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "base/text.h"

namespace quern::table {
namespace {

bool IsNumberType(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_DECIMAL:
      return true;
    default:
      return false;
  }
}

bool IsReadable(duckdb_type type) { return IsNumberType(type) || type == DUCKDB_TYPE_VARCHAR; }

template <class T>
T At(const void* data, size_t row) {
  return static_cast<const T*>(data)[row];
}

std::string_view TextAt(const void* data, size_t row) {
  // The C API takes a non-const pointer to read a string.
  duckdb_string_t text = static_cast<const duckdb_string_t*>(data)[row];
  if (duckdb_string_is_inlined(text)) {
    const auto& inlined = static_cast<const duckdb_string_t*>(data)[row].value.inlined;
    return {inlined.inlined, inlined.length};
  }
  return {duckdb_string_t_data(&text), duckdb_string_t_length(text)};
}

std::string TypeName(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
      return "BOOLEAN";
    case DUCKDB_TYPE_TINYINT:
      return "TINYINT";
    case DUCKDB_TYPE_SMALLINT:
      return "SMALLINT";
    case DUCKDB_TYPE_INTEGER:
      return "INTEGER";
    case DUCKDB_TYPE_BIGINT:
      return "BIGINT";
    case DUCKDB_TYPE_UTINYINT:
      return "UTINYINT";
    case DUCKDB_TYPE_USMALLINT:
      return "USMALLINT";
    case DUCKDB_TYPE_UINTEGER:
      return "UINTEGER";
    case DUCKDB_TYPE_UBIGINT:
      return "UBIGINT";
    case DUCKDB_TYPE_HUGEINT:
      return "HUGEINT";
    case DUCKDB_TYPE_UHUGEINT:
      return "UHUGEINT";
    case DUCKDB_TYPE_FLOAT:
      return "FLOAT";
    case DUCKDB_TYPE_DOUBLE:
      return "DOUBLE";
    case DUCKDB_TYPE_DECIMAL:
      return "DECIMAL";
    case DUCKDB_TYPE_VARCHAR:
      return "VARCHAR";
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return "TIMESTAMP";
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return "TIMESTAMP WITH TIME ZONE";
    case DUCKDB_TYPE_DATE:
      return "DATE";
    case DUCKDB_TYPE_TIME:
      return "TIME";
    case DUCKDB_TYPE_INTERVAL:
      return "INTERVAL";
    case DUCKDB_TYPE_BLOB:
      return "BLOB";
    case DUCKDB_TYPE_ENUM:
      return "ENUM";
    case DUCKDB_TYPE_LIST:
      return "LIST";
    case DUCKDB_TYPE_STRUCT:
      return "STRUCT";
    case DUCKDB_TYPE_MAP:
      return "MAP";
    case DUCKDB_TYPE_UUID:
      return "UUID";
    default:
      return "OTHER";
  }
}

/// Owns a prepared statement.
class Prepared {
 public:
  Prepared(duckdb_connection connection, const std::string& sql)
      : good_(duckdb_prepare(connection, sql.c_str(), &statement_) == DuckDBSuccess) {}
  ~Prepared() { duckdb_destroy_prepare(&statement_); }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  bool good() const { return good_; }
  duckdb_prepared_statement get() const { return statement_; }
  Status Execute(DuckResult& result) const {
    if (duckdb_execute_prepared(statement_, result.get()) == DuckDBSuccess) return {};
    return DuckError(result.error());
  }

 private:
  duckdb_prepared_statement statement_ = nullptr;
  bool good_;
};

}  // namespace

ChunkView::ChunkView(duckdb_data_chunk chunk, DuckResult& result)
    : rows_(duckdb_data_chunk_get_size(chunk)) {
  const idx_t columns = duckdb_data_chunk_get_column_count(chunk);
  for (idx_t c = 0; c < columns; ++c) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, c);
    Vector view{duckdb_column_type(result.get(), c), 0, duckdb_vector_get_data(vector),
                duckdb_vector_get_validity(vector)};
    if (view.type == DUCKDB_TYPE_DECIMAL) {
      duckdb_logical_type logical = duckdb_vector_get_column_type(vector);
      view.type = duckdb_decimal_internal_type(logical);
      view.scale = std::pow(10.0, duckdb_decimal_scale(logical));
      duckdb_destroy_logical_type(&logical);
    }
    vectors_.push_back(view);
  }
}

bool ChunkView::Valid(const Vector& vector, size_t row) const {
  return vector.validity == nullptr || duckdb_validity_row_is_valid(vector.validity, row);
}

double ChunkView::Number(const Vector& vector, size_t row) {
  const void* data = vector.data;
  double value = 0;
  switch (vector.type) {
    case DUCKDB_TYPE_BOOLEAN:
      return At<bool>(data, row) ? 1 : 0;
    case DUCKDB_TYPE_TINYINT:
      return At<int8_t>(data, row);
    case DUCKDB_TYPE_UTINYINT:
      return At<uint8_t>(data, row);
    case DUCKDB_TYPE_USMALLINT:
      return At<uint16_t>(data, row);
    case DUCKDB_TYPE_UINTEGER:
      return At<uint32_t>(data, row);
    case DUCKDB_TYPE_UBIGINT:
      return static_cast<double>(At<uint64_t>(data, row));
    case DUCKDB_TYPE_FLOAT:
      return static_cast<double>(At<float>(data, row));
    case DUCKDB_TYPE_DOUBLE:
      return At<double>(data, row);
    case DUCKDB_TYPE_SMALLINT:
      value = At<int16_t>(data, row);
      break;
    case DUCKDB_TYPE_INTEGER:
      value = At<int32_t>(data, row);
      break;
    case DUCKDB_TYPE_BIGINT:
      value = static_cast<double>(At<int64_t>(data, row));
      break;
    case DUCKDB_TYPE_HUGEINT:
      value = duckdb_hugeint_to_double(At<duckdb_hugeint>(data, row));
      break;
    default:
      return std::numeric_limits<double>::quiet_NaN();
  }
  return vector.scale > 0 ? value / vector.scale : value;
}

Value ChunkView::Read(size_t column, size_t row) const {
  const Vector& vector = vectors_[column];
  if (!Valid(vector, row)) return {};
  if (vector.type == DUCKDB_TYPE_VARCHAR) return std::string(TextAt(vector.data, row));
  if (vector.type == DUCKDB_TYPE_BOOLEAN) return At<bool>(vector.data, row);
  const double number = Number(vector, row);
  if (vector.scale > 0) return number;
  switch (vector.type) {
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
      return number;
    case DUCKDB_TYPE_BIGINT:
      return At<int64_t>(vector.data, row);
    case DUCKDB_TYPE_UBIGINT: {
      const auto whole = At<uint64_t>(vector.data, row);
      return whole <= uint64_t{INT64_MAX} ? Value(static_cast<int64_t>(whole)) : Value(number);
    }
    case DUCKDB_TYPE_HUGEINT: {
      const auto huge = At<duckdb_hugeint>(vector.data, row);
      const bool fits = huge.upper == (static_cast<int64_t>(huge.lower) < 0 ? -1 : 0);
      return fits ? Value(static_cast<int64_t>(huge.lower)) : Value(number);
    }
    default:
      return static_cast<int64_t>(number);
  }
}

void ChunkView::AppendNumbers(size_t column, std::vector<double>& out) const {
  const Vector& vector = vectors_[column];
  if (vector.type == DUCKDB_TYPE_DOUBLE && vector.validity == nullptr) {
    const auto* data = static_cast<const double*>(vector.data);
    out.insert(out.end(), data, data + rows_);
    return;
  }
  for (size_t r = 0; r < rows_; ++r) {
    out.push_back(Valid(vector, r) ? Number(vector, r) : std::numeric_limits<double>::quiet_NaN());
  }
}

void ChunkView::AppendTexts(size_t column, std::vector<std::string>& out) const {
  const Vector& vector = vectors_[column];
  for (size_t r = 0; r < rows_; ++r) {
    const bool present = vector.type == DUCKDB_TYPE_VARCHAR && Valid(vector, r);
    out.emplace_back(present ? TextAt(vector.data, r) : std::string_view());
  }
}

std::unexpected<Error> DuckError(const char* message) {
  const std::string_view text = message != nullptr ? message : "the table engine failed";
  const auto holds = [&](std::string_view part) {
    return text.find(part) != std::string_view::npos;
  };
  if (holds("INTERRUPT Error")) return Fail(Code::kCancelled, "interrupted");
  if (holds("No space left on device") || holds("File too large") || holds("quota exceeded")) {
    return Fail(Code::kResourceExhausted, std::string(text), "free some space and run again");
  }
  if (StartsWith(text, "Out of Memory")) {
    return Fail(Code::kResourceExhausted, std::string(text), "give the table engine more memory");
  }
  if (holds("Permission denied") || holds("Read-only file system")) {
    return Fail(Code::kPermissionDenied, std::string(text), "check who may read and write there");
  }
  if (holds("No files found that match") || holds("No such file or directory")) {
    return Fail(Code::kNotFound, std::string(text));
  }
  if (StartsWith(text, "IO Error")) return Fail(Code::kUnavailable, std::string(text));
  if (StartsWith(text, "INTERNAL Error") || StartsWith(text, "FATAL Error")) {
    return Fail(Code::kInternal, std::string(text));
  }
  return Fail(Code::kInvalidArgument, std::string(text));
}

Result<Rows> RunQuery(duckdb_connection connection, const std::string& sql, DuckResult& result) {
  const Prepared plain(connection, sql);
  if (!plain.good()) return DuckError(duckdb_prepare_error(plain.get()));
  Rows rows;
  std::string names;
  std::string casts;
  bool readable = true;
  const idx_t columns = duckdb_prepared_statement_column_count(plain.get());
  for (idx_t c = 0; c < columns; ++c) {
    const char* name = duckdb_prepared_statement_column_name(plain.get(), c);
    const duckdb_type type = duckdb_prepared_statement_column_type(plain.get(), c);
    rows.columns.push_back({name != nullptr ? name : "", TypeName(type)});
    duckdb_free(const_cast<char*>(name));
    readable = readable && IsReadable(type);
    const std::string alias = "c" + std::to_string(c);
    names += (c > 0 ? ", " : "") + alias;
    casts += (c > 0 ? ", " : "") + (IsReadable(type) ? alias : alias + "::VARCHAR");
  }
  if (readable) {
    QUERN_TRY(plain.Execute(result));
    return rows;
  }
  std::string inner(Trim(sql));
  if (inner.ends_with(';')) inner.pop_back();
  const Prepared wrapped(connection,
                         "SELECT " + casts + " FROM (" + inner + "\n) AS q(" + names + ")");
  // What cannot stand in a FROM (EXPLAIN, a setting) runs as it is; such columns are read as
  // missing.
  QUERN_TRY(wrapped.good() ? wrapped.Execute(result) : plain.Execute(result));
  return rows;
}

Status ForEachChunk(DuckResult& result, const std::function<Status(const ChunkView&)>& visit) {
  while (duckdb_data_chunk chunk = duckdb_fetch_chunk(*result.get())) {
    const Status visited = visit(ChunkView(chunk, result));
    duckdb_destroy_data_chunk(&chunk);
    QUERN_TRY(visited);
  }
  if (const char* problem = result.error(); problem != nullptr && *problem != '\0') {
    return DuckError(problem);
  }
  return {};
}

bool IsNumeric(DuckResult& result, size_t column) {
  return IsNumberType(duckdb_column_type(result.get(), column));
}

namespace {

/// Owns an appender and the one chunk that it is fed with.
class ChunkAppender {
 public:
  ChunkAppender(duckdb_connection connection, const std::string& table, const Frame& frame) {
    good_ = duckdb_appender_create(connection, nullptr, table.c_str(), &appender_) == DuckDBSuccess;
    std::vector<duckdb_logical_type> types;
    for (const Column& column : frame.columns) {
      types.push_back(
          duckdb_create_logical_type(column.is_text ? DUCKDB_TYPE_VARCHAR : DUCKDB_TYPE_DOUBLE));
    }
    chunk_ = duckdb_create_data_chunk(types.data(), types.size());
    for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
  }
  ~ChunkAppender() {
    duckdb_destroy_data_chunk(&chunk_);
    duckdb_appender_destroy(&appender_);
  }
  ChunkAppender(const ChunkAppender&) = delete;
  ChunkAppender& operator=(const ChunkAppender&) = delete;

  Status Append(const Frame& frame, size_t first, size_t count) {
    duckdb_data_chunk_reset(chunk_);
    for (size_t c = 0; c < frame.columns.size(); ++c) {
      Fill(duckdb_data_chunk_get_vector(chunk_, c), frame.columns[c], first, count);
    }
    duckdb_data_chunk_set_size(chunk_, count);
    return Check(good_ && duckdb_append_data_chunk(appender_, chunk_) == DuckDBSuccess);
  }
  Status Close() { return Check(good_ && duckdb_appender_close(appender_) == DuckDBSuccess); }

 private:
  static void Fill(duckdb_vector vector, const Column& column, size_t first, size_t count) {
    duckdb_vector_ensure_validity_writable(vector);
    uint64_t* validity = duckdb_vector_get_validity(vector);
    auto* numbers = static_cast<double*>(duckdb_vector_get_data(vector));
    for (size_t i = 0; i < count; ++i) {
      const size_t row = first + i;
      duckdb_validity_set_row_validity(validity, i, !column.Missing(row));
      if (column.Missing(row)) continue;
      if (column.is_text) {
        duckdb_vector_assign_string_element_len(vector, i, column.texts[row].data(),
                                                column.texts[row].size());
      } else {
        numbers[i] = column.numbers[row];
      }
    }
  }
  Status Check(bool good) {
    if (good) return {};
    duckdb_error_data data = duckdb_appender_error_data(appender_);
    auto error = DuckError(duckdb_error_data_message(data));
    duckdb_destroy_error_data(&data);
    return error;
  }

  duckdb_appender appender_ = nullptr;
  duckdb_data_chunk chunk_ = nullptr;
  bool good_ = false;
};

}  // namespace

Status AppendFrame(duckdb_connection connection, const std::string& table, const Frame& frame) {
  ChunkAppender appender(connection, table, frame);
  const size_t step = duckdb_vector_size();
  for (size_t first = 0; first < frame.rows(); first += step) {
    QUERN_TRY(appender.Append(frame, first, std::min(step, frame.rows() - first)));
  }
  return appender.Close();
}

}  // namespace quern::table
