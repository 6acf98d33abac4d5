#pragma once
// Inside of registry/ only: one page of a search.
#include <string_view>

#include "registry/names.h"
#include "registry/types.h"
#include "search/query.h"
#include "store/database.h"

namespace quern::registry {

/// Reads `columns` (`width` of them) with `read`; one row more than asked for tells whether there
/// is a next page.
template <class T>
Result<Page<T>> SearchPage(store::Database& database, const search::Entity& entity,
                           const search::Scope& scope, std::string_view columns, int width,
                           const SearchRequest& request, T (*read)(const store::Row&)) {
  search::Request asked;
  asked.filter = request.filter;
  asked.order_by = request.order_by;
  asked.page_token = request.page_token;
  QUERN_ASSIGN(const search::Query query, search::Compile(entity, asked, database.dialect()));
  const search::Statement statement = search::Page(query, columns, scope, request.max_results + 1);
  Page<T> page;
  std::vector<store::Param> keys;
  bool more = false;
  QUERN_TRY(database.Query(statement.sql, statement.params, [&](const store::Row& row) {
    more = static_cast<int64_t>(page.items.size()) == request.max_results;
    if (more) return;
    page.items.push_back(read(row));
    keys = search::KeysOf(query, row, width);
  }));
  if (more) page.next_token = search::NextToken(query, keys);
  return page;
}

}  // namespace quern::registry
