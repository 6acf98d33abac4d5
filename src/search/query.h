#pragma once
// Searches as SQL: a filter, an order and a page token become the conditions, the sort keys and the
// values of SELECTs that SQLite and PostgreSQL understand. The caller names the columns that it
// wants and the scope (experiments, lifecycle, rights); page.h runs it, README.md has an example.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "search/dialect.h"
#include "search/entity.h"
#include "search/finder.h"
#include "search/sql.h"
#include "search/walk.h"
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
  /// Rows that the filter can find, by indexes; each alone holds all of them.
  std::vector<Finder> finders;
  std::vector<SortKey> keys;
  /// The sort keys of the page token's row; none on the first page.
  std::vector<store::Param> after;
  /// Set where an index has the order.
  std::optional<Walk> walk;
  /// The first key is that of the entity's own order, in either direction.
  bool own_order = false;
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
  /// An index gives these rows in the entity's own order (tie_breakers).
  bool in_order = false;
};

/// Errors are kInvalidArgument, their messages begin as MLflow's do and name the column of the
/// filter and a remedy: syntax, unknown names, an operator or value that does not fit, an order
/// key twice, a page token that is damaged or of another search.
Result<Query> Compile(const Entity& entity, const Request& request, Dialect dialect);

/// The sort keys of a row, which begin at column `first`.
std::vector<store::Param> KeysOf(const Query& query, const store::Row& row, int first);
/// The token of the page after the row with these sort keys.
std::string NextToken(const Query& query, const std::vector<store::Param>& keys);

}  // namespace quern::search
