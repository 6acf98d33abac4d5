#pragma once
// A registry's names, looked at again and again: when one comes to mean another version, that
// version is served.
#include <condition_variable>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "server/serve.h"

namespace quern::server {

/// A name such as heart@champion, and what it meant when it was looked at last.
struct WatchedModel {
  std::string reference;
  /// What it means now. Called on the watching thread.
  std::function<Result<ModelToServe>()> resolve;
  ModelToServe current;
};

/// While it lives, looks every `seconds`. A registry that does not answer, or a version that cannot
/// be loaded, is said once in the log, and what is served stays; so do the versions in `fixed`,
/// which were asked for by number. Borrows the server.
class ModelWatch {
 public:
  ModelWatch(ModelsInService& server, std::vector<WatchedModel> models, VersionSet fixed,
             double seconds);
  ~ModelWatch();
  ModelWatch(const ModelWatch&) = delete;
  ModelWatch& operator=(const ModelWatch&) = delete;

  /// Looks now; for tests. Not beside a running watch of less than an hour.
  void Look();

 private:
  void Follow(size_t index);
  /// Points at the version those of its aliases that are not known to do so; what cannot be pointed
  /// stays unknown, and is tried again.
  void AddAliases(const ModelToServe& meant, std::vector<std::string>* known);
  void Complain(size_t index, const std::string& what);
  void Run(double seconds);

  ModelsInService& server_;
  std::vector<WatchedModel> models_;
  const VersionSet fixed_;
  std::vector<std::string> complaints_;  // said last, per model
  Mutex mutex_;
  std::condition_variable wake_;
  bool stop_ QUERN_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace quern::server
