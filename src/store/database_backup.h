#pragma once
// Copies of a whole metadata database as it was at one moment, made while others write, and put
// back. Only databases of the same kind as the copy's take it.
#include <cstdint>
#include <string>

#include "base/cancel.h"
#include "base/fs.h"
#include "base/progress.h"
#include "base/result.h"
#include "store/database.h"

namespace quern::store {

struct DatabaseCopy {
  Dialect dialect = Dialect::kSqlite;
  /// The number of its newest migration.
  int64_t schema = 0;
};

/// The file that a SQLite copy is.
inline constexpr char kSqliteCopy[] = "quern.db";

/// Writes the copy into an existing, empty folder: of SQLite one file, of PostgreSQL one file per
/// table (as COPY has it) and tables.json. Every commit that was answered before this was called is
/// in it, no transaction by halves, and no writer waits for it. `name` is as OpenDatabase takes it.
/// kDataLoss for a SQLite file that turns out to be damaged.
Result<DatabaseCopy> BackUpDatabase(const std::string& name, const std::string& folder, Fs& fs,
                                    const CancelToken& cancel, Progress& progress = NoProgress());

/// Puts a copy into a database that is not there or holds no experiments but "Default"; with
/// `replace` into any of Quern's, whose content is gone then: all of it or nothing. An older schema
/// is brought up to date. kFailedPrecondition for a database that is in use or of another kind, and
/// for a copy of a newer schema.
Status RestoreDatabase(const DatabaseCopy& copy, const std::string& folder, const std::string& name,
                       bool replace, Fs& fs, const CancelToken& cancel,
                       Progress& progress = NoProgress());

}  // namespace quern::store
