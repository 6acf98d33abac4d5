#pragma once
// `quern run` as a process that the page of `quern server` starts: this very program, with
// arguments that no shell reads.
#include <memory>
#include <string>
#include <thread>

#include "base/fs.h"
#include "base/mutex.h"
#include "base/time.h"
#include "server/project_runner.h"

namespace quern::cli {

class SpawnedRuns : public server::ProjectRunner {
 public:
  /// `project` is the folder that holds quern.yaml, its .quern being the store that is served.
  SpawnedRuns(std::string project, Fs& fs, const Clock& clock);
  ~SpawnedRuns() override { Stop(); }

  Result<std::string> Project() override;
  Result<server::StartedRun> Start(const server::RunOrder& order) override;
  Status Cancel(const std::string& actor) override;
  std::optional<server::StartedRun> Last() override;
  void OnChange(std::function<void()> changed) override { changed_ = std::move(changed); }
  void Stop() override;

 private:
  /// The process and its log file.
  Result<int> Spawn(const server::RunOrder& order);
  /// The exit code, once the process has ended.
  std::optional<int> Ended(int pid);
  /// Tells of what is printed, and waits for the end.
  void Watch(int pid);
  std::string LogPath() const;

  const std::string project_;
  Fs& fs_;
  const Clock& clock_;
  std::function<void()> changed_;
  Mutex mutex_;
  std::optional<server::StartedRun> last_ QUERN_GUARDED_BY(mutex_);
  std::thread watcher_ QUERN_GUARDED_BY(mutex_);
};

}  // namespace quern::cli
