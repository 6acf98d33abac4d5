#include "cli/exchange.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "base/text.h"
#include "cli/places.h"
#include "pipeline/workspace.h"
#include "store/open.h"

namespace quern::cli {

Result<std::unique_ptr<ExchangeStore>> ExchangeStore::Open(const StoreArgs& args, Use use,
                                                           Context& context) {
  QUERN_ASSIGN(const std::string state, StoreFolder(args.root, context.fs));
  std::string database = args.backend_store_uri;
  if (database.empty()) database = JoinPath(state, "quern.db");
  if (args.backend_store_uri.empty() && !context.fs.Exists(database)) {
    if (use == Use::kRead) {
      return Fail(Code::kNotFound, "there is no store in '" + args.root + "'",
                  "--root DIR names the folder that `quern run` or `quern server` works in");
    }
    if (use == Use::kLook) database = store::kInMemory;
  }
  auto opened = store::OpenDatabase(database, context.fs);
  if (!opened) {
    return Within(opened.error(), "opening the store " + store::ShownName(database));
  }
  auto store = std::make_unique<ExchangeStore>(std::move(*opened), context.clock);
  std::string artifacts = args.artifacts_destination;
  if (artifacts.empty()) artifacts = JoinPath(state, "mlflow-artifacts");
  if (use == Use::kWrite || context.fs.Exists(artifacts)) {
    QUERN_ASSIGN(store->artifacts, store::FolderArtifacts::Open(artifacts, context.fs));
  }
  store->packages_folder = JoinPath(state, "artifacts");
  return store;
}

ExchangeStore::ExchangeStore(std::unique_ptr<store::Database> opened, const Clock& clock)
    : database(std::move(opened)),
      experiments(*database, clock, pipeline::kArtifactRoot),
      runs(*database, clock, experiments),
      models(*database, clock, experiments),
      tracking(*database, experiments, runs, models),
      registry(*database, clock, pipeline::Actor()) {}

Result<std::unique_ptr<store::MountedArtifacts>> ExchangeStore::Proxied(const std::string& none,
                                                                        Fs& fs) {
  if (artifacts == nullptr) {
    QUERN_ASSIGN(artifacts, store::FolderArtifacts::Open(none, fs));
  }
  const bool any = fs.Exists(packages_folder);
  QUERN_ASSIGN(packages, store::FolderArtifacts::Open(any ? packages_folder : none, fs));
  return std::make_unique<store::MountedArtifacts>(*artifacts, "quern/artifacts", *packages);
}

void AddStoreOptions(CLI::App& verb, StoreArgs& args) {
  verb.add_option("--root", args.root,
                  "A project folder (its .quern is used), or an empty one that becomes a store")
      ->capture_default_str();
  verb.add_option(
      "--backend-store-uri", args.backend_store_uri,
      "The database: sqlite:///FILE or postgresql://…; by default quern.db below --root");
  verb.add_option("--artifacts-destination", args.artifacts_destination,
                  "The folder of artifacts, as `quern server` is told it; by default below --root");
}

void PrintRest(const exchange::Report& report, const Context& context) {
  context.PrintLine(std::to_string(report.points) + " values of metrics, " +
                    FormatBytes(report.bytes) + " of artifacts");
  for (const std::string& note : report.notes) context.PrintLine("note: " + note);
  for (const std::string& place : report.unreached) {
    context.PrintLine(context.Paint("yellow", "not reached: ") + place);
  }
}

void PrintReportJson(const exchange::Report& report, const Status& status, const json::object& more,
                     const Context& context) {
  json::object out = exchange::ReportJson(report).as_object();
  out["complete"] = status.has_value();
  for (const auto& [key, value] : more) out[key] = value;
  context.PrintJson(out);
}

int Conclude(const exchange::Report& report, const Status& status, const Context& context) {
  for (const Error& error : report.problems) (void)context.Complain(error);
  if (!status) return context.Complain(status.error());
  return static_cast<int>(report.problems.empty() ? Exit::kDone : Exit::kBadInput);
}

}  // namespace quern::cli
