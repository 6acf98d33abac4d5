#pragma once
// Releases in the metadata database: their state, their counters, and their audit records.
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "deploy/release.h"
#include "deploy/shadow_report.h"
#include "store/database.h"

namespace quern::deploy {

/// A release as it was stored.
struct StoredRelease {
  Release release;
  int64_t revision = 0;
};

/// An audit record with its place in the chain: digest = SHA-256(previous, release, the record).
struct ChainedAudit {
  Audit audit;
  std::string previous;
  std::string digest;
};

/// What a record is for machines. kDataLoss if its detail is no JSON.
Result<json::value> AuditJson(const ChainedAudit& chained);

/// Thread-safe; borrows the database. A state is written in one transaction with its audit record
/// and counters, so that after the end of the process the release is in a state that it had
/// reached; counters are also written in between, and may then be behind, never ahead.
class ReleaseStore {
 public:
  explicit ReleaseStore(store::Database& database) : db_(database) {}

  /// kAlreadyExists if the model has a release that is not closed, or the id is in use.
  Result<StoredRelease> Create(const Transition& begun);
  /// Writes the next state of `stored`. kAborted if another process has moved it on meanwhile:
  /// nothing is written, and `Get` tells where it is.
  Result<StoredRelease> Save(const StoredRelease& stored, const Transition& next);
  /// Counters and actions that are done, without a new state; kAborted as Save.
  Status SaveCounters(const StoredRelease& stored, int64_t now_ms);

  Status SaveShadow(const std::string& id, const ShadowReport& report);
  /// Empty if none was saved; kNotFound.
  Result<ShadowReport> Shadow(const std::string& id);

  /// kNotFound.
  Result<int64_t> Revision(const std::string& id);
  /// kNotFound.
  Result<StoredRelease> Get(const std::string& id);
  /// The release of a model that is open, or closed with actions still to be done: what a process
  /// goes on with after a start. The newest, if there are several.
  Result<std::optional<StoredRelease>> Unfinished(const std::string& model);
  /// Newest first; of every model if `model` is "".
  Result<std::vector<StoredRelease>> List(const std::string& model, int64_t limit);

  /// In order, each checked against its digest and the one before. kDataLoss names the first that
  /// was changed, or that some are missing.
  Result<std::vector<ChainedAudit>> Audits(const std::string& id);

 private:
  Status Append(const Release& release, const Audit& audit);
  store::Database& db_;
};

}  // namespace quern::deploy
