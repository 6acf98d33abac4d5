#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/exchange.h"
#include "cli/progress_line.h"
#include "exchange/exporter.h"

namespace quern::cli {
namespace {

struct ExportArgs {
  StoreArgs store;
  exchange::ExportOptions options;
};

int Export(const ExportArgs& args, Context& context) {
  auto store = ExchangeStore::Open(args.store, Use::kRead, context);
  if (!store) return context.Complain(store.error());
  TempDir none;
  auto artifacts = (*store)->Proxied(none.path(), context.fs);
  if (!artifacts) return context.Complain(artifacts.error());
  ProgressLine line(context);
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
    PrintTallies(report, {{"written", &exchange::Tally::added}}, context);
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
  AddChoice(*mlflow, args->options.experiments, args->options.artifacts);
  AddJsonFlag(*mlflow, context);
  mlflow->callback(
      [&context, args] { context.action = [&context, args] { return Export(*args, context); }; });
}

}  // namespace quern::cli
