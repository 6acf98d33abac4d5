#include "data/ingest_types.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace quern::data {
namespace {

constexpr double kMaxCategories = 50;
constexpr char kTrueWords[] = "('true', 't', 'yes', 'y')";
constexpr char kFalseWords[] = "('false', 'f', 'no', 'n')";

/// SQL of the number that a text is, as ParseDouble reads it, or NULL. DuckDB's cast also takes
/// 1_000 and
/// +-1. Adding zero makes -0 and 0 one.
std::string NumberSql(std::string column, const std::string& decimal) {
  if (decimal == ",") column = "replace(" + column + ", ',', '.')";
  const std::string cast = "TRY_CAST(" + column + " AS DOUBLE)";
  return "CASE WHEN isfinite(" + cast + ") AND NOT contains(" + column +
         ", '_') AND NOT starts_with(" + column + ", '+-') THEN " + cast + " + 0e0 END";
}

/// SQL of the time that an ISO 8601 date or time is, in UTC, or NULL. The first test spares most
/// texts the others, which are slow.
std::string TimeSql(const std::string& column) {
  return "CASE WHEN length(" + column + ") >= 10 AND substr(" + column +
         ", 5, 1) = '-' THEN CASE WHEN regexp_matches(" + column +
         ", '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}.*)?$') THEN TRY_CAST(" + column +
         " AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END END";
}

std::string BooleanSql(const std::string& column) {
  const std::string number = "TRY_CAST(" + column + " AS DOUBLE)";
  return "CASE WHEN lower(" + column + ") IN " + kTrueWords + " OR " + number +
         " = 1 THEN 1e0 WHEN lower(" + column + ") IN " + kFalseWords + " OR " + number +
         " = 0 THEN 0e0 END";
}

/// Counts of the non-missing texts of a column, by what they could be.
struct Counts {
  double present = 0;
  double numbers = 0;
  double times = 0;
  double booleans = 0;
};

std::string CountsSql(const SourceSpec& spec, size_t index) {
  const std::string column = StageColumn(index);
  return "count(" + column + "), count(" + NumberSql(column, spec.decimal) + "), count(" +
         TimeSql(column) + "), count(*) FILTER (lower(" + column + ") IN " + kTrueWords +
         " OR lower(" + column + ") IN " + kFalseWords + ")";
}

/// Counts of the columns in `wanted`, in that order.
Result<std::vector<Counts>> CountValues(const SourceSpec& spec, const Staged& staged,
                                        const std::vector<size_t>& wanted) {
  std::vector<Counts> all;
  constexpr size_t kSlice = 64;  // columns to a query
  for (size_t first = 0; first < wanted.size(); first += kSlice) {
    std::string select;
    const size_t last = std::min(first + kSlice, wanted.size());
    for (size_t i = first; i < last; ++i) {
      select += (i > first ? ", " : "") + CountsSql(spec, wanted[i]);
    }
    QUERN_ASSIGN(const table::Rows rows, staged.session->Query("SELECT " + select + " FROM raw"));
    for (size_t i = 0; i < last - first; ++i) {
      const auto at = [&](size_t k) { return table::ToNumber(rows.rows.at(0).at(4 * i + k)); };
      all.push_back({at(0), at(1), at(2), at(3)});
    }
  }
  return all;
}

Result<ColumnType> Infer(const Staged& staged, const Counts& counts, size_t index) {
  if (counts.numbers == counts.present) return ColumnType::kNumber;
  if (counts.times == counts.present) return ColumnType::kTime;
  if (counts.booleans == counts.present) return ColumnType::kBoolean;
  const double limit =
      std::min(kMaxCategories, std::max(2.0, static_cast<double>(staged.records) / 2));
  // Counting stops as soon as there are too many.
  QUERN_ASSIGN(const table::Rows rows,
               staged.session->Query("SELECT count(*) FROM (SELECT DISTINCT " + StageColumn(index) +
                                     " AS v FROM raw WHERE v IS NOT NULL LIMIT " +
                                     std::to_string(static_cast<int64_t>(limit) + 1) + ")"));
  return table::ToNumber(rows.rows.at(0).at(0)) <= limit ? ColumnType::kCategory
                                                         : ColumnType::kText;
}

std::string StoredTypeOf(ColumnType type, const Counts& counts) {
  switch (type) {
    case ColumnType::kNumber:
    case ColumnType::kBoolean:
      return "DOUBLE";
    case ColumnType::kTime:
      return "TIMESTAMP";
    case ColumnType::kText:
      return "VARCHAR";
    case ColumnType::kCategory:
      return counts.numbers == counts.present ? "DOUBLE" : "VARCHAR";
  }
  return "VARCHAR";
}

TypedColumn Typed(const SourceSpec& spec, ColumnDecl decl, size_t index) {
  const std::string column = StageColumn(index);
  TypedColumn typed;
  if (decl.type == ColumnType::kBoolean) {
    typed.value = BooleanSql(column);
  } else if (decl.physical == "DOUBLE") {
    typed.value = NumberSql(column, spec.decimal);
  } else if (decl.physical == "TIMESTAMP") {
    typed.value = TimeSql(column);
  } else {
    typed.value = column;
  }
  if (typed.value != column) {
    typed.bad = "(" + column + " IS NOT NULL AND (" + typed.value + ") IS NULL)";
  }
  typed.decl = std::move(decl);
  return typed;
}

}  // namespace

Result<std::vector<TypedColumn>> DecideTypes(const SourceSpec& spec, const Staged& staged,
                                             const ColumnDecls& declared) {
  std::vector<std::optional<ColumnDecl>> known(staged.names.size());
  std::vector<size_t> open;
  for (size_t i = 0; i < staged.names.size(); ++i) {
    for (const ColumnDecl& decl : declared) {
      if (decl.name == staged.names[i]) known[i] = decl;
    }
    if (!known[i] && staged.names[i] == spec.time) {
      known[i] = ColumnDecl{spec.time, ColumnType::kTime, "", spec.where};
    }
    if (!known[i] || known[i]->physical.empty()) open.push_back(i);
  }
  QUERN_ASSIGN(const std::vector<Counts> counts, CountValues(spec, staged, open));
  for (size_t k = 0; k < open.size(); ++k) {
    std::optional<ColumnDecl>& decl = known[open[k]];
    if (!decl) {
      QUERN_ASSIGN(const ColumnType type, Infer(staged, counts[k], open[k]));
      decl = ColumnDecl{staged.names[open[k]], type, "", {}};
    }
    decl->physical = StoredTypeOf(decl->type, counts[k]);
  }
  std::vector<TypedColumn> typed;
  for (size_t i = 0; i < known.size(); ++i) typed.push_back(Typed(spec, std::move(*known[i]), i));
  return typed;
}

std::string Misfit(const ColumnDecl& decl, const std::string& value) {
  const std::string shown = "'" + value + "' is not a ";
  if (decl.type == ColumnType::kBoolean) return shown + "boolean (true, false, yes, no, 1, 0)";
  if (decl.type == ColumnType::kTime) return shown + "time (2026-01-31 or 2026-01-31 08:30:00)";
  if (decl.type == ColumnType::kCategory) return shown + "number, as this category's values are";
  return shown + "number";
}

}  // namespace quern::data
