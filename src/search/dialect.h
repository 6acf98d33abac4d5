#pragma once
// Where the SQL of the two databases has to differ:
// - LIKE: SQLite's ignores the case of ASCII letters and so is what ILIKE becomes; the LIKE of
//   filters becomes GLOB there. PostgreSQL has both, and gets ESCAPE '' because a backslash has no
//   meaning in a pattern of a filter.
// - Order of texts: SQLite compares bytes; PostgreSQL is told to by COLLATE "C".
// - Numbers with a fraction beside integer columns are CAST to DOUBLE PRECISION for both.

#include "store/database.h"

namespace quern::search {

using store::Dialect;

}  // namespace quern::search
