#pragma once
#include <string>

#include "base/result.h"
#include "store/database.h"

namespace quern::registry {

/// Files of versions at `from` or below it are at `to` now (tracking/moved_places.h).
Status MoveStorage(store::Database& database, const std::string& from, const std::string& to);

}  // namespace quern::registry
