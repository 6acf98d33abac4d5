#include "data/check.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/text.h"
#include "data/check_sql.h"
#include "data/check_text.h"

namespace quern::data {
namespace {

using table::ColumnInfo;
using table::QuoteName;
using table::Rows;
using table::Value;

int64_t ToCount(const Value& value) {
  const auto* count = std::get_if<int64_t>(&value);
  return count == nullptr ? 0 : *count;
}

/// One call of Check(): the table, its rules as SQL, and the outcomes as they fill.
class Checker {
 public:
  Checker(table::Session& session, std::string table_sql, const CheckOptions& options)
      : session_(session), table_(std::move(table_sql)), options_(options) {}

  Result<CheckReport> Run(const std::vector<Expectation>& expectations);

 private:
  Status Compile(const std::vector<Expectation>& expectations);
  /// Counts and observations of all rules, and the missing cells, in one query.
  Status OnePass();
  void ReadAggregates(size_t i, const std::vector<Value>& row, size_t at);
  /// The rows whose value occurs more than once.
  Status CountDuplicates(size_t i);
  /// Numbers of the first broken rows of every broken rule.
  Status FindExamples(std::vector<std::vector<int64_t>>* rows);
  Status FetchExamples(const std::vector<std::vector<int64_t>>& rows);
  Status Duplicated(size_t i, std::vector<int64_t>* rows);
  std::string Numbered() const {
    return "(SELECT row_number() OVER () AS \"__quern_row\", * FROM " + table_ + ")";
  }

  table::Session& session_;
  const std::string table_;
  const CheckOptions& options_;
  std::vector<ColumnInfo> columns_;
  std::vector<CheckSql> sql_;
  int64_t missing_cells_ = 0;
  CheckReport report_;
};

Status Checker::Compile(const std::vector<Expectation>& expectations) {
  QUERN_ASSIGN(columns_, session_.Describe("SELECT * FROM " + table_));
  std::vector<std::string> known;
  for (const ColumnInfo& column : columns_) known.push_back(column.name);
  for (const std::string& key : options_.key_columns) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return Fail(Code::kInvalidArgument, "unknown key column '" + key + "'",
                  SuggestName(key, known));
    }
  }
  for (const Expectation& e : expectations) {
    QUERN_ASSIGN(CheckSql sql, CompileCheck(e, columns_));
    if (e.kind == CheckKind::kRegex) {
      auto tried = session_.Query("SELECT regexp_matches('', " + table::QuoteText(e.pattern) + ")");
      if (!tried) {
        return FailAt(e.where, "the pattern '" + e.pattern + "' does not parse",
                      tried.error().message);
      }
    }
    sql_.push_back(std::move(sql));
    CheckOutcome outcome;
    outcome.expectation = e;
    if (outcome.expectation.name.empty()) outcome.expectation.name = DefaultName(e);
    report_.checks.push_back(std::move(outcome));
  }
  return {};
}

void Checker::ReadAggregates(size_t i, const std::vector<Value>& row, size_t at) {
  CheckOutcome& out = report_.checks[i];
  const Expectation& e = out.expectation;
  switch (e.kind) {
    case CheckKind::kBetween:
      if (!table::IsNull(row[at])) {
        out.observed = BoundText(table::ToNumber(row[at]), e.is_time) + " to " +
                       BoundText(table::ToNumber(row[at + 1]), e.is_time);
      }
      return;
    case CheckKind::kUnique:
      out.failed = out.evaluated - ToCount(row[at]);  // refined by CountDuplicates()
      out.observed =
          std::to_string(ToCount(row[at])) + " distinct of " + std::to_string(out.evaluated);
      return;
    case CheckKind::kRowCount: {
      const double rows = static_cast<double>(report_.rows);
      out.evaluated = 1;
      out.failed = (e.min && rows < *e.min) || (e.max && rows > *e.max) ? 1 : 0;
      out.observed = std::to_string(report_.rows);
      return;
    }
    case CheckKind::kFreshness: {
      out.evaluated = 1;
      const double newest = table::ToNumber(row[at]);
      const double now = static_cast<double>(options_.clock->NowMs());
      const bool none = table::IsNull(row[at]);
      out.failed = none || now - newest > e.within_seconds * 1000 ? 1 : 0;
      out.observed = none ? std::string("no time at all")
                          : FormatTime(static_cast<int64_t>(newest)) + ", " +
                                FormatDuration(std::max(0.0, (now - newest) / 1000)) + " old";
      return;
    }
    default:
      return;
  }
}

