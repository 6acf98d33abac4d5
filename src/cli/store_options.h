#pragma once
// Inside of cli/ only: a store by the names that `quern server` takes, as several verbs have them.
#include <string>

#include "base/fs.h"
#include "base/result.h"
#include "cli/command.h"

namespace quern::cli {

struct StoreArgs {
  std::string root = ".";
  std::string backend_store_uri;
  std::string artifacts_destination;
};

/// --root (and --project, which is the same), --backend-store-uri, --artifacts-destination.
void AddStoreOptions(Verb verb, StoreArgs& args);

/// What was not said in `args` as the last server on the state folder was told it: database and
/// artifacts, those below the folder by default. kInvalidArgument if that server's database was
/// another, which has to be named.
Status CompleteFromServer(const std::string& state_dir, StoreArgs* args, Fs& fs);

}  // namespace quern::cli
