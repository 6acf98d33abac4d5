#pragma once
// Whole registered models as other registries have them: with numbers, times and stages of their
// own. For import and export; clients use models.h and versions.h.
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "registry/types.h"
#include "store/database.h"

namespace quern::registry {

/// A model with all of its versions, those that were deleted (stage kStageDeleted) too: their
/// numbers are never given again. Of `model`, `latest` is not looked at.
struct ModelRecord {
  RegisteredModel model;
  std::vector<ModelVersion> versions;
};

/// What became of a record that was put into the registry.
struct ModelOutcome {
  bool model_added = false;
  int64_t versions_added = 0;
  int64_t versions_there = 0;
  /// What is here already, and is something else there; it was left as it is.
  std::vector<std::string> conflicts;
};

/// Thread-safe as the database is; borrows all it is given. What is added is noted in the
/// registry's log under `actor`.
class Transfer {
 public:
  Transfer(store::Database& database, const Clock& clock, std::string actor)
      : db_(database), clock_(clock), actor_(std::move(actor)) {}

  /// One transaction, which joins the caller's. A model of that name gets the versions, tags and
  /// aliases that it lacks. A version whose number is in use is the same one if its source and its
  /// time of creation are, else it is left out and told.
  Result<ModelOutcome> Put(const ModelRecord& record);
  /// Alphabetical; models that hold prompts too.
  Result<std::vector<std::string>> Names();
  Result<ModelRecord> Get(const std::string& name);
  /// Deleted ones too; 0 for a name that is not here.
  Result<int64_t> CountVersions(const std::string& name);

 private:
  Status PutVersion(const ModelVersion& version, ModelOutcome& outcome);
  Status PutAliases(const RegisteredModel& model, ModelOutcome& outcome);
  store::Database& db_;
  const Clock& clock_;
  std::string actor_;
};

}  // namespace quern::registry
