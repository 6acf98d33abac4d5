#pragma once
// Databases of other programs, to read.
#include <memory>
#include <string>

#include "base/result.h"
#include "store/database.h"

namespace quern::store {

/// A SQLite file that is there, as it is: nothing in it is made, changed or migrated, and changes
/// fail. kNotFound without the file, kDataLoss for one that is not a database.
Result<std::unique_ptr<Database>> OpenForeignSqlite(const std::string& path);

}  // namespace quern::store
