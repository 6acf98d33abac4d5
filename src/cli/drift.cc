#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>
#include <memory>

#include "cli/command.h"
#include "cli/plain_file.h"
#include "monitoring/record.h"

namespace quern::cli {
namespace {

struct DriftArgs {
  std::string reference;
  std::string current;
  std::vector<std::string> ignore;
  monitoring::DriftOptions options;
};

std::string Number(double value) { return std::isnan(value) ? "" : fmt::format("{:.4g}", value); }

Status ShowDrift(const DriftArgs& args, Context& context) {
  QUERN_ASSIGN(const PlainFile reference, OpenPlainFile(args.reference, context.fs));
  QUERN_ASSIGN(const PlainFile current,
               OpenPlainFile(args.current, context.fs, reference.result.columns));
  QUERN_ASSIGN(const Frame before, reference.Read());
  QUERN_ASSIGN(const Frame now, current.Read());
  monitoring::DriftOptions options = args.options;
  options.ignore = args.ignore;
  QUERN_ASSIGN(const auto report, monitoring::CompareFrames(before, now, options));
  if (context.json) {
    context.PrintJson(monitoring::DriftRecord(report));
    return {};
  }
  std::vector<std::vector<std::string>> table{
      {"column", "test", "statistic", "p", "threshold", "says", "verdict"}};
  for (const auto& column : report.columns) {
    bool first = true;
    for (const auto& test : column.tests) {
      table.push_back({first ? column.column : "", test.name, Number(test.statistic),
                       Number(test.p_value), Number(test.threshold),
                       test.drifted ? "drift" : "same",
                       !first           ? ""
                       : column.drifted ? "drifted"
                                        : "not drifted"});
      first = false;
    }
    if (first)
      table.push_back(
          {column.column, "", "", "", "", "", column.drifted ? "drifted" : "not drifted"});
  }
  context.Print(FormatTable(table));
  for (const auto& column : report.columns) {
    if (column.drifted)
      context.PrintLine(context.Paint("yellow", column.column + ": ") + column.reason);
  }
  context.PrintLine(fmt::format(
      "{} of {} columns drifted ({:.0f} %, the table counts as drifted from {:.0f} %): {}",
      report.dataset.drifted_columns, report.dataset.columns, report.dataset.share * 100,
      report.dataset.limit * 100, report.dataset.drifted ? "drift" : "no drift"));
  return {};
}

}  // namespace

void AddDrift(Verb app, Context& context) {
  auto args = std::make_shared<DriftArgs>();
  Verb verb = app.AddVerb(
      "drift", "Compare two files column by column: tests, distances, missing rates, verdict");
  verb.AddOption("reference", args->reference, "CSV or Parquet file that the model knows")
      .Required();
  verb.AddOption("current", args->current, "File to compare with it").Required();
  verb.AddOption("--ignore", args->ignore, "Columns that are not compared (keys, target)")
      .Delimiter(',');
  verb.AddOption("--numeric", args->options.numeric, "Deciding test of numbers").ShowDefault();
  verb.AddOption("--categorical", args->options.categorical, "Deciding test of categories")
      .ShowDefault();
  verb.AddOption("--share", args->options.drift_share,
                 "Share of drifted columns that makes the table drift")
      .ShowDefault();
  verb.AddOption("--alpha", args->options.alpha, "Level of the adjusted p-values").ShowDefault();
  AddJsonFlag(verb, context);
  verb.OnGiven([args, &context] {
    context.action = [args, &context] {
      const Status status = ShowDrift(*args, context);
      return status ? 0 : context.Complain(status.error());
    };
  });
}

}  // namespace quern::cli
