#pragma once
// All registered models at a glance, and the versions of one page by page. Read only.
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "registry/types.h"
#include "store/database.h"

namespace quern::registry {

struct ModelGlance {
  std::string name;
  std::string description;
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
  int64_t versions = 0;
  int64_t newest = 0;  // 0: it has none
  std::vector<Alias> aliases;
};

/// By name, those after `after`.
Result<std::vector<ModelGlance>> Glance(store::Database& database, const std::string& after,
                                        int64_t limit);
/// Empty for a name that is not here too.
Result<Texts> ModelTags(store::Database& database, const std::string& name);
/// kNotFound.
Result<ModelGlance> Named(store::Database& database, const std::string& name);
/// Whole versions of a model, newest first, those below `before` (0: all).
Result<std::vector<ModelVersion>> NewestVersions(store::Database& database, const std::string& name,
                                                 int64_t before, int64_t limit);

}  // namespace quern::registry
