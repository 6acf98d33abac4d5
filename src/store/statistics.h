#pragma once
// What the database knows of its tables' contents.
#include "base/result.h"
#include "store/database.h"

namespace quern::store {

/// After many rows have come at once. PostgreSQL plans searches with what it counted last, and
/// counts by itself a minute later at best: until then a search of many runs takes seconds. SQLite
/// plans without. A second or less, whatever the tables hold; writers do not wait for it.
Status RefreshStatistics(Database& database);

}  // namespace quern::store
