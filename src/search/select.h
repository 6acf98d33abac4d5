#pragma once
// Inside of search/ only: the SELECTs of a page, one for each way to reach its rows. All give the
// same columns: those that are asked for, then all sort keys.
#include <cstdint>
#include <string_view>
#include <vector>

#include "search/finder.h"
#include "search/query.h"

namespace quern::search {

/// What a page is of.
struct Asked {
  const Query& query;
  std::string_view columns;
  const Scope& scope;
};

/// Every row of the scope is looked at, sorted if need be.
Statement ScanPage(const Asked& asked, int64_t limit);
/// Rows that a finder gives, and the number that they were found to be fewer than.
struct Candidates {
  const Finder& finder;
  int64_t fewer_than = 0;
};
/// Only those are looked at.
Statement FoundPage(const Asked& asked, const Candidates& candidates, int64_t limit);
/// The parts of a page that follows query.walk: first the rows with a value, in its order; then
/// those whose value is NULL; then those without one. Parts before the page token's row are left
/// out. Each goes on where the one before ends.
std::vector<Statement> WalkPages(const Asked& asked, int64_t limit);

/// SELECT count(*) of all pages.
Statement CountRows(const Query& query, const Scope& scope);
/// The same, looking at the candidates only.
Statement CountFound(const Query& query, const Scope& scope, const Candidates& candidates);
/// SELECT count(*) of what `rows` (a SELECT) gives, which stops at `most`.
Statement CountAtMost(const Sql& rows, int64_t most);
/// A SELECT of the scope's rows.
Sql RowsOf(const Query& query, const Scope& scope);
/// A SELECT of the rows of an index that a walk goes through, of all scopes.
Sql WalkedRows(const Walk& walk);

}  // namespace quern::search
