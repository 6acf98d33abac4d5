#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdlib>

#include "cli/exchange.h"
#include "exchange/importer.h"

namespace quern::cli {
namespace {

struct ImportArgs {
  StoreArgs store;
  exchange::SourceOptions source;
  exchange::ImportOptions options;
};

void PrintImported(const exchange::Report& report, const Context& context) {
  std::vector<std::vector<std::string>> table{{"", "added", "updated", "there already"}};
  const auto row = [&](const char* name, const exchange::Tally& tally) {
    table.push_back({name, std::to_string(tally.added), std::to_string(tally.updated),
                     std::to_string(tally.there)});
  };
  row("experiments", report.experiments);
  row("runs", report.runs);
  row("logged models", report.logged_models);
  row("registered models", report.registered_models);
  row("model versions", report.versions);
  row("artifacts", report.files);
  context.Print(FormatTable(table));
}

int Import(const ImportArgs& args, Context& context) {
  auto source = exchange::OpenMlflowSource(args.source, context.fs);
  if (!source) return context.Complain(source.error());
  auto store =
      ExchangeStore::Open(args.store, args.options.dry_run ? Use::kLook : Use::kWrite, context);
  if (!store) return context.Complain(store.error());
  Line line(context);
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
    PrintImported(report, context);
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
  mlflow
      ->add_option("--experiment", args->options.experiments,
                   "Only the experiment of this name; may be given several times")
      ->allow_extra_args(false);
  mlflow->add_flag_callback(
      "--no-artifacts", [args] { args->options.artifacts = false; },
      "Leave the files of runs and models where they are");
  mlflow->add_option("--source-artifacts", args->source.artifacts,
                     "The folder that was --artifacts-destination of the server of mlflow.db; by "
                     "default mlartifacts beside it");
  mlflow->add_flag("--dry-run", args->options.dry_run, "Read everything and write nothing");
  AddJsonFlag(*mlflow, context);
  mlflow->callback(
      [&context, args] { context.action = [&context, args] { return Import(*args, context); }; });
}

}  // namespace quern::cli
