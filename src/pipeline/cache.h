#pragma once
// What was computed before: results by key, digests of files by stat data, and the history of runs.
#include <optional>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/time.h"
#include "pipeline/step.h"
#include "store/database.h"

namespace quern::pipeline {

struct StoredResult {
  std::string key;
  StepOutput output;
  std::vector<KeyPart> parts;
  double seconds = 0;
};

struct StepState {
  std::string id;
  std::string phase;
  std::string state;   // planned, running, done, cached, skipped, failed
  std::string reason;  // why it runs or does not
  std::string key;
  double seconds = 0;
};

struct PipelineRun {
  std::string id;
  std::string project;
  std::string state;
  int64_t start_ms = 0;
  std::optional<int64_t> end_ms;
  std::string summary;
};

/// Thread-safe as the database is. Borrows database, file system and clock. Of what bears the same
/// millisecond, any one is the newest, the same one each time: a project has one run at a time.
class Cache {
 public:
  Cache(store::Database& database, Fs& fs, const Clock& clock, std::string root)
      : db_(database), fs_(fs), clock_(clock), root_(std::move(root)) {}

  /// SHA-256 of a file, remembered while inode, size and times stay. A file changed within the last
  /// two seconds is read again: its times may not show a second change (git's racy-timestamp rule).
  Result<std::string> FileDigest(const std::string& path);
  /// A stored result whose files still exist.
  Result<std::optional<StoredResult>> Find(const std::string& key);
  /// The newest stored result of a step, whatever its key: to say what changed.
  Result<std::optional<StoredResult>> Newest(const std::string& step);
  Status Store(const std::string& step, const StoredResult& result, const std::string& run_id);
  /// Forgets results of the given steps (--force).
  Status Forget(const std::string& step);

  Result<std::string> BeginRun(const std::string& project);
  Status EndRun(const std::string& run_id, const std::string& state, const std::string& summary);
  Status NoteStep(const std::string& run_id, size_t position, const StepState& state);
  Result<std::optional<PipelineRun>> LastRun();
  Result<std::vector<StepState>> StepsOf(const std::string& run_id);
  /// Keys of results that the newest `keep` pipeline runs do not use (for gc).
  Result<std::vector<StoredResult>> Unused(int keep);
  Status Remove(const std::string& key);
  /// Every stored result.
  Result<std::vector<StoredResult>> All();

 private:
  Result<std::vector<StoredResult>> Select(const std::string& tail,
                                           const std::vector<store::Param>& params);
  store::Database& db_;
  Fs& fs_;
  const Clock& clock_;
  std::string root_;  // the .quern folder
};

}  // namespace quern::pipeline
