#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/parallel.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/project_state.h"
#include "cli/run_view.h"
#include "pipeline/lifecycle.h"

namespace quern::cli {
namespace {

constexpr const char* kTracking =
    "With tracking: {server: URL} in quern.yaml, runs and versions are kept at that MLflow "
    "tracking\n"
    "server (`quern server`, `mlflow server`), credentials are MLFLOW_TRACKING_TOKEN, or\n"
    "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD; tables and results stay here.";

struct RunArgs {
  std::string project = ".";
  std::vector<std::string> until;
  std::vector<std::string> force;
  std::vector<std::string> set;
  double wait = 0;
  size_t threads = 0;
};

void AddProjectOptions(Verb verb, RunArgs& args) {
  verb.AddOption("project", args.project, "Folder of quern.yaml, or the file itself").ShowDefault();
  verb.AddOption("--until", args.until,
                 "Stop after these steps or phases (train, evaluate, monitor, …)")
      .Delimiter(',');
  verb.AddOption("--force", args.force, "Run these steps or phases although they are up to date")
      .Delimiter(',');
  verb.AddOption("--set", args.set, "Override a value of quern.yaml: --set training.seed=9");
}

Result<std::vector<std::pair<std::string, std::string>>> ParseSets(
    const std::vector<std::string>& sets) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& set : sets) {
    const size_t equal = set.find('=');
    if (equal == std::string::npos) {
      return Fail(Code::kInvalidArgument, "--set " + set + ": no value",
                  "write --set training.seed=9");
    }
    out.emplace_back(set.substr(0, equal), set.substr(equal + 1));
  }
  return out;
}

int ShowOutcome(const Context& context, const pipeline::LifecycleOutcome& outcome, double seconds) {
  const pipeline::RunSummary& summary = outcome.summary;
  int code = static_cast<int>(Exit::kDone);
  if (summary.outcome == pipeline::Outcome::kGateFailed) code = static_cast<int>(Exit::kGateFailed);
  if (summary.outcome == pipeline::Outcome::kCheckFailed)
    code = static_cast<int>(Exit::kDataCheckFailed);
  if (summary.error) code = static_cast<int>(ExitCode(summary.error->code));
  if (context.json) {
    json::object event{{"event", "end"},
                       {"run_id", summary.run_id},
                       {"exit_code", code},
                       {"ran", summary.ran},
                       {"up_to_date", summary.reused},
                       {"seconds", seconds},
                       {"report", outcome.report_path},
                       {"tracking_server", outcome.server}};
    json::array failures;
    for (const std::string& failure : summary.failures) failures.emplace_back(failure);
    event["failures"] = std::move(failures);
    if (summary.error) event["error"] = summary.error->ToString();
    context.PrintJson(event);
    return code;
  }
  if (summary.ran == 0 && !summary.error && summary.failures.empty()) {
    context.PrintLine(
        fmt::format("up to date ({} steps, {})", summary.reused, FormatDuration(seconds)));
  } else if (!summary.error) {
    context.PrintLine(fmt::format("{} steps ran, {} were up to date, {}", summary.ran,
                                  summary.reused, FormatDuration(seconds)));
  }
  for (const std::string& line : outcome.story) context.PrintLine(line);
  for (const std::string& failure : summary.failures) {
    context.PrintLine(context.Paint("red", "failed: ") + failure);
  }
  if (!outcome.report_path.empty()) context.PrintLine("report: " + outcome.report_path);
  if (!outcome.server.empty()) context.PrintLine("runs and versions: " + outcome.server);
  if (summary.error) return context.Complain(*summary.error);
  return code;
}

}  // namespace

void AddRun(Verb app, Context& context) {
  auto args = std::make_shared<RunArgs>();
  Verb verb = app.AddVerb(
      "run",
      "Run what is not up to date: from raw tables to a deployed, monitored, retrained model");
  AddProjectOptions(verb, *args);
  AddJsonFlag(verb, context);
  verb.AddOption("--wait", args->wait, "Seconds to wait for another run of the same project");
  verb.AddOption("--threads", args->threads,
                 "Threads to use (default: all cores; results do not change)");
  verb.Footer(std::string(kTracking) +
              "\n\nExamples:\n  quern run heart --until train\n"
              "  quern run heart --set training.seed=9 --json");
  verb.OnGiven([args, &context] {
    context.action = [args, &context] {
      const double start = MonotonicSeconds();
      auto sets = ParseSets(args->set);
      if (!sets) return context.Complain(sets.error());
      pipeline::LifecycleOptions options;
      options.run.until = args->until;
      options.run.force = args->force;
      options.run.threads = args->threads > 0 ? args->threads : AvailableCores();
      options.run.cancel = &context.cancel;
      options.wait_seconds = args->wait;
      options.listener = WebhookListener(context);
      const auto view = MakeRunView(context);
      auto outcome =
          pipeline::RunLifecycle(args->project, *sets, options, context.fs, context.clock, *view);
      if (!outcome) return context.Complain(outcome.error());
      return ShowOutcome(context, *outcome, MonotonicSeconds() - start);
    };
  });
}

void AddPlan(Verb app, Context& context) {
  auto args = std::make_shared<RunArgs>();
  Verb verb = app.AddVerb("plan", "Show what would run and why; changes nothing");
  AddProjectOptions(verb, *args);
  AddJsonFlag(verb, context);
  verb.OnGiven([args, &context] {
    context.action = [args, &context] {
      auto sets = ParseSets(args->set);
      if (!sets) return context.Complain(sets.error());
      pipeline::RunOptions options;
      options.until = args->until;
      options.force = args->force;
      auto plan = pipeline::PlanLifecycle(args->project, *sets, options, context.fs, context.clock);
      if (!plan) return context.Complain(plan.error());
      if (context.json) {
        json::array steps;
        for (const auto& state : *plan) {
          steps.push_back(json::object{{"id", state.id},
                                       {"phase", state.phase},
                                       {"action", state.state == "cached" ? "reuse" : "run"},
                                       {"reason", state.reason},
                                       {"last_seconds", state.seconds}});
        }
        context.PrintJson(json::object{{"steps", std::move(steps)}});
        return 0;
      }
      std::vector<std::vector<std::string>> table{{"", "step", "why", "last time"}};
      for (const auto& state : *plan) {
        table.push_back({state.state == "cached" ? "="
                         : state.reason == "new" ? "+"
                                                 : "~",
                         state.id, state.reason,
                         state.seconds > 0 ? FormatDuration(state.seconds) : ""});
      }
      context.Print(FormatTable(table));
      return 0;
    };
  });
}

}  // namespace quern::cli
