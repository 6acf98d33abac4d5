#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/exchange.h"
#include "exchange/exporter.h"

namespace quern::cli {
namespace {

struct ExportArgs {
  StoreArgs store;
  exchange::ExportOptions options;
};

void PrintExported(const exchange::Report& report, const Context& context) {
  std::vector<std::vector<std::string>> table{{"", "written"}};
  const auto row = [&](const char* name, const exchange::Tally& tally) {
    table.push_back({name, std::to_string(tally.added)});
  };
  row("experiments", report.experiments);
  row("runs", report.runs);
  row("logged models", report.logged_models);
  row("registered models", report.registered_models);
  row("model versions", report.versions);
  row("artifacts", report.files);
  context.Print(FormatTable(table));
}

int Export(const ExportArgs& args, Context& context) {
  auto store = ExchangeStore::Open(args.store, Use::kRead, context);
  if (!store) return context.Complain(store.error());
  TempDir none;
  auto artifacts = (*store)->Proxied(none.path(), context.fs);
  if (!artifacts) return context.Complain(artifacts.error());
  Line line(context);
  exchange::Exporter exporter(
      {(*store)->tracking, (*store)->registry, **artifacts}, args.options, context.fs,
      context.cancel, [&](const exchange::Report& report, const std::string& doing) {
        line.Show(std::to_string(report.runs.added) + " runs, " +
                  std::to_string(report.files.added) + " artifacts; " + doing);
      });
  const Status status = exporter.Run();
  line.Clear();
  const exchange::Report& report = exporter.report();
  if (context.json) {
    PrintReportJson(report, status, {{"folder", args.options.folder}}, context);
  } else if (status) {
    PrintExported(report, context);
    PrintRest(report, context);
  }
  std::fflush(stdout);
  return Conclude(report, status, context);
}

}  // namespace

void AddExport(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("export", "Write experiments, runs and models for MLflow");
  verb->require_subcommand(1);
  auto args = std::make_shared<ExportArgs>();
  CLI::App* mlflow = verb->add_subcommand(
      "mlflow", "As a folder mlruns, which MLflow reads: MLFLOW_TRACKING_URI=file:///PATH");
  mlflow->add_option("folder", args->options.folder, "A new or an empty folder")->required();
  AddStoreOptions(*mlflow, args->store);
  mlflow
      ->add_option("--experiment", args->options.experiments,
                   "Only the experiment of this name; may be given several times")
      ->allow_extra_args(false);
  mlflow->add_flag_callback(
      "--no-artifacts", [args] { args->options.artifacts = false; },
      "Leave the files of runs and models where they are");
  AddJsonFlag(*mlflow, context);
  mlflow->callback(
      [&context, args] { context.action = [&context, args] { return Export(*args, context); }; });
}

}  // namespace quern::cli
