#include "tracking/moved_places.h"

namespace quern::tracking {

Status MovePlaces(store::Database& database, const std::string& table, const std::string& column,
                  const std::string& from, const std::string& to) {
  const auto characters = [](const std::string& text) {
    int64_t count = 0;  // as substr counts them
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
    return count;
  };
  const int64_t length = characters(from);
  return database.Execute("UPDATE " + table + " SET " + column + " = ? || substr(" + column +
                              ", CAST(? AS INTEGER)) WHERE " + column + " = ? OR substr(" + column +
                              ", 1, CAST(? AS INTEGER)) = ?",
                          {to, length + 1, from, length + 1, from + "/"});
}

Status MoveArtifactPlaces(store::Database& database, const std::string& from,
                          const std::string& to) {
  return database.Write([&]() -> Status {
    QUERN_TRY(MovePlaces(database, "experiments", "artifact_location", from, to));
    QUERN_TRY(MovePlaces(database, "runs", "artifact_uri", from, to));
    return MovePlaces(database, "logged_models", "artifact_uri", from, to);
  });
}

}  // namespace quern::tracking
