#pragma once
// Inside of store/ only: copies of SQLite files.
#include <string>

#include "store/database_backup.h"

namespace quern::store {

Result<DatabaseCopy> BackUpSqlite(const std::string& path, const std::string& folder,
                                  const CancelToken& cancel, Progress& progress);
Status RestoreSqlite(const DatabaseCopy& copy, const std::string& folder, const std::string& path,
                     bool replace, Fs& fs);

}  // namespace quern::store
