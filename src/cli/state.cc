// Verbs that read what runs left behind: status, lineage, report; models.cc has those of the
// registry, runs.cc the one that searches, gc.cc the one that clears.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/text.h"
#include "cli/places.h"
#include "cli/project_state.h"
#include "cli/state_verb.h"
#include "pipeline/lifecycle.h"
#include "report/page.h"

namespace quern::cli {
namespace {

/// Where the project's runs and versions are: "" if here, or if quern.yaml cannot be read, which is
/// no obstacle to saying what has run.
std::string TrackingServer(pipeline::Workspace& workspace) {
  if (BaseName(workspace.dir()) != ".quern") return "";
  const auto tracked = pipeline::LoadTracking(DirName(workspace.dir()), workspace.fs());
  if (!tracked || !*tracked || !(*tracked)->tracking.server) return "";
  return (*tracked)->tracking.server->Text();
}

Status ShowStatus(pipeline::Workspace& workspace, const StateArgs&, Context& context) {
  QUERN_ASSIGN(const auto run, workspace.cache().LastRun());
  if (!run) {
    return Fail(Code::kNotFound, "nothing has run here yet", "`quern run` comes first");
  }
  QUERN_ASSIGN(const auto steps, workspace.cache().StepsOf(run->id));
  const std::string server = TrackingServer(workspace);
  if (context.json) {
    json::array list;
    for (const auto& step : steps) {
      list.push_back(json::object{{"id", step.id},
                                  {"state", step.state},
                                  {"reason", step.reason},
                                  {"seconds", step.seconds}});
    }
    context.PrintJson(json::object{{"run_id", run->id},
                                   {"project", run->project},
                                   {"state", run->state},
                                   {"started", FormatTime(run->start_ms)},
                                   {"summary", run->summary},
                                   {"tracking_server", server},
                                   {"steps", std::move(list)}});
    return {};
  }
  context.PrintLine(fmt::format("{} {} ({}), {}", run->project, run->state,
                                FormatTime(run->start_ms), run->summary));
  std::vector<std::vector<std::string>> table{{"step", "state", "time", "why"}};
  for (const auto& step : steps) {
    table.push_back(
        {step.id, step.state, step.seconds > 0 ? FormatDuration(step.seconds) : "", step.reason});
  }
  context.Print(FormatTable(table));
  if (!server.empty()) context.PrintLine("runs and versions: " + server);
  return {};
}

Status ShowLineage(pipeline::Workspace& workspace, const StateArgs& args, Context& context) {
  QUERN_ASSIGN(const auto graph, args.what.empty() ? workspace.lineage().All()
                                                   : workspace.lineage().Around(args.what));
  if (context.json) {
    context.PrintJson(tracking::LineageJson(graph));
    return {};
  }
  for (const auto& node : graph.nodes) {
    context.PrintLine(context.Paint("bold", node.id) + "  " + node.detail);
    context.PrintLine("    " + (node.actor.empty() ? "noted" : "by " + node.actor) + " " +
                      FormatTime(node.created_ms));
    for (const auto& edge : graph.edges) {
      if (edge.to == node.id) context.PrintLine("    from " + edge.from);
    }
  }
  return {};
}

/// Draws the page again, with this program's page, from what the last run left; `copy` "" for none.
Result<std::string> DrawReport(const std::string& state_dir, const std::string& copy, Fs& fs) {
  const std::string source = JoinPath(state_dir, "report.json");
  if (!fs.Exists(source)) {
    return Fail(Code::kNotFound, "there is no report yet: '" + source + "'",
                "`quern run` writes it");
  }
  QUERN_ASSIGN(const std::string text, fs.Read(source));
  auto document = ParseJson(text, {.name = source});
  if (!document) return std::unexpected(document.error());
  const std::string html = report::RenderReport(*document);
  const std::string page = copy.empty() ? JoinPath(state_dir, "report.html") : copy;
  QUERN_TRY(fs.WriteAtomic(page, html));
  return page;
}

}  // namespace

Result<std::unique_ptr<pipeline::Workspace>> OpenState(const StateArgs& args, Asks asks,
                                                       Context& context) {
  const std::string state = StateFolderOf(args.project, context.fs);
  pipeline::WorkspaceOptions options;
  if (asks == Asks::kServerToo) {
    QUERN_ASSIGN(options, OptionsFor(state, context));
    if (options.open == pipeline::WorkspaceOptions::Open::kCreate) {
      options.open = pipeline::WorkspaceOptions::Open::kToPlan;
    }
  }
  return pipeline::Workspace::Open(state, options, context.fs, context.clock);
}

Verb AddStateVerb(
    Verb app, Context& context, const char* name, const char* doc,
    const std::shared_ptr<StateArgs>& args, Asks asks,
    const std::function<Status(pipeline::Workspace&, const StateArgs&, Context&)>& body) {
  Verb verb = app.AddVerb(name, doc);
  verb.AddOption("--project", args->project, "Project folder").ShowDefault();
  AddJsonFlag(verb, context);
  verb.OnGiven([args, asks, body, &context] {
    if (context.action) return;  // a verb below this one was asked for
    context.action = [args, asks, body, &context] {
      auto workspace = OpenState(*args, asks, context);
      if (!workspace) return context.Complain(workspace.error());
      const Status status = body(**workspace, *args, context);
      return status ? 0 : context.Complain(status.error());
    };
  });
  return verb;
}

void AddStatus(Verb app, Context& context) {
  auto args = std::make_shared<StateArgs>();
  Verb verb = AddStateVerb(app, context, "status", "What the last run did, step by step", args,
                           Asks::kHereAlone, ShowStatus);
  verb.AddOption("project_folder", args->project, "Project folder");
}

void AddLineage(Verb app, Context& context) {
  auto args = std::make_shared<StateArgs>();
  Verb verb =
      AddStateVerb(app, context, "lineage", "What went into what, from source file to decision",
                   args, Asks::kHereAlone, ShowLineage);
  verb.AddOption("node", args->what,
                 "One thing and all it is connected to, by (the beginning of) its id");
}

void AddReport(Verb app, Context& context) {
  auto args = std::make_shared<StateArgs>();
  Verb verb = app.AddVerb("report", "Write the report of the last run: one HTML page, no network");
  verb.AddOption("project", args->project, "Project folder").ShowDefault();
  verb.AddOption("-o,--output", args->what, "Write it here, not to .quern/report.html");
  AddJsonFlag(verb, context);
  verb.OnGiven([args, &context] {
    context.action = [args, &context] {
      auto page = DrawReport(StateFolderOf(args->project, context.fs), args->what, context.fs);
      if (!page) return context.Complain(page.error());
      if (context.json) {
        context.PrintJson(json::object{{"path", *page}});
      } else {
        context.PrintLine("report: " + *page);
      }
      return 0;
    };
  });
}

}  // namespace quern::cli