Status Checker::OnePass() {
  std::string select = "SELECT count(*)";
  for (const ColumnInfo& column : columns_) select += ", count(" + ValueSql(column) + ")";
  std::vector<size_t> at;
  size_t next = 1 + columns_.size();
  for (const CheckSql& sql : sql_) {
    at.push_back(next);
    for (const std::string* predicate : {&sql.evaluated, &sql.failed}) {
      if (predicate->empty()) continue;
      select += ",\n count(*) FILTER (WHERE " + *predicate + ")";
      ++next;
    }
    for (const std::string& aggregate : sql.aggregates) select += ",\n " + aggregate;
    next += sql.aggregates.size();
  }
  QUERN_ASSIGN(const Rows result, session_.Query(select + "\nFROM " + table_));
  const std::vector<Value>& row = result.rows.at(0);
  report_.rows = ToCount(row[0]);
  for (size_t c = 0; c < columns_.size(); ++c) missing_cells_ += report_.rows - ToCount(row[c + 1]);
  for (size_t i = 0; i < sql_.size(); ++i) {
    size_t column = at[i];
    if (!sql_[i].evaluated.empty()) report_.checks[i].evaluated = ToCount(row[column++]);
    if (!sql_[i].failed.empty()) report_.checks[i].failed = ToCount(row[column++]);
    ReadAggregates(i, row, column);
  }
  return {};
}

/// "SELECT a, b, count(*) … HAVING count(*) > 1" over the present values.
std::string DuplicatesSql(const CheckSql& sql, const std::string& from) {
  std::string columns;
  for (size_t c = 0; c < sql.read.size(); ++c) {
    columns += ValueSql(sql.read[c]) + " AS \"__quern_" + std::to_string(c) + "\", ";
  }
  return "SELECT " + columns + "count(*) AS \"__quern_count\" FROM " + from + " WHERE " +
         sql.evaluated + " GROUP BY ALL HAVING count(*) > 1";
}

Status Checker::CountDuplicates(size_t i) {
  QUERN_ASSIGN(const Rows result,
               session_.Query("SELECT CAST(coalesce(sum(\"__quern_count\"), 0) AS BIGINT) FROM (" +
                              DuplicatesSql(sql_[i], table_) + ")"));
  report_.checks[i].failed = ToCount(result.rows.at(0)[0]);
  return {};
}

Status Checker::Duplicated(size_t i, std::vector<int64_t>* rows) {
  std::string on;
  for (size_t c = 0; c < sql_[i].read.size(); ++c) {
    on +=
        (c ? " AND " : "") + ValueSql(sql_[i].read[c]) + " = \"__quern_" + std::to_string(c) + "\"";
  }
  QUERN_ASSIGN(const Rows result,
               session_.Query("SELECT \"__quern_row\" FROM " + Numbered() + " SEMI JOIN (" +
                              DuplicatesSql(sql_[i], table_) + ") ON " + on + " ORDER BY 1 LIMIT " +
                              std::to_string(options_.example_limit)));
  for (const auto& row : result.rows) rows->push_back(ToCount(row[0]));
  return {};
}

/// "[3, 17]", as DuckDB prints a list of numbers.
std::vector<int64_t> ParseList(std::string_view text) {
  std::vector<int64_t> out;
  for (size_t i = 0; i < text.size();) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + text.size(), number);
    if (error == std::errc()) {
      out.push_back(number);
      i = static_cast<size_t>(end - text.data());
    } else {
      ++i;
    }
  }
  return out;
}

Status Checker::FindExamples(std::vector<std::vector<int64_t>>* rows) {
  rows->assign(sql_.size(), {});
  if (options_.example_limit == 0) return {};
  std::string select;
  std::vector<size_t> asked;
  for (size_t i = 0; i < sql_.size(); ++i) {
    if (report_.checks[i].failed == 0) continue;
    if (report_.checks[i].expectation.kind == CheckKind::kUnique) {
      QUERN_TRY(Duplicated(i, &(*rows)[i]));
    } else if (!sql_[i].failed.empty()) {
      select += (asked.empty() ? "" : ",\n ") + std::string("min(\"__quern_row\", ") +
                std::to_string(options_.example_limit) + ") FILTER (WHERE " + sql_[i].failed + ")";
      asked.push_back(i);
    }
  }
  if (asked.empty()) return {};
  QUERN_ASSIGN(const Rows result, session_.Query("SELECT " + select + "\nFROM " + Numbered()));
  for (size_t k = 0; k < asked.size(); ++k) {
    (*rows)[asked[k]] = ParseList(table::ToText(result.rows.at(0)[k]));
  }
  return {};
}

