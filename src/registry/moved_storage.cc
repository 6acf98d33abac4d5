#include "registry/moved_storage.h"

#include "tracking/moved_places.h"

namespace quern::registry {

Status MoveStorage(store::Database& database, const std::string& from, const std::string& to) {
  return database.Write([&]() -> Status {
    QUERN_TRY(tracking::MovePlaces(database, "model_versions", "storage", from, to));
    return tracking::MovePlaces(database, "model_versions", "source", from, to);
  });
}

}  // namespace quern::registry
