#include <boost/json.hpp>
#include <cstdlib>

#include "cli/exchange.h"
#include "cli/progress_line.h"
#include "exchange/importer.h"

namespace quern::cli {
namespace {

struct ImportArgs {
  StoreArgs store;
  exchange::SourceOptions source;
  exchange::ImportOptions options;
};

int Import(const ImportArgs& args, Context& context) {
  auto source = exchange::OpenMlflowSource(args.source, context.fs);
  if (!source) return context.Complain(source.error());
  auto store =
      ExchangeStore::Open(args.store, args.options.dry_run ? Use::kLook : Use::kWrite, context);
  if (!store) return context.Complain(store.error());
  ProgressLine line(context);
  exchange::Importer importer(
      **source,
      {*(*store)->database, (*store)->tracking, (*store)->registry, (*store)->artifacts.get(),
       context.clock},
      args.options, context.cancel, [&](const exchange::Report& report, const std::string& doing) {
        line.Show(std::to_string(report.runs.added + report.runs.updated + report.runs.there) +
                  " runs, " + std::to_string(report.files.added) + " artifacts; " + doing);
      });
  const Status status = importer.Run();
  line.Clear();
  const exchange::Report& report = importer.report();
  if (context.json) {
    PrintReportJson(report, status, {{"dry_run", args.options.dry_run}}, context);
  } else if (status || !report.IsEmpty()) {
    PrintTallies(report,
                 {{"added", &exchange::Tally::added},
                  {"updated", &exchange::Tally::updated},
                  {"there already", &exchange::Tally::there}},
                 context);
    PrintRest(report, context);
    if (args.options.dry_run) context.PrintLine("nothing was written: --dry-run");
  }
  std::fflush(stdout);
  return Conclude(report, status, context);
}

}  // namespace

void AddImport(Verb app, Context& context) {
  Verb verb = app.AddVerb("import", "Bring experiments, runs and models of MLflow in");
  verb.RequireVerb();
  auto args = std::make_shared<ImportArgs>();
  args->source.environment = [](const char* name) -> const char* { return std::getenv(name); };
  Verb mlflow = verb.AddVerb(
      "mlflow",
      "From a folder mlruns, a file mlflow.db or a running server, with everything in it.\n"
      "Again, it goes on where it was, and adds nothing twice.");
  mlflow.AddOption("source", args->source.name, "mlruns, mlflow.db, or http://HOST:PORT")
      .Required();
  AddStoreOptions(mlflow, args->store);
  AddChoice(mlflow, args->options.experiments, args->options.artifacts);
  mlflow.AddOption("--source-artifacts", args->source.artifacts,
                   "The folder that was --artifacts-destination of the server of mlflow.db; by "
                   "default mlartifacts beside it");
  mlflow.AddFlag("--dry-run", args->options.dry_run, "Read everything and write nothing");
  AddJsonFlag(mlflow, context);
  mlflow.OnGiven(
      [&context, args] { context.action = [&context, args] { return Import(*args, context); }; });
}

}  // namespace quern::cli
