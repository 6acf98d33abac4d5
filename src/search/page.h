#pragma once
// One page of a search, read from the database: the same for runs, experiments and models.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "search/query.h"
#include "store/database.h"

namespace quern::search {

/// What a client asks of any search. How many rows a page may have is for the caller to check.
struct PageRequest {
  std::string filter;
  std::vector<std::string> order_by;
  std::string page_token;
  int64_t max_results = 1000;
};

/// One page and how to ask for the next; `next_token` is "" at the end.
template <class T>
struct ResultPage {
  std::vector<T> items;
  std::string next_token;
};

/// The request of a search; its page tokens are good for `scope` alone.
Request RequestOf(const PageRequest& page, std::string scope);

/// So many rows are looked at one by one rather than search on.
struct Few {
  int64_t rows = 0;
};
/// Ten for each that is shown, and some: looking at so many costs as much as what is expected
/// of going through the rows in order until a page is full.
constexpr Few FewFor(int64_t max_results) { return {2000 + 10 * max_results}; }

/// Runs a compiled search: `read` sees every row of the page, whose first `width` values are
/// `columns`. Returns the token of the next page. Where an index says that few rows can be found,
/// those are looked at; else, where an index has the order, its rows are; else all rows of the
/// scope, in its own order if it has one (ADR 0008).
Result<std::string> ReadPage(store::Database& database, const Query& query,
                             std::string_view columns, int width, const Scope& scope,
                             int64_t max_results,
                             const std::function<void(const store::Row&)>& read, Few few);
inline Result<std::string> ReadPage(store::Database& database, const Query& query,
                                    std::string_view columns, int width, const Scope& scope,
                                    int64_t max_results,
                                    const std::function<void(const store::Row&)>& read) {
  return ReadPage(database, query, columns, width, scope, max_results, read, FewFor(max_results));
}

/// How many rows there are on all pages.
Result<int64_t> CountAll(store::Database& database, const Query& query, const Scope& scope);

}  // namespace quern::search
