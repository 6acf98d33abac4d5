#pragma once
// The model server of a run: `quern serve` as a process of its own, on a free port of the loopback.
#include <cstdint>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "pipeline/workspace.h"

namespace quern::pipeline {

/// Starts the server on first use and again when another version is asked for. Thread-safe; the
/// destructor ends the process.
class ModelHost {
 public:
  explicit ModelHost(Workspace& workspace) : workspace_(workspace) {}
  ~ModelHost();
  ModelHost(const ModelHost&) = delete;
  ModelHost& operator=(const ModelHost&) = delete;

  struct Address {
    uint16_t port = 0;
    std::string url;  // "http://127.0.0.1:41234"
  };
  /// Serves the package in `folder`, below the state folder, as NAME/VERSION, and waits until it is
  /// ready. kUnavailable with what the process said if it does not come up.
  Result<Address> Serve(const std::string& name, int64_t version, const std::string& folder);
  /// Serves the registry's champion of that name, and carries out its releases; keeps no
  /// predictions.
  Result<Address> ServeReleases(const std::string& name);
  void Stop();

 private:
  Result<Address> Start(const std::string& serving, std::vector<std::string> options);
  void StopLocked() QUERN_REQUIRES(mutex_);

  Workspace& workspace_;
  Mutex mutex_;
  int pid_ QUERN_GUARDED_BY(mutex_) = -1;
  int life_ QUERN_GUARDED_BY(mutex_) = -1;  // the pipe whose end tells the server to go
  std::string serving_ QUERN_GUARDED_BY(mutex_);
  Address address_ QUERN_GUARDED_BY(mutex_);
};

}  // namespace quern::pipeline
