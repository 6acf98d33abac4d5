#pragma once
// A metadata database by its name, whichever engine it is.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.h"
#include "base/result.h"
#include "store/database.h"
#include "store/postgres.h"

namespace quern::store {

/// `name`: sqlite:///relative/path, sqlite:////absolute/path, a plain path, or postgresql://… (also
/// postgres://…). kInvalidArgument with examples for anything else; else as OpenSqlite, which
/// copies an older schema aside and brings it up to date at once, and OpenPostgres, which asks
/// `upgrade`.
Result<std::unique_ptr<Database>> OpenDatabase(const std::string& name, Fs& fs,
                                               Durability durability = Durability::kSafe,
                                               Upgrade upgrade = Upgrade::kRefuse);

/// How far the schema of a database is, against what this program knows.
struct SchemaState {
  /// 0: it is empty.
  int64_t version = 0;
  int64_t newest = 0;
};
/// Changes nothing. kNotFound for a SQLite file that is not there, else as OpenDatabase.
Result<SchemaState> FindSchema(const std::string& name, Fs& fs);

/// What an upgrade did.
struct Upgraded {
  int64_t from = 0;
  int64_t to = 0;
  /// The migrations that were applied, in their order: "0003_tracking".
  std::vector<std::string> applied;
  /// The copy of the older SQLite file; "" if none was made.
  std::string copy;
};
/// Brings a database to this program's schema: PostgreSQL in one transaction, a SQLite file after a
/// copy of it. Errors as FindSchema.
Result<Upgraded> UpgradeDatabase(const std::string& name, Fs& fs);

/// Whether `name` is a URI of PostgreSQL.
bool IsPostgresUri(std::string_view name);

/// The file that a name of a SQLite database is. kInvalidArgument with examples for other kinds.
Result<std::string> SqlitePath(const std::string& name);

/// The same name for messages and logs: of a URI only scheme, host, port and database, never user
/// and password.
std::string ShownName(const std::string& name);

}  // namespace quern::store
