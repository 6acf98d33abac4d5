#pragma once
// The models of this process, by name and version or alias, exchanged while requests are under way.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "serving/model.h"

namespace quern::serving {

struct ServedModel {
  std::string name;
  std::string version;
  std::shared_ptr<const ScoringModel> model;
  int64_t loaded_at = 0;  // milliseconds since the epoch

  const Signature& signature() const { return model->signature(); }
};
using ServedModelPtr = std::shared_ptr<const ServedModel>;

/// Thread-safe. A request keeps the model that it began with, whatever is added or removed
/// meanwhile.
class Catalog {
 public:
  /// Adds a version or replaces it. kInvalidArgument for a name or version that could not stand in
  /// a path: empty, over 128 bytes, or with other characters than letters, digits, '_', '-', '.', '
  /// '.
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
  /// Names in alphabetical order.
  std::vector<std::string> Names() const;
  /// Versions of one model, lowest first; empty if there is no such model.
  std::vector<std::string> Versions(std::string_view name) const;
  std::vector<ServedModelPtr> All() const;

 private:
  struct Entry {
    std::map<std::string, ServedModelPtr, std::less<>> versions;
    std::map<std::string, std::string, std::less<>> aliases;
  };
  mutable Mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_ QUERN_GUARDED_BY(mutex_);
  std::string first_ QUERN_GUARDED_BY(mutex_);
};

}  // namespace quern::serving
