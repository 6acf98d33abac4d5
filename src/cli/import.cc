#include <CLI/CLI.hpp>
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

void AddImport(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("import", "Bring experiments, runs and models of MLflow in");
  verb->require_subcommand(1);
  auto args = std::make_shared<ImportArgs>();
  args->source.environment = [](const char* name) -> const char* { return std::getenv(name); };
  CLI::App* mlflow = verb->add_subcommand(
      "mlflow",
      "From a folder mlruns, a file mlflow.db or a running server, with everything in it.\n"
      "Again, it goes on where it was, and adds nothing twice.");
  mlflow->add_option("source", args->source.name, "mlruns, mlflow.db, or http://HOST:PORT")
      ->required();
  AddStoreOptions(*mlflow, args->store);
  AddChoice(*mlflow, args->options.experiments, args->options.artifacts);
  mlflow->add_option("--source-artifacts", args->source.artifacts,
                     "The folder that was --artifacts-destination of the server of mlflow.db; by "
                     "default mlartifacts beside it");
  mlflow->add_flag("--dry-run", args->options.dry_run, "Read everything and write nothing");
  AddJsonFlag(*mlflow, context);
  mlflow->callback(
      [&context, args] { context.action = [&context, args] { return Import(*args, context); }; });
}

}  // namespace quern::cli
