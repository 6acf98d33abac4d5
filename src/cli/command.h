#pragma once
// What every verb of the program shares: where it writes, how it fails, what it was told.
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "cli/verb.h"

namespace quern::cli {

/// One invocation of the program. Verbs register themselves on the command line and leave their
/// work in `action`, which returns the exit code.
struct Context {
  bool json = false;      // --json: machines read standard output
  bool terminal = false;  // standard output is a terminal: colours, bars
  Fs& fs;
  const Clock& clock;
  CancelToken& cancel;
  std::function<int()> action;

  void Print(std::string_view text) const { std::fwrite(text.data(), 1, text.size(), stdout); }
  void PrintLine(std::string_view text) const {
    Print(text);
    Print("\n");
  }
  void PrintJson(const json::value& value) const { PrintLine(WriteJson(value)); }
  /// Standard error, and the exit code that fits.
  int Complain(const Error& error) const;
  /// `text` in a colour if a terminal reads: "red", "green", "yellow", "blue", "dim", "bold".
  std::string Paint(std::string_view colour, std::string_view text) const;
};

/// Adds --json to a verb.
void AddJsonFlag(Verb verb, Context& context);

/// What the program does if the verb is given: `work` answers the exit code, or an error that is
/// told.
void WhenGiven(Verb verb, Context& context, std::function<Result<int>()> work);

// One function per verb (or family of verbs), each in a file of its own.
void AddInit(Verb app, Context& context);
void AddRun(Verb app, Context& context);
void AddPlan(Verb app, Context& context);
void AddReport(Verb app, Context& context);
void AddStatus(Verb app, Context& context);
void AddRuns(Verb app, Context& context);
void AddModels(Verb app, Context& context);
void AddLineage(Verb app, Context& context);
void AddServe(Verb app, Context& context);
void AddDeploy(Verb app, Context& context);
void AddServer(Verb app, Context& context);
void AddImport(Verb app, Context& context);
void AddExport(Verb app, Context& context);
void AddData(Verb app, Context& context);
void AddDrift(Verb app, Context& context);
void AddEvaluate(Verb app, Context& context);
void AddPredict(Verb app, Context& context);
void AddGc(Verb app, Context& context);
void AddDb(Verb app, Context& context);
void AddBackup(Verb app, Context& context);
void AddRestore(Verb app, Context& context);
void AddCompletion(Verb app, Context& context);

/// Runs the program on these arguments (without its own name); returns the exit code. Tests call
/// it.
int Main(int argc, const char* const* argv, CancelToken& cancel);

/// Columns of text, aligned; numbers to the right. The first row is the head. A column is one of
/// numbers by its cells, but never the first one: it names the row, and an identifier such as
/// `877045e0` only looks like a number.
std::string FormatTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace quern::cli
