// quern data profile | check | suggest: the data room on plain files.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "cli/plain_file.h"
#include "data/check.h"
#include "data/profile.h"
#include "data/suggest.h"
#include "report/page.h"
#include "table/session.h"

namespace quern::cli {
namespace {

struct DataArgs {
  std::string file;
  std::string target;
  std::string html;
  std::string expectations;
  std::string key;
};

struct Opened {
  PlainFile file;
  std::unique_ptr<table::Session> session;
};

Result<Opened> Open(const DataArgs& args, Context& context) {
  Opened opened;
  QUERN_ASSIGN(opened.file, OpenPlainFile(args.file, context.fs));
  QUERN_ASSIGN(opened.session, table::Session::Open());
  return opened;
}

Result<data::TableProfile> MakeProfile(const Opened& opened, const DataArgs& args) {
  data::ProfileOptions options;
  options.source = args.file;
  for (const auto& column : opened.file.result.columns) {
    QUERN_ASSIGN(const auto type, data::ParseProfileType(data::ColumnTypeName(column.type)));
    options.types.emplace_back(column.name, type);
  }
  if (!args.target.empty()) {
    options.target = data::ProfileTarget{"target", args.target, "", "", {"--target", 0, 0}};
  }
  return data::ProfileTable(*opened.session, opened.file.TableSql(), options);
}

std::string Short(const std::optional<double>& value) {
  return value ? fmt::format("{:.4g}", *value) : std::string();
}

Status ShowProfile(const DataArgs& args, Context& context) {
  QUERN_ASSIGN(const Opened opened, Open(args, context));
  QUERN_ASSIGN(const data::TableProfile profile, MakeProfile(opened, args));
  const json::value record = data::ToJson(profile);
  if (!args.html.empty()) {
    QUERN_TRY(context.fs.WriteAtomic(args.html, report::RenderProfile(record)));
    context.PrintLine("profile: " + args.html);
    return {};
  }
  if (context.json) {
    context.PrintJson(record);
    return {};
  }
  context.PrintLine(fmt::format("{}: {} rows, {} repeated, {} rejected", args.file, profile.rows,
                                profile.duplicate_rows, opened.file.result.rejected));
  std::vector<std::vector<std::string>> table{
      {"column", "type", "missing", "distinct", "mean", "std", "min", "max", "most frequent"}};
  for (const auto& column : profile.columns) {
    const double share =
        profile.rows > 0 ? static_cast<double>(column.missing) / static_cast<double>(profile.rows)
                         : 0;
    table.push_back({column.name, std::string(data::ProfileTypeName(column.type)),
                     fmt::format("{:.1f} %", share * 100), std::to_string(column.distinct),
                     Short(column.mean), Short(column.std), Short(column.min), Short(column.max),
                     column.top.empty() ? "" : column.top.front().value});
  }
  context.Print(FormatTable(table));
  for (const auto& alert : profile.alerts)
    context.PrintLine(context.Paint("yellow", "alert: ") + alert.text);
  return {};
}

Result<bool> ShowCheck(const DataArgs& args, Context& context) {
  QUERN_ASSIGN(const std::string text, context.fs.Read(args.expectations));
  QUERN_ASSIGN(const auto rules, data::ParseExpectationsText(text, args.expectations));
  QUERN_ASSIGN(const Opened opened, Open(args, context));
  std::vector<std::string> known;
  for (const auto& column : opened.file.result.columns) known.push_back(column.name);
  QUERN_TRY(data::ValidateExpectations(rules, known));
  data::CheckOptions options;
  options.source = args.file;
  options.clock = &context.clock;
  if (!args.key.empty()) options.key_columns = {args.key};
  QUERN_ASSIGN(const auto report,
               data::Check(*opened.session, opened.file.TableSql(), rules, options));
  if (context.json) {
    context.PrintJson(data::ToJson(report));
    return report.success;
  }
  size_t failed = 0;
  for (const auto& check : report.checks) {
    if (check.success) continue;
    ++failed;
    const bool error = check.expectation.severity == data::Severity::kError;
    context.PrintLine(context.Paint(error ? "red" : "yellow", error ? "error: " : "warn:  ") +
                      check.text);
  }
  context.PrintLine(fmt::format("{} of {} checks hold on {} rows", report.checks.size() - failed,
                                report.checks.size(), report.rows));
  return report.success;
}

Status ShowSuggestions(const DataArgs& args, Context& context) {
  QUERN_ASSIGN(const Opened opened, Open(args, context));
  QUERN_ASSIGN(const data::TableProfile profile, MakeProfile(opened, args));
  data::SuggestOptions options;
  options.clock = &context.clock;
  const auto suggestions = data::SuggestExpectations(profile, options);
  if (!context.json) {
    context.Print(data::SuggestionsYaml(suggestions));
    return {};
  }
  json::array list;
  for (const auto& suggestion : suggestions) {
    list.push_back(json::object{{"expectation", data::ToYaml(suggestion.expectation)},
                                {"text", data::Describe(suggestion.expectation)},
                                {"reason", suggestion.reason}});
  }
  context.PrintJson(json::object{{"suggestions", std::move(list)}});
  return {};
}

}  // namespace

void AddData(Verb app, Context& context) {
  auto args = std::make_shared<DataArgs>();
  Verb data = app.AddVerb("data", "Profile, check and describe a CSV or Parquet file");
  data.RequireVerb();
  Verb profile =
      data.AddVerb("profile", "What the file holds, column by column, and what is alarming");
  Verb check =
      data.AddVerb("check", "Check expectations; exit code 4 if one of severity error fails");
  Verb suggest = data.AddVerb("suggest", "Propose expectations from the file's profile, as YAML");
  for (Verb verb : {profile, check, suggest}) {
    verb.AddOption("file", args->file, "CSV or Parquet file").Required();
    AddJsonFlag(verb, context);
  }
  profile.AddOption("--target", args->target,
                    "Expression to relate every column to, as in \"num > 0\"");
  profile.AddOption("--html", args->html, "Write a page instead");
  check.AddOption("--expectations", args->expectations, "YAML list of expectations").Required();
  check.AddOption("--key", args->key, "Column that names a row in examples");
  const auto plain = [args, &context](Status (*body)(const DataArgs&, Context&)) {
    context.action = [args, body, &context] {
      const Status status = body(*args, context);
      return status ? 0 : context.Complain(status.error());
    };
  };
  profile.OnGiven([plain] { plain(ShowProfile); });
  suggest.OnGiven([plain] { plain(ShowSuggestions); });
  check.OnGiven([args, &context] {
    context.action = [args, &context] {
      const auto held = ShowCheck(*args, context);
      if (!held) return context.Complain(held.error());
      return static_cast<int>(*held ? Exit::kDone : Exit::kDataCheckFailed);
    };
  });
}

}  // namespace quern::cli
