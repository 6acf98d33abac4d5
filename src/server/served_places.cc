#include "server/served_places.h"

#include <boost/json.hpp>

#include "base/json.h"

namespace quern::server {
namespace {

std::string PathOf(const std::string& state_dir) { return JoinPath(state_dir, "served.json"); }

std::string TextOf(const json::value& document, const char* key) {
  const json::value* found = document.is_object() ? document.as_object().if_contains(key) : nullptr;
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : "";
}

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
  return ServedPlaces{TextOf(document, "artifacts_destination"), TextOf(document, "database")};
}

}  // namespace quern::server
