#pragma once
// Inside of cli/ only: the one way in which verbs open a store beside its servers.
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "cli/store_options.h"
#include "store/database.h"

namespace quern::cli {

/// What becomes of a store that is not there.
enum class Absent {
  kRefuse,   // kNotFound
  kMake,     // a database is made
  kStandIn,  // one in memory, so that nothing is made
};

struct OpenedStore {
  std::string state_dir;
  /// All of them: what was not named is what the last server on the folder was told.
  StoreArgs places;
  /// As store::OpenDatabase takes it, absolute if it is a file's.
  std::string database_name;
  std::unique_ptr<store::Database> database;
};

/// kNotFound if there is none and that is refused; kInvalidArgument if the last server's database
/// was another that has to be named, or for a folder that is no store and may not become one.
Result<OpenedStore> OpenStore(const StoreArgs& args, Absent absent, Context& context);

}  // namespace quern::cli
