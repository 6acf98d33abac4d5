#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/verb.h"

namespace quern::cli {
namespace {

constexpr std::string_view kAbout =
    "The machine-learning life cycle in one program: from raw tables to a registered, deployed, "
    "monitored\n"
    "and retrained model.\n\n"
    "  quern init heart --data cleveland.csv --target \"num > 0\"    a project that runs at once\n"
    "  quern run heart                                             all of it; again: nothing to "
    "do\n"
    "  quern plan heart                                            what would run, and why\n"
    "  quern serve heart@champion                                  a model server";

constexpr std::string_view kExitCodes =
    "Exit codes: 0 done, 1 internal error, 2 bad input, 3 a gate failed, 4 a data check failed,\n"
    "5 another run holds the project, 130 interrupted.";

std::vector<std::string> VerbNames(const Verb& app) {
  std::vector<std::string> names;
  for (const Verb& verb : app.Verbs()) names.push_back(verb.Name());
  return names;
}

/// CLI11's message, with a suggestion where a verb was misspelt.
int ComplainOfUsage(const Verb& app, const CLI::ParseError& error, int argc,
                    const char* const* argv, const Context& context) {
  std::string message = error.what();
  std::string hint = "`quern --help` and `quern VERB --help` show what there is";
  const std::vector<std::string> verbs = VerbNames(app);
  if (argc > 1 && argv[1][0] != '-' &&
      std::find(verbs.begin(), verbs.end(), argv[1]) == verbs.end()) {
    message = "unknown verb '" + std::string(argv[1]) + "'";
    hint = SuggestName(argv[1], verbs);
  }
  return context.Complain(Error{Code::kInvalidArgument, message, hint, {}, {}});
}

void AddVerbs(Verb app, Context& context) {
  AddInit(app, context);
  AddPlan(app, context);
  AddRun(app, context);
  AddStatus(app, context);
  AddReport(app, context);
  AddRuns(app, context);
  AddModels(app, context);
  AddLineage(app, context);
  AddServe(app, context);
  AddServer(app, context);
  AddImport(app, context);
  AddExport(app, context);
  AddPredict(app, context);
  AddData(app, context);
  AddDrift(app, context);
  AddEvaluate(app, context);
  AddGc(app, context);
  AddDb(app, context);
  AddDeploy(app, context);
  AddBackup(app, context);
  AddRestore(app, context);
  AddCompletion(app, context);
}

}  // namespace

int Context::Complain(const Error& error) const {
  std::fprintf(stderr, "%s\n", error.ToString().c_str());
  return static_cast<int>(ExitCode(error.code));
}

std::string Context::Paint(std::string_view colour, std::string_view text) const {
  if (!terminal) return std::string(text);
  const char* code = colour == "red"      ? "31"
                     : colour == "green"  ? "32"
                     : colour == "yellow" ? "33"
                     : colour == "blue"   ? "34"
                     : colour == "dim"    ? "2"
                                          : "1";
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

void AddJsonFlag(Verb verb, Context& context) {
  verb.AddFlag("--json", context.json, "Print JSON for machines instead of text");
}

void WhenGiven(Verb verb, Context& context, std::function<Result<int>()> work) {
  verb.OnGiven([&context, work = std::move(work)] {
    context.action = [&context, work] {
      const auto code = work();
      return code ? *code : context.Complain(code.error());
    };
  });
}

std::string FormatTable(const std::vector<std::vector<std::string>>& rows) {
  if (rows.empty()) return {};
  // Width in characters, not bytes: continuation bytes of UTF-8 take no room.
  const auto width = [](const std::string& text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
  };
  std::vector<size_t> widths(rows.front().size(), 0);
  std::vector<bool> numeric(rows.front().size(), true);
  if (!numeric.empty()) numeric[0] = false;
  for (size_t r = 0; r < rows.size(); ++r) {
    for (size_t c = 0; c < rows[r].size(); ++c) {
      widths[c] = std::max(widths[c], width(rows[r][c]));
      if (r > 0 && !rows[r][c].empty() && !ParseDouble(rows[r][c])) numeric[c] = false;
    }
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string pad(widths[c] - width(row[c]), ' ');
      if (c > 0) line += "  ";
      line += numeric[c] ? pad + row[c] : row[c] + pad;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

int Main(int argc, const char* const* argv, CancelToken& cancel) {
  Context context{false, isatty(STDOUT_FILENO) == 1, RealFs(), SystemClock(), cancel, {}};
  CLI::App app{std::string(kAbout), "quern"};
  app.footer(std::string(kExitCodes));
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", std::string("quern ") + QUERN_VERSION);
  std::string level = "warning";
  app.add_option("--log-level", level, "Diagnostics on standard error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
      ->envname("QUERN_LOG");
  AddVerbs(Verb(&app), context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return app.exit(done);
  } catch (const CLI::ParseError& error) {
    return ComplainOfUsage(Verb(&app), error, argc, argv, context);
  }
  SetLogLevel(level == "debug"     ? LogLevel::kDebug
              : level == "info"    ? LogLevel::kInfo
              : level == "warning" ? LogLevel::kWarning
              : level == "error"   ? LogLevel::kError
                                   : LogLevel::kOff);
  if (!context.action) {
    context.Print(app.help());
    return static_cast<int>(Exit::kBadInput);
  }
  return context.action();
}

}  // namespace quern::cli
