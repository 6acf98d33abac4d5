#pragma once
// Artifacts that lie elsewhere than they did: a store was restored to another folder.
#include <string>

#include "base/result.h"
#include "store/database.h"

namespace quern::tracking {

/// Places of experiments, runs and logged models at `from` or below it are at `to` now. Both are
/// absolute folders or URIs, without a slash at the end.
Status MoveArtifactPlaces(store::Database& database, const std::string& from,
                          const std::string& to);

/// The same for one column of texts.
Status MovePlaces(store::Database& database, const std::string& table, const std::string& column,
                  const std::string& from, const std::string& to);

}  // namespace quern::tracking
