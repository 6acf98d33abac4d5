#pragma once
// The log of the registry, which only grows: what became of a model, and whether the log is whole.
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "registry/types.h"
#include "store/database.h"

namespace quern::registry {

/// Oldest first; of every model for "". What happened to a model under an earlier name is told too.
Result<std::vector<LogEntry>> ReadLog(store::Database& database, const std::string& name);

/// SHA-256 of a record and of the digest of the one before it.
std::string EntryDigest(const LogEntry& entry);

/// What a walk along the whole log found.
struct LogCheck {
  int64_t chained = 0;    // records of the chain
  int64_t unchained = 0;  // older ones, of programs that had no chain
};
/// Checks each record of every model against its digest and the one before, and the last against
/// the end that is kept beside them. kDataLoss names the first record that was changed, or says
/// that some are missing.
Result<LogCheck> CheckLog(store::Database& database);

/// {at, at_ms, actor, name, change, before, after, reason, sequence, digest}.
json::value LogEntryJson(const LogEntry& entry);

}  // namespace quern::registry
