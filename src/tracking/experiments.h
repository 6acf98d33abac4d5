#pragma once
// Experiments: named groups of runs with one place for their artifacts.
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "store/database.h"
#include "tracking/types.h"

namespace quern::tracking {

/// "ROOT/NAME", with one slash between.
std::string ArtifactsBelow(std::string root, const std::string& name);

/// Thread-safe as the database is. Borrows it. Unknown ids are kNotFound.
class Experiments {
 public:
  /// `artifact_root`: a folder or URI; an experiment without a location of its own keeps its
  /// artifacts in `<artifact_root>/<id>`.
  Experiments(store::Database& database, const Clock& clock, std::string artifact_root)
      : db_(database), clock_(clock), artifact_root_(std::move(artifact_root)) {}

  /// Makes "Default" with the id 0, which clients take for granted, unless it exists.
  Status EnsureDefault();
  /// kAlreadyExists for a name in use, by a deleted experiment too.
  Result<int64_t> Create(const std::string& name, const std::string& artifact_location,
                         const Texts& tags);
  /// The id of the experiment of that name, made if there is none.
  Result<int64_t> Ensure(const std::string& name);
  Result<Experiment> Get(int64_t id);
  /// The same; kInvalidArgument for a deleted one.
  Result<Experiment> Active(int64_t id);
  /// Deleted ones too.
  Result<Experiment> ByName(const std::string& name);
  Result<Page<Experiment>> Search(ViewType view, const SearchRequest& request);
  /// Marks it and its runs deleted; Restore undoes both.
  Status Delete(int64_t id);
  Status Restore(int64_t id);
  /// kFailedPrecondition for a deleted one.
  Status Rename(int64_t id, const std::string& new_name);
  Status SetTag(int64_t id, const std::string& key, const std::string& value);
  Status DeleteTag(int64_t id, const std::string& key);

 private:
  Status Touch(int64_t id);
  store::Database& db_;
  const Clock& clock_;
  std::string artifact_root_;
};

}  // namespace quern::tracking
