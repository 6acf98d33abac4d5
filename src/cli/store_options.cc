#include "cli/store_options.h"

#include "server/served_places.h"

namespace quern::cli {

void AddStoreOptions(Verb verb, StoreArgs& args) {
  verb.AddOption("--root,--project", args.root, "The folder of the project or of the server")
      .ShowDefault();
  verb.AddOption("--backend-store-uri", args.backend_store_uri,
                 "The database: sqlite:///FILE or postgresql://…; by default quern.db below --root")
      .Env("MLFLOW_BACKEND_STORE_URI");
  verb.AddOption("--artifacts-destination", args.artifacts_destination,
                 "The folder or s3://BUCKET/PREFIX behind the artifact calls; by default as the "
                 "last server on this folder had it")
      .Env("MLFLOW_ARTIFACTS_DESTINATION");
}

Status CompleteFromServer(const std::string& state_dir, StoreArgs* args, Fs& fs) {
  QUERN_ASSIGN(const server::ServedPlaces served, server::LastServed(state_dir, fs));
  if (args->backend_store_uri.empty() && !served.database.empty()) {
    return Fail(Code::kInvalidArgument,
                "the server on '" + args->root + "' keeps its runs in " + served.database +
                    ", not in quern.db",
                "name it as the server was told: --backend-store-uri URI");
  }
  if (args->backend_store_uri.empty()) args->backend_store_uri = JoinPath(state_dir, "quern.db");
  if (args->artifacts_destination.empty()) {
    args->artifacts_destination = served.artifacts_destination;
  }
  if (args->artifacts_destination.empty()) {
    args->artifacts_destination = JoinPath(state_dir, "mlflow-artifacts");
  }
  return {};
}

}  // namespace quern::cli
