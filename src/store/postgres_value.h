#pragma once
// Inside of store/ only: values on their way to PostgreSQL and back, in its binary format.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "store/libpq.h"

namespace quern::store {

/// Parameters as libpq takes them: numbers as int8 and float8, bytes as bytea, a NaN as NULL as in
/// SQLite. The type of a NULL is left to the server. Borrows texts and bytes of `params`.
class PostgresParams {
 public:
  /// kInvalidArgument for a value of more than 1 GB.
  static Result<PostgresParams> Of(const std::vector<Param>& params);

  int count() const { return static_cast<int>(types_.size()); }
  const Oid* types() const { return types_.data(); }
  const std::vector<const char*>& Values();
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }
  /// One letter per parameter: statements are prepared per text and types.
  std::string Signature() const;

 private:
  Status Add(const Param& param);
  void AddNumber(Oid type, uint64_t bits);

  std::vector<Oid> types_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  /// Eight bytes per parameter, of numbers only.
  std::string numbers_;
  /// Where a text is; nullptr for numbers and NULL.
  std::vector<const char*> texts_;
  std::vector<const char*> values_;
};

/// Decimal text of a `numeric`, which PostgreSQL makes of sums; "NaN" and "Infinity" are such
/// words.
std::string NumericText(std::string_view bytes);

/// A row of a result in binary format.
class PostgresRow : public Row {
 public:
  PostgresRow(const Libpq& libpq, const PGresult* result, int row)
      : libpq_(libpq), result_(result), row_(row) {}
  bool IsNull(int column) const override;
  int64_t Int(int column) const override;
  double Number(int column) const override;
  std::string Text(int column) const override;

 private:
  std::string_view BytesOf(int column) const;
  const Libpq& libpq_;
  const PGresult* result_;
  int row_;
};

}  // namespace quern::store
