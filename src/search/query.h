#pragma once
// Searches as SQL: a filter, an order and a page token become the conditions, the sort keys and the
// values of one SELECT that SQLite and PostgreSQL understand. The caller names the columns that it
// wants and the scope (experiments, lifecycle, rights); see README.md for a whole search.
//
//   QUERN_ASSIGN(const Query query, Compile(Runs(), request, Dialect::kSqlite));
//   const Statement page = Page(query, "r.num, r.id", scope, max_results + 1);
//   … run it; after the last row that is shown: KeysOf(query, row, 2), NextToken(query, keys)
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "search/dialect.h"
#include "search/entity.h"
#include "search/sql.h"
#include "store/database.h"

namespace quern::search {

/// One order takes at most so many keys.
inline constexpr size_t kMaxOrderKeys = 12;

/// Metrics of logged models are asked for on some datasets only; without a digest on all of that
/// name.
struct DatasetFilter {
  std::string name;
  std::string digest;
};

/// An order by a field given as such, as searches of logged models send it: the name is
/// `attribute` or `metrics.KEY`, the key as it is, without quotes.
struct FieldOrder {
  std::string field_name;
  bool ascending = true;
  /// Empty: on any dataset.
  DatasetFilter dataset;
};

struct Request {
  std::string filter;
  /// Elements such as "metrics.loss DESC".
  std::vector<std::string> order_by;
  /// Come after order_by.
  std::vector<FieldOrder> field_order;
  std::vector<DatasetFilter> datasets;
  /// From NextToken; empty for the first page.
  std::string page_token;
  /// What else a page token belongs to, such as the ids of experiments: a token is refused in
  /// another scope.
  std::string scope;
};

/// One expression that rows are sorted by.
struct SortKey {
  Sql sql;
  /// kInteger, kReal or kText.
  ValueType type = ValueType::kInteger;
  bool descending = false;
  /// NULLs come last, whatever the direction.
  bool nullable = false;
};

/// A compiled search. A plain value; safe to share between threads.
struct Query {
  const Entity* entity = nullptr;
  /// What the filter asks for.
  Sql filter;
  /// The rows after the page token's row; no text on the first page.
  Sql after;
  std::vector<SortKey> keys;
  /// Of everything that a page token must fit: entity, filter, order, datasets and scope.
  std::string digest;
};

/// A statement as store::Database takes it.
struct Statement {
  std::string sql;
  std::vector<store::Param> params;
};

/// Rows that may be seen at all: a condition over the entity's alias; "" is all of them.
struct Scope {
  std::string where;
  std::vector<store::Param> params;
};

/// Errors are kInvalidArgument, their messages begin as MLflow's do and name the column of the
/// filter and a remedy: syntax, unknown names, an operator or value that does not fit, an order
/// key twice, a page token that is damaged or of another search.
Result<Query> Compile(const Entity& entity, const Request& request, Dialect dialect);

/// SELECT `columns`, sort keys FROM … in order, at most `limit` rows. `columns` holds no `?`.
Statement Page(const Query& query, std::string_view columns, const Scope& scope, int64_t limit);
/// SELECT count(*) of all pages.
Statement Count(const Query& query, const Scope& scope);

/// The sort keys of a row of Page; `first` is the number of `columns`.
std::vector<store::Param> KeysOf(const Query& query, const store::Row& row, int first);
/// The token of the page after the row with these sort keys.
std::string NextToken(const Query& query, const std::vector<store::Param>& keys);

}  // namespace quern::search
