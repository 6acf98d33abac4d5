#include "cli/opened_store.h"

#include <utility>

#include "cli/places.h"
#include "store/open.h"

namespace quern::cli {

Result<OpenedStore> OpenStore(const StoreArgs& args, Absent absent, Context& context) {
  OpenedStore opened;
  if (absent == Absent::kRefuse) {
    opened.state_dir = StateFolderOf(args.root, context.fs);
  } else {
    QUERN_ASSIGN(opened.state_dir, StoreFolder(args.root, context.fs));
  }
  opened.places = args;
  QUERN_TRY(CompleteFromServer(opened.state_dir, &opened.places, context.fs));
  opened.database_name = opened.places.backend_store_uri;
  if (args.backend_store_uri.empty() && !context.fs.Exists(opened.database_name)) {
    if (absent == Absent::kRefuse) {
      return Fail(Code::kNotFound, "there is no store in '" + args.root + "'",
                  "--root DIR names the folder that `quern run` or `quern server` works in");
    }
    if (absent == Absent::kStandIn) opened.database_name = store::kInMemory;
  }
  auto database = store::OpenDatabase(opened.database_name, context.fs);
  if (!database) {
    return Within(database.error(), "opening the store " + store::ShownName(opened.database_name));
  }
  opened.database = std::move(*database);
  return opened;
}

}  // namespace quern::cli
