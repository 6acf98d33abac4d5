#pragma once
// The models of this process, by name and version or alias, exchanged while requests are under way.
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "serving/served_model.h"

namespace quern::serving {

/// kInvalidArgument for a name that could leave its place in a path: empty, over 128 bytes, with
/// outer blanks, or other characters than letters, digits, '_', '-', '.' and ' '. `what` is
/// "model", "version" or "alias".
Status CheckServedName(std::string_view what, std::string_view name);

/// Thread-safe. A request keeps the model that it began with, whatever is added or removed
/// meanwhile.
class Catalog {
 public:
  /// Adds a version or replaces it; what it counted goes on. kInvalidArgument for a name or version
  /// that CheckServedName refuses.
  Status Add(ServedModel model);
  /// Points `alias` of a model at one of its versions; the switch is atomic. kNotFound if not
  /// served.
  Status SetAlias(std::string_view name, std::string_view alias, std::string_view version);
  /// Removes a version and the aliases that point at it.
  Status Remove(std::string_view name, std::string_view version);

  /// `version` may be a version, an alias, or "": then the alias `champion` if there is one, else
  /// the highest version. kNotFound "Model x with version y not found".
  Result<ServedModelPtr> Find(std::string_view name, std::string_view version = {}) const;
  /// What /invocations serves: the model first added.
  Result<ServedModelPtr> Default() const;
  /// Whether any model has a Batcher. No lock.
  bool batches() const { return batches_.load(std::memory_order_relaxed); }
  /// Names in alphabetical order.
  std::vector<std::string> Names() const;
  /// Versions of one model, lowest first; empty if there is no such model.
  std::vector<std::string> Versions(std::string_view name) const;
  std::vector<ServedModelPtr> All() const;
  /// Aliases of one model with the versions that they point at.
  std::map<std::string, std::string> Aliases(std::string_view name) const;

 private:
  struct Entry {
    std::map<std::string, ServedModelPtr, std::less<>> versions;
    std::map<std::string, std::string, std::less<>> aliases;
  };
  void NoteBatches() QUERN_REQUIRES(mutex_);

  std::atomic<bool> batches_{false};
  mutable Mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_ QUERN_GUARDED_BY(mutex_);
  std::string first_ QUERN_GUARDED_BY(mutex_);
};

}  // namespace quern::serving
