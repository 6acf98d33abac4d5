#pragma once
// What the database knows of its tables' contents.
#include "store/database.h"

namespace quern::store {

/// After many rows have come at once and are committed. PostgreSQL plans searches with what it
/// counted last, and counts by itself a minute later at best: until then a search of many runs
/// takes seconds. SQLite plans without. A second or less, whatever the tables hold; writers of
/// other processes do not wait for it. If it fails, searches are slow for a while and the log says
/// so: the rows are kept all the same.
void RefreshStatistics(Database& database);

}  // namespace quern::store
