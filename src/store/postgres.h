#pragma once
// The metadata database in PostgreSQL (12 or newer), for several servers on one store.
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "store/database.h"

namespace quern::store {

/// What happens to an older schema in PostgreSQL: nobody's database is changed by a server that
/// happens to start, but by `quern db upgrade`.
enum class Upgrade { kRefuse, kApply };

/// How long a server may be silent while it owes an answer; then the call is kUnavailable.
struct Patience {
  std::chrono::milliseconds reader = std::chrono::seconds(20);
  /// A change may be large, and waits up to 10 s for those of other processes.
  std::chrono::milliseconds writer = std::chrono::seconds(120);
};

/// Opens the database of a URI (postgresql://user:password@host:5432/database, and whatever else
/// libpq takes there) and applies all migrations if it is empty. Changes of several processes wait
/// for each other, 10 s at most (kAborted). A server that stops, is killed or falls silent makes
/// calls kUnavailable, and they go through again when it is back.
/// kRelaxed: synchronous_commit is off.
///
/// Errors: kUnavailable (nobody answers, or refuses user and password), kInvalidArgument (no URI),
/// kFailedPrecondition (older schema and kRefuse, newer schema, tables that are not Quern's,
/// another encoding than UTF8, no client library). No message holds the password.
Result<std::unique_ptr<Database>> OpenPostgres(const std::string& uri,
                                               Durability durability = Durability::kSafe,
                                               Upgrade upgrade = Upgrade::kRefuse,
                                               Patience patience = {});

/// The number of its schema; 0 if it is empty. Changes nothing. Errors as OpenPostgres.
Result<int64_t> PostgresSchemaVersion(const std::string& uri);

}  // namespace quern::store
