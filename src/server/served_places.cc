#include "server/served_places.h"

#include <boost/json.hpp>

#include "base/json_read.h"

namespace quern::server {
namespace {

std::string PathOf(const std::string& state_dir) { return JoinPath(state_dir, "served.json"); }

}  // namespace

Status NoteServed(const std::string& state_dir, const ServedPlaces& places, Fs& fs) {
  const std::string path = PathOf(state_dir);
  if (places.artifacts_destination.empty() && places.database.empty()) {
    return fs.Exists(path) ? fs.RemoveAll(path) : Status();
  }
  return fs.WriteAtomic(
      path, WritePrettyJson(json::object{{"artifacts_destination", places.artifacts_destination},
                                         {"database", places.database}}));
}

Result<ServedPlaces> LastServed(const std::string& state_dir, Fs& fs) {
  const std::string path = PathOf(state_dir);
  if (!fs.Exists(path)) return ServedPlaces();
  QUERN_ASSIGN(const std::string text, fs.Read(path));
  QUERN_ASSIGN(const json::value document, ParseJson(text, {.name = path}));
  return ServedPlaces{TextAt(document, "/artifacts_destination"), TextAt(document, "/database")};
}

}  // namespace quern::server