Status Checker::FetchExamples(const std::vector<std::vector<int64_t>>& rows) {
  std::set<int64_t> wanted;
  std::set<std::string> names(options_.key_columns.begin(), options_.key_columns.end());
  for (size_t i = 0; i < rows.size(); ++i) {
    wanted.insert(rows[i].begin(), rows[i].end());
    if (rows[i].empty()) continue;
    for (const ColumnInfo& column : sql_[i].read) names.insert(column.name);
  }
  if (wanted.empty()) return {};
  std::string select = "SELECT \"__quern_row\"", in;
  std::map<std::string, size_t> at;
  for (const std::string& name : names) {
    at[name] = at.size() + 1;
    select += ", " + QuoteName(name);
  }
  for (int64_t row : wanted) in += (in.empty() ? "" : ", ") + std::to_string(row);
  QUERN_ASSIGN(const Rows result, session_.Query(select + " FROM " + Numbered() +
                                                 " WHERE \"__quern_row\" IN (" + in + ")"));
  std::map<int64_t, const std::vector<Value>*> by_row;
  for (const auto& row : result.rows) by_row[ToCount(row[0])] = &row;
  for (size_t i = 0; i < rows.size(); ++i) {
    for (int64_t number : rows[i]) {
      const auto found = by_row.find(number);
      if (found == by_row.end()) continue;
      CheckExample example;
      example.row = number;
      for (const std::string& key : options_.key_columns) {
        example.key.emplace_back(key, (*found->second)[at[key]]);
      }
      for (const ColumnInfo& column : sql_[i].read) {
        example.value.emplace_back(column.name, (*found->second)[at[column.name]]);
      }
      report_.checks[i].examples.push_back(std::move(example));
    }
  }
  return {};
}

/// Great Expectations' rule: the share that passed is at least `mostly`; nothing to look at passes.
bool Succeeds(const CheckOutcome& outcome) {
  if (outcome.evaluated == 0) return true;
  const double passed = static_cast<double>(outcome.evaluated - outcome.failed) /
                        static_cast<double>(outcome.evaluated);
  return passed >= outcome.expectation.mostly;
}

Result<CheckReport> Checker::Run(const std::vector<Expectation>& expectations) {
  report_.source = options_.source;
  QUERN_TRY(Compile(expectations));
  QUERN_TRY(OnePass());
  for (size_t i = 0; i < sql_.size(); ++i) {
    const CheckOutcome& outcome = report_.checks[i];
    if (outcome.expectation.kind == CheckKind::kUnique && outcome.failed > 0) {
      QUERN_TRY(CountDuplicates(i));
    }
  }
  std::vector<std::vector<int64_t>> rows;
  QUERN_TRY(FindExamples(&rows));
  QUERN_TRY(FetchExamples(rows));

  std::vector<CheckCounts> counts;
  for (CheckOutcome& outcome : report_.checks) {
    outcome.success = Succeeds(outcome);
    if (!outcome.success && outcome.expectation.severity == Severity::kError) {
      report_.success = false;
    }
    if (outcome.expectation.kind == CheckKind::kInSet) outcome.observed = StrangeValues(outcome);
    outcome.text = Sentence(outcome, report_.rows);
    counts.push_back({outcome.expectation.kind, outcome.evaluated, outcome.failed});
  }
  const bool has_time = std::any_of(columns_.begin(), columns_.end(), [](const ColumnInfo& c) {
    return PhysicalOf(c.type) == Physical::kTime;
  });
  report_.scores = ScoreQuality(report_.rows * static_cast<int64_t>(columns_.size()),
                                missing_cells_, has_time, counts);
  return std::move(report_);
}

}  // namespace

double CheckOutcome::share() const {
  return evaluated == 0 ? 0 : static_cast<double>(failed) / static_cast<double>(evaluated);
}

Result<CheckReport> Check(table::Session& session, const std::string& table_sql,
                          const std::vector<Expectation>& expectations,
                          const CheckOptions& options) {
  return Checker(session, table_sql, options).Run(expectations);
}

}  // namespace quern::data
