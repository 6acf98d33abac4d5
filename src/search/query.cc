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

}  // namespace

Result<Query> Compile(const Entity& entity, const Request& request, Dialect dialect) {
  Query query;
  query.entity = &entity;
  QUERN_ASSIGN(const Node filter, ParseFilter(request.filter));
  QUERN_ASSIGN(Filter condition, Condition(entity, filter, request.datasets, dialect));
  query.filter = std::move(condition.sql);
  query.finders = std::move(condition.finders);
  QUERN_ASSIGN(Order order, OrderOf(entity, request, dialect));
  query.keys = std::move(order.keys);
  query.walk = std::move(order.walk);
  query.own_order = order.own;
  query.digest = DigestOf(entity, request);
  if (!request.page_token.empty()) {
    QUERN_ASSIGN(query.after, ReadToken(request.page_token, query.digest, query.keys));
  }
  return query;
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
