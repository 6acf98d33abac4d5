#pragma once
// Tables in plain files.
#include <string>

#include "base/fs.h"
#include "table/session.h"

namespace quern::table {

/// Writes the rows of `sql`, in its order, as a Parquet file (zstd): aside, fsync, rename, so that
/// `path` is never half-written. Same rows, same program: same bytes. Parent folders are made.
/// Errors: kResourceExhausted (disk full), kPermissionDenied, or what the SQL says.
Status WriteParquet(Session& session, const std::string& sql, const std::string& path, Fs& fs);

/// SQL that reads a plain file in its own row order: "read_parquet('…')" for *.parquet and *.pq (or
/// the Parquet magic), "read_csv('…')" for anything else. kNotFound if there is no such file;
/// kInvalidArgument for an empty file or a folder.
Result<std::string> ReadTableSql(const std::string& path, Fs& fs);

}  // namespace quern::table
