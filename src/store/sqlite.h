#pragma once
// Inside of store/ only: what there is to know about a SQLite file besides opening it.
#include <cstdint>
#include <string>

#include "base/fs.h"
#include "base/result.h"

namespace quern::store {

/// The number of its schema; 0 if it is empty. Changes nothing. kNotFound if there is no such file,
/// else as OpenSqlite.
Result<int64_t> SqliteSchemaVersion(const std::string& path, Fs& fs);

/// Where its copy stands that was made before it left schema `version`.
std::string SqliteCopyName(const std::string& path, int64_t version);

}  // namespace quern::store
