#include "search/page.h"

#include <utility>

#include "search/select.h"

namespace quern::search {
namespace {

/// Counting reads an index thirty times as fast as rows are looked at.
constexpr Few kFewToCount{50'000};

Result<int64_t> Number(store::Database& database, const Statement& statement) {
  int64_t number = 0;
  QUERN_TRY(database.Query(statement.sql, statement.params,
                           [&](const store::Row& row) { number = row.Int(0); }));
  return number;
}

/// The finder with the fewest rows, and how many; null if they are not few.
struct Best {
  const Finder* finder = nullptr;
  int64_t rows = 0;
};
Result<Best> BestFinder(store::Database& database, const Query& query, Few few) {
  Best best{nullptr, few.rows};
  for (const Finder& finder : query.finders) {
    if (best.rows == 0) break;
    QUERN_ASSIGN(const int64_t rows, Number(database, CountAtMost(finder.Select(), best.rows)));
    if (rows < best.rows) best = {&finder, rows};
  }
  return best;
}

/// Whether the scope's own order fills the page sooner than all that was found is looked at. Where
/// the found ones lie is not known: the scope is no more than a few times as many.
Result<bool> IsScanSooner(store::Database& database, const Query& query, const Scope& scope,
                          int64_t found, int64_t limit) {
  constexpr int64_t kTimes = 4;
  if (!scope.in_order || !query.own_order || found <= limit) return false;
  QUERN_ASSIGN(const int64_t rows,
               Number(database, CountAtMost(RowsOf(query, scope), kTimes * found + 1)));
  return rows <= kTimes * found && limit * rows < found * found;
}

/// Whether to go through an index in the order that is asked for: not where the scope has that
/// order, nor where its rows are soon sorted. Few rows are sooner walked than sorted if the index
/// holds little else.
Result<bool> IsWalkBest(store::Database& database, const Query& query, const Scope& scope, Few few,
                        int64_t limit) {
  if (!query.walk) return false;
  if (scope.in_order && query.own_order) return false;
  QUERN_ASSIGN(const int64_t rows, Number(database, CountAtMost(RowsOf(query, scope), few.rows)));
  if (rows >= few.rows || rows < limit) return rows >= few.rows;
  QUERN_ASSIGN(const int64_t walked,
               Number(database, CountAtMost(WalkedRows(*query.walk), 2 * rows + 1)));
  return walked <= 2 * rows;
}

/// Rows of a page, from one statement or several that go on from each other.
class PageReader {
 public:
  PageReader(store::Database& database, const Query& query, int width, int64_t max_results,
             const std::function<void(const store::Row&)>& read)
      : database_(database), query_(query), width_(width), most_(max_results), read_(read) {}

  Status Take(const Statement& statement) {
    return database_.Query(statement.sql, statement.params, [&](const store::Row& row) {
      if (shown_ == most_) {
        more_ = true;
        return;
      }
      read_(row);
      if (++shown_ == most_) last_ = KeysOf(query_, row, width_);
    });
  }

  bool more() const { return more_; }
  std::string NextToken() const { return more_ ? search::NextToken(query_, last_) : std::string(); }

 private:
  store::Database& database_;
  const Query& query_;
  int width_;
  int64_t most_;
  const std::function<void(const store::Row&)>& read_;
  int64_t shown_ = 0;
  bool more_ = false;
  std::vector<store::Param> last_;
};

}  // namespace

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
                             const std::function<void(const store::Row&)>& read, Few few) {
  const Asked asked{query, columns, scope};
  // One row more than is shown tells whether there is another page.
  const int64_t limit = max_results + 1;
  PageReader reader(database, query, width, max_results, read);
  QUERN_ASSIGN(const Best best, BestFinder(database, query, few));
  if (best.finder != nullptr) {
    QUERN_ASSIGN(const bool scan, IsScanSooner(database, query, scope, best.rows, limit));
    QUERN_TRY(reader.Take(scan ? ScanPage(asked, limit)
                               : FoundPage(asked, {*best.finder, few.rows}, limit)));
    return reader.NextToken();
  }
  QUERN_ASSIGN(const bool walk, IsWalkBest(database, query, scope, few, limit));
  if (!walk) {
    QUERN_TRY(reader.Take(ScanPage(asked, limit)));
    return reader.NextToken();
  }
  for (const Statement& part : WalkPages(asked, limit)) {
    QUERN_TRY(reader.Take(part));
    if (reader.more()) break;
  }
  return reader.NextToken();
}

Result<int64_t> CountAll(store::Database& database, const Query& query, const Scope& scope) {
  QUERN_ASSIGN(const Best best, BestFinder(database, query, kFewToCount));
  return Number(database, best.finder == nullptr
                              ? CountRows(query, scope)
                              : CountFound(query, scope, {*best.finder, kFewToCount.rows}));
}

}  // namespace quern::search
