#pragma once
// What the last server on a state folder was told of places elsewhere, so that purges and backups
// of the folder do not miss them.
#include <string>

#include "base/fs.h"
#include "base/result.h"

namespace quern::server {

/// Empty for what is in the state folder itself.
struct ServedPlaces {
  /// A folder, absolute, or a URI.
  std::string artifacts_destination;
  /// As store::ShownName gives it: without user and password.
  std::string database;
};

/// Keeps them in STATE/served.json; nothing is kept of places that are all empty.
Status NoteServed(const std::string& state_dir, const ServedPlaces& places, Fs& fs);
/// Empty places if no server noted any.
Result<ServedPlaces> LastServed(const std::string& state_dir, Fs& fs);

}  // namespace quern::server
