#include "search/page.h"

namespace quern::search {

Request RequestOf(const PageRequest& page, std::string scope) {
  Request request;
  request.filter = page.filter;
  request.order_by = page.order_by;
  request.page_token = page.page_token;
  request.scope = std::move(scope);
  return request;
}

Result<std::string> ReadPage(store::Database& database, const Query& query,
                             std::string_view columns, int width, const Scope& scope,
                             int64_t max_results,
                             const std::function<void(const store::Row&)>& read) {
  // One row more than is shown tells whether there is another page.
  const Statement page = Page(query, columns, scope, max_results + 1);
  int64_t shown = 0;
  bool more = false;
  std::vector<store::Param> last;
  QUERN_TRY(database.Query(page.sql, page.params, [&](const store::Row& row) {
    if (shown == max_results) {
      more = true;
      return;
    }
    read(row);
    if (++shown == max_results) last = KeysOf(query, row, width);
  }));
  return more ? NextToken(query, last) : std::string();
}

}  // namespace quern::search
