#include "search/query.h"

#include "base/digest.h"
#include "search/condition.h"
#include "search/filter.h"
#include "search/order.h"
#include "search/page_token.h"

namespace quern::search {
namespace {

/// Enough to tell searches apart; a forged one only moves its owner's own page.
constexpr size_t kDigestDigits = 16;

std::string DigestOf(const Entity& entity, const Request& request) {
  Digester digester;
  digester.Add(entity.name).Add(request.scope).Add(request.filter);
  digester.Add(uint64_t{request.order_by.size()});
  for (const std::string& text : request.order_by) digester.Add(text);
  digester.Add(uint64_t{request.field_order.size()});
  for (const FieldOrder& order : request.field_order) {
    digester.Add(order.field_name).Add(uint64_t{order.ascending});
    digester.Add(order.dataset.name).Add(order.dataset.digest);
  }
  digester.Add(uint64_t{request.datasets.size()});
  for (const DatasetFilter& dataset : request.datasets) {
    digester.Add(dataset.name).Add(dataset.digest);
  }
  return digester.Finish().substr(0, kDigestDigits);
}

std::string KeyName(size_t index) { return "sort_key_" + std::to_string(index); }

void AddWhere(Sql& sql, const Query& query, const Scope& scope) {
  sql.Add(" FROM ").Add(query.entity->from).Add(" WHERE ");
  if (!scope.where.empty()) {
    Sql where("(" + scope.where + ") AND ");
    where.params = scope.params;
    sql.Add(where);
  }
  sql.Add(query.filter);
}

}  // namespace

Result<Query> Compile(const Entity& entity, const Request& request, Dialect dialect) {
  Query query;
  query.entity = &entity;
  QUERN_ASSIGN(const Node filter, ParseFilter(request.filter));
  QUERN_ASSIGN(query.filter, Condition(entity, filter, request.datasets, dialect));
  QUERN_ASSIGN(query.keys, SortKeys(entity, request, dialect));
  query.digest = DigestOf(entity, request);
  if (!request.page_token.empty()) {
    QUERN_ASSIGN(const auto values, ReadToken(request.page_token, query.digest, query.keys));
    query.after = After(query.keys, values);
  }
  return query;
}

Statement Page(const Query& query, std::string_view columns, const Scope& scope, int64_t limit) {
  Sql sql("SELECT " + std::string(columns));
  for (size_t i = 0; i < query.keys.size(); ++i) {
    sql.Add(", ").Add(query.keys[i].sql).Add(" AS " + KeyName(i));
  }
  AddWhere(sql, query, scope);
  if (!query.after.text.empty()) sql.Add(" AND ").Add(query.after);
  for (size_t i = 0; i < query.keys.size(); ++i) {
    sql.Add(i == 0 ? " ORDER BY " : ", ").Add(KeyName(i));
    if (query.keys[i].descending) sql.Add(" DESC");
    if (query.keys[i].nullable) sql.Add(" NULLS LAST");
  }
  sql.Add(" LIMIT ?", limit);
  return {std::move(sql.text), std::move(sql.params)};
}

Statement Count(const Query& query, const Scope& scope) {
  Sql sql("SELECT count(*)");
  AddWhere(sql, query, scope);
  return {std::move(sql.text), std::move(sql.params)};
}

std::vector<store::Param> KeysOf(const Query& query, const store::Row& row, int first) {
  std::vector<store::Param> values;
  for (const SortKey& key : query.keys) {
    const int column = first++;
    if (row.IsNull(column)) {
      values.emplace_back();
    } else if (key.type == ValueType::kText) {
      values.emplace_back(row.Text(column));
    } else if (key.type == ValueType::kReal) {
      values.emplace_back(row.Number(column));
    } else {
      values.emplace_back(row.Int(column));
    }
  }
  return values;
}

std::string NextToken(const Query& query, const std::vector<store::Param>& keys) {
  return WriteToken(query.digest, keys);
}

}  // namespace quern::search
