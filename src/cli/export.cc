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

void AddExport(Verb app, Context& context) {
  Verb verb = app.AddVerb("export", "Write experiments, runs and models for MLflow");
  verb.RequireVerb();
  auto args = std::make_shared<ExportArgs>();
  Verb mlflow = verb.AddVerb(
      "mlflow", "As a folder mlruns, which MLflow reads: MLFLOW_TRACKING_URI=file:///PATH");
  mlflow.AddOption("folder", args->options.folder, "A new or an empty folder").Required();
  AddStoreOptions(mlflow, args->store);
  AddChoice(mlflow, args->options.experiments, args->options.artifacts);
  AddJsonFlag(mlflow, context);
  mlflow.OnGiven(
      [&context, args] { context.action = [&context, args] { return Export(*args, context); }; });
}

}  // namespace quern::cli
