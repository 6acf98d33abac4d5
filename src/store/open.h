#pragma once
// A metadata database by its name, whichever engine it is.
#include <memory>
#include <string>

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

/// Whether `name` is a URI of PostgreSQL.
bool IsPostgresUri(std::string_view name);

/// The same name for messages and logs: of a URI only scheme, host, port and database, never user
/// and password.
std::string ShownName(const std::string& name);

}  // namespace quern::store
