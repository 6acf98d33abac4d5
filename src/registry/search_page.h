#pragma once
// Inside of registry/ only: one page of a search.
#include <string_view>

#include "registry/names.h"
#include "registry/types.h"
#include "search/query.h"
#include "store/database.h"

namespace quern::registry {

/// Reads `columns` (`width` of them) with `read`.
template <class T>
Result<Page<T>> SearchPage(store::Database& database, const search::Entity& entity,
                           const search::Scope& scope, std::string_view columns, int width,
                           const SearchRequest& request, T (*read)(const store::Row&)) {
  QUERN_ASSIGN(const search::Query query,
               search::Compile(entity, search::RequestOf(request, {}), database.dialect()));
  Page<T> page;
  QUERN_ASSIGN(page.next_token,
               search::ReadPage(database, query, columns, width, scope, request.max_results,
                                [&](const store::Row& row) { page.items.push_back(read(row)); }));
  return page;
}

}  // namespace quern::registry
