#pragma once
// Inside of store/ only: copies of PostgreSQL databases, in files of our own: no program of
// PostgreSQL's has to be there, and one of another version reads them.
#include <string>

#include "store/database_backup.h"

namespace quern::store {

Result<DatabaseCopy> BackUpPostgres(const std::string& uri, const std::string& folder, Fs& fs,
                                    const CancelToken& cancel, Progress& progress);
Status RestorePostgres(const DatabaseCopy& copy, const std::string& folder, const std::string& uri,
                       bool replace, Fs& fs, const CancelToken& cancel, Progress& progress);

}  // namespace quern::store
