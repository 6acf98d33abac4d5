#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "data/check_sql.h"
#include "data/profile_steps.h"
#include "expr/expr.h"

namespace quern::data {
namespace {

using table::ColumnInfo;
using table::QuoteName;
using table::Rows;
using table::Value;

constexpr int64_t kCopyCells = 4'000'000;  // smaller tables are copied, larger ones are views
constexpr int64_t kFewNumbers = 10;        // whole numbers with at most so many values are codes
constexpr int64_t kFewTexts = 50;

/// What one query tells about the raw columns.
struct Facts {
  int64_t present = 0, distinct = 0, infinite = 0, fractions = 0, numeric = 0;
};

std::string NumberOfText(const ColumnInfo& column) {
  return "TRY_CAST(" + ValueSql(column) + " AS DOUBLE)";
}

bool IsFloating(const ColumnInfo& column) {
  return column.type == "DOUBLE" || column.type == "FLOAT";
}

/// Five aggregates, see Facts; distinct values are counted only where typing needs them.
std::string FactsSql(const ColumnInfo& column, bool declared) {
  const std::string value = ValueSql(column);
  const std::string distinct = declared ? "0" : "count(DISTINCT " + value + ")";
  std::string infinite = "0", fractions = "0", numeric = "0";
  const Physical physical = PhysicalOf(column.type);
  if (physical == Physical::kNumber) {
    const std::string x = "CAST(" + value + " AS DOUBLE)";
    if (IsFloating(column)) infinite = "count(*) FILTER (WHERE isinf(" + x + "))";
    if (IsFloating(column) || StartsWith(column.type, "DECIMAL")) {
      fractions = "count(*) FILTER (WHERE " + x + " <> trunc(" + x + "))";
    }
    numeric = "count(" + value + ")";
  } else if (physical == Physical::kText) {
    const std::string x = NumberOfText(column);
    infinite = "count(*) FILTER (WHERE isinf(" + x + "))";
    fractions = "count(*) FILTER (WHERE isfinite(" + x + ") AND " + x + " <> trunc(" + x + "))";
    numeric = "count(*) FILTER (WHERE isfinite(" + x + "))";
  }
  return "count(" + value + "), " + distinct + ", " + infinite + ", " + fractions + ", " + numeric;
}

ProfileType InferType(const ColumnInfo& column, const Facts& facts) {
  const bool few_codes =
      facts.fractions == 0 && facts.distinct <= kFewNumbers && facts.distinct * 5 <= facts.present;
  switch (PhysicalOf(column.type)) {
    case Physical::kNumber:
      return few_codes ? ProfileType::kCategory : ProfileType::kNumber;
    case Physical::kBoolean:
      return ProfileType::kBoolean;
    case Physical::kTime:
      return ProfileType::kTime;
    case Physical::kOther:
      return ProfileType::kText;
    case Physical::kText:
      break;
  }
  if (facts.present > 0 && facts.numeric == facts.present && !few_codes)
    return ProfileType::kNumber;
  const bool few = facts.distinct <= kFewTexts && facts.distinct * 2 <= facts.present;
  return few ? ProfileType::kCategory : ProfileType::kText;
}

/// The column as the view has it; an error if the type cannot be had from the column.
Result<std::string> ViewSql(const ColumnInfo& column, ProfileType type, const Facts& facts) {
  const std::string value = ValueSql(column);
  const Physical physical = PhysicalOf(column.type);
  const bool number_like = physical == Physical::kNumber || physical == Physical::kBoolean;
  if (type == ProfileType::kNumber) {
    if (!number_like && physical != Physical::kText) {
      return Fail(
          Code::kInvalidArgument,
          "column '" + column.name + "' is " + column.type + ", it cannot be read as numbers",
          "declare it as time, category or text");
    }
    const std::string x =
        physical == Physical::kText ? NumberOfText(column) : "CAST(" + value + " AS DOUBLE)";
    return facts.infinite == 0 && physical != Physical::kText
               ? x
               : "CASE WHEN isfinite(" + x + ") THEN " + x + " END";
  }
  if (type == ProfileType::kTime) {
    if (number_like || physical == Physical::kOther) {
      return Fail(Code::kInvalidArgument,
                  "column '" + column.name + "' is " + column.type + ", it cannot be read as times",
                  "declare it as number or category");
    }
    if (physical == Physical::kText) return "TRY_CAST(" + value + " AS TIMESTAMP)";
    return StartsWith(column.type, "TIMESTAMP WITH") ? "epoch_ms(epoch_ms(" + value + "))"
                                                     : "CAST(" + value + " AS TIMESTAMP)";
  }
  if (physical == Physical::kNumber) {
    if (!IsFloating(column) && !StartsWith(column.type, "DECIMAL")) {
      return "CAST(" + value + " AS VARCHAR)";
    }
    return ShortNumberSql("CAST(" + value + " AS DOUBLE)");
  }
  if (physical == Physical::kText && type != ProfileType::kText && facts.present > 0 &&
      facts.numeric == facts.present) {
    return ShortNumberSql(NumberOfText(column));
  }
  return "CAST(" + value + " AS VARCHAR)";
}

/// The target as SQL over the raw columns, with its type.
struct TargetSql {
  std::string sql;
  ColumnInfo info;
};

Result<TargetSql> CompileTarget(table::Session& session, const std::string& table_sql,
                                const std::vector<ColumnInfo>& columns, const ProfileTarget& target,
                                TableProfile* profile) {
  auto parsed = expr::Parse(target.expression, target.where);
  if (!parsed) return Within(std::move(parsed.error()), "reading the target");
  const auto type = expr::Check(*parsed, SchemaOfTable(columns));
  if (!type) return Within(type.error(), "reading the target");
  for (const expr::ColumnRef& ref : expr::Columns(*parsed)) {
    for (ColumnProfile& column : profile->columns) {
      if (column.name == ref.name) column.is_target_source = true;
    }
  }
  TargetSql out;
  out.sql = "(" + expr::ToSql(*parsed) + ")";
  QUERN_ASSIGN(const std::vector<ColumnInfo> described,
               session.Describe("SELECT " + out.sql + " AS \"__quern_target\" FROM " + table_sql));
  out.info = described.at(0);
  return out;
}

/// Names the task and returns the target column of the view.
Result<std::string> TargetViewSql(const ProfileTarget& target, const TargetSql& compiled,
                                  const Facts& facts, TargetProfile* out) {
  const Physical physical = PhysicalOf(compiled.info.type);
  out->name = target.name;
  out->task = target.task;
  if (out->task.empty()) {
    const bool many = physical == Physical::kNumber && facts.distinct > kFewNumbers;
    out->task = many ? "regression" : facts.distinct <= 2 ? "binary" : "multiclass";
  }
  ColumnInfo info = compiled.info;  // reads the alias of the inner query
  if (out->task == "regression") return ViewSql(info, ProfileType::kNumber, facts);
  if (physical == Physical::kBoolean)
    return "CAST(CAST(" + ValueSql(info) + " AS INTEGER) AS VARCHAR)";
  return ViewSql(info, ProfileType::kCategory, facts);
}

Result<std::vector<ProfileType>> DeclaredTypes(const ProfileOptions& options,
                                               const std::vector<ColumnInfo>& columns,
                                               const std::vector<Facts>& facts) {
  std::vector<ProfileType> types;
  std::vector<std::string> known;
  for (size_t i = 0; i < columns.size(); ++i) {
    types.push_back(InferType(columns[i], facts[i]));
    known.push_back(columns[i].name);
  }
  for (const auto& [name, type] : options.types) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) {
      return Fail(Code::kInvalidArgument, "unknown column '" + name + "'",
                  SuggestName(name, known));
    }
    types[static_cast<size_t>(found - known.begin())] = type;
  }
  return types;
}

