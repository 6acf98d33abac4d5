#include "data/check_sql.h"

#include <array>
#include <cmath>

#include "base/text.h"

namespace quern::data {
namespace {

using table::ColumnInfo;
using table::QuoteName;
using table::QuoteText;

const ColumnInfo* FindColumn(std::span<const ColumnInfo> columns, std::string_view name) {
  for (const ColumnInfo& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

/// Whole doubles are written with ".0", so that DuckDB does not read them as a too large integer.
std::string NumberSql(double value) {
  return "CAST(" + QuoteText(ShortestDouble(value)) + " AS DOUBLE)";
}

/// The value as a DOUBLE, NULL where it is none.
std::string AsNumberSql(const ColumnInfo& column) {
  const std::string value = ValueSql(column);
  return PhysicalOf(column.type) == Physical::kText ? "TRY_CAST(" + value + " AS DOUBLE)"
                                                    : "CAST(" + value + " AS DOUBLE)";
}

/// The value as milliseconds since the epoch, NULL where it is no time.
std::string AsTimeSql(const ColumnInfo& column) {
  const std::string value = ValueSql(column);
  if (PhysicalOf(column.type) == Physical::kText) {
    return "epoch_ms(TRY_CAST(" + value + " AS TIMESTAMP))";
  }
  if (column.type == "DATE") return "epoch_ms(CAST(" + value + " AS TIMESTAMP))";
  return "epoch_ms(" + value + ")";
}

std::string FailedUnless(const std::string& condition, const std::string& evaluated) {
  return "(" + evaluated + ") AND NOT coalesce(" + condition + ", FALSE)";
}

Result<CheckSql> Between(const Expectation& e, const ColumnInfo& column) {
  const Physical physical = PhysicalOf(column.type);
  if (e.is_time && (physical == Physical::kNumber || physical == Physical::kBoolean)) {
    return FailAt(e.where, "column '" + column.name + "' holds numbers, the bounds are times");
  }
  if (!e.is_time && (physical == Physical::kTime || physical == Physical::kOther)) {
    return FailAt(
        e.where, "column '" + column.name + "' is " + column.type + ", the bounds are numbers",
        physical == Physical::kTime ? "write the bounds as dates: [2024-01-01, 2024-12-31]"
                                    : "use type, in_set or regex");
  }
  const std::string x = e.is_time ? AsTimeSql(column) : AsNumberSql(column);
  std::string inside;
  if (e.min) inside = x + (e.strict_min ? " > " : " >= ") + NumberSql(*e.min);
  if (e.max) {
    inside +=
        (inside.empty() ? "" : " AND ") + x + (e.strict_max ? " < " : " <= ") + NumberSql(*e.max);
  }
  CheckSql out;
  out.evaluated = ValueSql(column) + " IS NOT NULL";
  out.failed = FailedUnless("(" + inside + ")", out.evaluated);
  out.aggregates = {"min(" + x + ")", "max(" + x + ")"};
  return out;
}

/// Numbers are compared as numbers, so that 1, 1.0 and 01 are one value.
std::string InSet(const Expectation& e, const ColumnInfo& column) {
  const Physical physical = PhysicalOf(column.type);
  std::vector<std::string> numbers, texts;
  for (const std::string& value : e.values) {
    if (auto number = ParseDouble(value)) numbers.push_back(NumberSql(*number));
    texts.push_back(
        QuoteText(physical == Physical::kBoolean ? ToLower(value) : std::string(Trim(value))));
  }
  const std::string as_number =
      numbers.empty() || physical == Physical::kTime || physical == Physical::kOther
          ? ""
          : "coalesce(" + AsNumberSql(column) + " IN (" + Join(numbers, ", ") + "), FALSE)";
  if (physical == Physical::kNumber) return as_number.empty() ? "FALSE" : as_number;
  const std::string as_text =
      "CAST(" + ValueSql(column) + " AS VARCHAR) IN (" + Join(texts, ", ") + ")";
  return as_number.empty() ? as_text : "(" + as_number + " OR " + as_text + ")";
}

std::string IsType(ValueType type, const ColumnInfo& column) {
  const Physical physical = PhysicalOf(column.type);
  const std::string value = ValueSql(column);
  switch (type) {
    case ValueType::kNumber:
      if (physical == Physical::kText) return "isfinite(" + AsNumberSql(column) + ")";
      return physical == Physical::kNumber ? "TRUE" : "FALSE";
    case ValueType::kInteger: {
      if (physical != Physical::kText && physical != Physical::kNumber) return "FALSE";
      const std::string x = AsNumberSql(column);
      return "(isfinite(" + x + ") AND " + x + " = trunc(" + x + "))";
    }
    case ValueType::kText:
      return physical == Physical::kText ? "TRUE" : "FALSE";
    case ValueType::kTime:
      if (physical == Physical::kText) {
        return "(TRY_CAST(" + value + " AS TIMESTAMP) IS NOT NULL)";
      }
      return physical == Physical::kTime ? "TRUE" : "FALSE";
    case ValueType::kBoolean:
      if (physical == Physical::kBoolean) return "TRUE";
      if (physical == Physical::kText) return "(TRY_CAST(" + value + " AS BOOLEAN) IS NOT NULL)";
      return physical == Physical::kNumber ? "(" + value + " IN (0, 1))" : "FALSE";
  }
  return "FALSE";
}

/// What people would type for the value: 1 for a DOUBLE of 1.0.
std::string AsWrittenSql(const ColumnInfo& column) {
  if (column.type == "DOUBLE" || column.type == "FLOAT" || StartsWith(column.type, "DECIMAL")) {
    return ShortNumberSql(AsNumberSql(column));
  }
  return "CAST(" + ValueSql(column) + " AS VARCHAR)";
}

Result<CheckSql> Expression(const Expectation& e, std::span<const ColumnInfo> columns) {
  QUERN_ASSIGN(const expr::Expr parsed, expr::Parse(e.expression, e.where));
  QUERN_ASSIGN(const expr::Type type, expr::Check(parsed, SchemaOfTable(columns)));
  if (type != expr::Type::kBoolean) {
    return FailAt(
        e.where,
        "'" + e.expression + "' is a " + std::string(expr::TypeName(type)) + ", not a condition",
        "compare it with something: … > 0");
  }
  CheckSql out;
  for (const expr::ColumnRef& ref : expr::Columns(parsed)) {
    if (const ColumnInfo* column = FindColumn(columns, ref.name)) out.read.push_back(*column);
  }
  const std::string sql = "(" + expr::ToSql(parsed) + ")";
  out.evaluated = sql + " IS NOT NULL";
  out.failed = FailedUnless(sql, out.evaluated);
  return out;
}

Result<CheckSql> Freshness(const Expectation& e, const ColumnInfo& column) {
  const Physical physical = PhysicalOf(column.type);
  if (physical != Physical::kTime && physical != Physical::kText) {
    return FailAt(e.where, "column '" + column.name + "' is " + column.type + ", not a time");
  }
  CheckSql out;
  out.aggregates = {"max(" + AsTimeSql(column) + ")"};
  return out;
}

CheckSql Unique(std::span<const ColumnInfo> read) {
  CheckSql out;
  std::vector<std::string> values, present;
  for (const ColumnInfo& column : read) {
    values.push_back(ValueSql(column));
    present.push_back(values.back() + " IS NOT NULL");
  }
  out.evaluated = Join(present, " AND ");
  out.aggregates = {"count(DISTINCT " +
                    (values.size() == 1 ? values.front() : "row(" + Join(values, ", ") + ")") +
                    ") FILTER (WHERE " + out.evaluated + ")"};
  return out;
}

Result<CheckSql> OneColumn(const Expectation& e, const ColumnInfo& column) {
  CheckSql out;
  out.evaluated = ValueSql(column) + " IS NOT NULL";
  switch (e.kind) {
    case CheckKind::kNotNull:
      out.failed = ValueSql(column) + " IS NULL";
      out.evaluated = "TRUE";
      return out;
    case CheckKind::kBetween:
      return Between(e, column);
    case CheckKind::kInSet:
      out.failed = FailedUnless(InSet(e, column), out.evaluated);
      return out;
    case CheckKind::kType:
      out.failed = FailedUnless(IsType(e.type, column), out.evaluated);
      return out;
    case CheckKind::kRegex:
      out.failed =
          FailedUnless("regexp_matches(" + AsWrittenSql(column) + ", " + QuoteText(e.pattern) + ")",
                       out.evaluated);
      return out;
    case CheckKind::kFreshness:
      return Freshness(e, column);
    case CheckKind::kUnique:
    case CheckKind::kExpression:
    case CheckKind::kRowCount:
      break;
  }
  return Fail(Code::kInternal, "not a rule on one column: " + std::string(KindName(e.kind)));
}

}  // namespace

Physical PhysicalOf(std::string_view type) {
  constexpr std::array<std::string_view, 13> kNumbers = {
      "TINYINT",  "SMALLINT", "INTEGER",  "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
      "UINTEGER", "UBIGINT",  "UHUGEINT", "FLOAT",  "DOUBLE",  "BIGNUM"};
  for (std::string_view number : kNumbers) {
    if (type == number) return Physical::kNumber;
  }
  if (StartsWith(type, "DECIMAL")) return Physical::kNumber;
  if (type == "BOOLEAN") return Physical::kBoolean;
  if (type == "VARCHAR" || StartsWith(type, "ENUM")) return Physical::kText;
  if (type == "DATE" || StartsWith(type, "TIMESTAMP")) return Physical::kTime;
  return Physical::kOther;
}

expr::Schema SchemaOfTable(std::span<const ColumnInfo> columns) {
  expr::Schema out;
  for (const ColumnInfo& column : columns) {
    const Physical physical = PhysicalOf(column.type);
    out.push_back({column.name, physical == Physical::kNumber    ? expr::Type::kNumber
                                : physical == Physical::kBoolean ? expr::Type::kBoolean
                                                                 : expr::Type::kText});
  }
  return out;
}

std::string ValueSql(const ColumnInfo& column) {
  const std::string name = QuoteName(column.name);
  if (column.type == "DOUBLE" || column.type == "FLOAT") {
    return "nullif(" + name + ", CAST('nan' AS " + column.type + "))";
  }
  if (PhysicalOf(column.type) == Physical::kText) {
    return "nullif(trim(CAST(" + name + " AS VARCHAR)), '')";
  }
  return name;
}

std::string ShortNumberSql(const std::string& x) {
  // DuckDB writes 1.0 for 1; a fraction always has more than a zero behind its point.
  return "regexp_replace(CAST(" + x + " AS VARCHAR), '\\.0$', '')";
}

Result<CheckSql> CompileCheck(const Expectation& e, std::span<const ColumnInfo> columns) {
  if (e.kind == CheckKind::kRowCount) return CheckSql{};
  if (e.kind == CheckKind::kExpression) return Expression(e, columns);
  std::vector<ColumnInfo> read;
  for (const std::string& name : e.columns) {
    const ColumnInfo* column = FindColumn(columns, name);
    if (column == nullptr) {
      std::vector<std::string> known;
      for (const ColumnInfo& one : columns) known.push_back(one.name);
      return FailAt(e.where, "unknown column '" + name + "'", SuggestName(name, known));
    }
    read.push_back(*column);
  }
  if (read.empty()) return FailAt(e.where, std::string(KindName(e.kind)) + " names no column");
  Result<CheckSql> out =
      e.kind == CheckKind::kUnique ? Result<CheckSql>(Unique(read)) : OneColumn(e, read.front());
  if (out) out->read = std::move(read);
  return out;
}

}  // namespace quern::data
