#pragma once
// The models that a server was told of: loaded, tried, put into the catalog, taken out again.
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "server/model_control.h"
#include "serving/batcher.h"
#include "serving/catalog.h"
#include "serving/model_loader.h"

namespace quern::server {

struct ModelToServe {
  std::string name;
  std::string version;
  std::vector<std::string> aliases;
  /// A folder or a file.
  std::string path;
  model::EnginePreference engine = model::EnginePreference::kAuto;
  /// The signature that the registry keeps with it; "" if none.
  std::string signature = {};
};

/// Names and versions of models.
using VersionSet = std::set<std::pair<std::string, std::string>>;

/// Makes a model of its files.
using ModelLoader =
    std::function<Result<serving::LoadedModel>(const serving::ModelFiles& files, int64_t now_ms)>;

/// Thread-safe; loading happens one at a time, and nobody who asks a model waits for it.
class ServedModels : public ModelControl {
 public:
  ServedModels(serving::Catalog& catalog, const Clock& clock, ModelLoader loader,
               const serving::BatchOptions& batch, bool allowed)
      : catalog_(catalog),
        clock_(clock),
        loader_(std::move(loader)),
        batch_(batch),
        allowed_(allowed) {}

  /// Loads a version, lets it answer its own example, and puts it into service in place of what is
  /// there under that name and version. On an error everything stays as it was.
  Status Add(const ModelToServe& model);
  Status SetAlias(std::string_view name, std::string_view alias, std::string_view version);
  Status Remove(std::string_view name, std::string_view version);

  /// Called, one at a time, after models came or went.
  void OnChange(std::function<void()> changed) {
    MutexLock loading(loading_);
    changed_ = std::move(changed);
    changed_();
  }

  bool allowed() const override { return allowed_; }
  std::vector<Known> Index() const override;
  Status Load(std::string_view name) override;
  Status Unload(std::string_view name) override;

 private:
  struct Entry {
    ModelToServe model;
    bool loaded = false;
    std::string reason;
  };
  Status Put(const ModelToServe& model);
  Status LoadAll(std::string_view name) QUERN_REQUIRES(loading_);
  Status UnloadAll(std::string_view name) QUERN_REQUIRES(loading_);
  /// Tells of a change, whatever became of it.
  Status Changed(Status status) QUERN_REQUIRES(loading_) {
    if (changed_) changed_();
    return status;
  }

  serving::Catalog& catalog_;
  const Clock& clock_;
  ModelLoader loader_;
  const serving::BatchOptions batch_;
  bool allowed_;
  Mutex loading_;
  std::function<void()> changed_ QUERN_GUARDED_BY(loading_);
  mutable Mutex mutex_;
  std::map<std::pair<std::string, std::string>, Entry> known_ QUERN_GUARDED_BY(mutex_);
};

}  // namespace quern::server