Facts ReadFacts(const std::vector<Value>& row, size_t at) {
  return {CountOf(row[at]), CountOf(row[at + 1]), CountOf(row[at + 2]), CountOf(row[at + 3]),
          CountOf(row[at + 4])};
}

}  // namespace

int64_t CountOf(const Value& value) {
  const auto* count = std::get_if<int64_t>(&value);
  return count == nullptr ? 0 : *count;
}

ProfileView::~ProfileView() {
  if (name_.empty()) return;
  // A session that cannot drop a temporary is about to close; there is nobody to tell.
  (void)session_.Execute((is_table_ ? "DROP TABLE IF EXISTS " : "DROP VIEW IF EXISTS ") + name_);
}

Result<std::unique_ptr<ProfileView>> ProfileView::Open(table::Session& session,
                                                       const std::string& table_sql,
                                                       const ProfileOptions& options,
                                                       TableProfile* profile) {
  QUERN_ASSIGN(const std::vector<ColumnInfo> columns,
               session.Describe("SELECT * FROM " + table_sql));
  if (columns.empty()) return Fail(Code::kInvalidArgument, "the table has no columns");
  for (const ColumnInfo& column : columns) {
    ColumnProfile one;
    one.name = column.name;
    one.physical = column.type;
    profile->columns.push_back(std::move(one));
  }
  TargetSql target;
  if (options.target) {
    QUERN_ASSIGN(target, CompileTarget(session, table_sql, columns, *options.target, profile));
  }

  std::string select = "SELECT count(*)";
  std::set<std::string> declared;
  for (const auto& [name, type] : options.types) declared.insert(name);
  for (const ColumnInfo& column : columns) {
    select += ",\n " + FactsSql(column, declared.contains(column.name));
  }
  std::string from = table_sql;
  if (options.target) {
    select += ",\n " + FactsSql(target.info, !options.target->task.empty());
    from = "(SELECT *, " + target.sql + " AS \"__quern_target\" FROM " + table_sql + ")";
  }
  QUERN_ASSIGN(const Rows result, session.Query(select + "\nFROM " + from));
  const std::vector<Value>& row = result.rows.at(0);
  profile->rows = CountOf(row[0]);
  std::vector<Facts> facts;
  for (size_t i = 0; i < columns.size(); ++i) facts.push_back(ReadFacts(row, 1 + i * 5));
  QUERN_ASSIGN(const std::vector<ProfileType> types, DeclaredTypes(options, columns, facts));

  std::string view = "SELECT ";
  for (size_t i = 0; i < columns.size(); ++i) {
    ColumnProfile& column = profile->columns[i];
    column.type = types[i];
    column.missing = profile->rows - facts[i].present;  // conversions may miss more
    column.infinite = column.type == ProfileType::kNumber ? facts[i].infinite : 0;
    column.integers = column.type == ProfileType::kNumber && facts[i].fractions == 0;
    column.numeric_texts = PhysicalOf(column.physical) == Physical::kText ? facts[i].numeric : 0;
    QUERN_ASSIGN(const std::string sql, ViewSql(columns[i], column.type, facts[i]));
    view += (i ? ",\n " : "") + sql + " AS " + Column(i);
  }
  if (options.target) {
    profile->target.emplace();
    const Facts of_target = ReadFacts(row, 1 + columns.size() * 5);
    profile->target->missing = profile->rows - of_target.present;
    QUERN_ASSIGN(const std::string sql,
                 TargetViewSql(*options.target, target, of_target, &*profile->target));
    view += ",\n " + sql + " AS target";
  }
  std::unique_ptr<ProfileView> out(new ProfileView(session));
  out->is_table_ = profile->rows * static_cast<int64_t>(columns.size()) <= kCopyCells;
  QUERN_TRY(session.Execute(std::string("CREATE OR REPLACE TEMP ") +
                            (out->is_table_ ? "TABLE" : "VIEW") + " __quern_profile AS " + view +
                            "\nFROM " + from));
  out->name_ = "__quern_profile";
  return out;
}

}  // namespace quern::data
