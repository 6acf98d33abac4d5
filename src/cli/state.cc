// Verbs that read what runs left behind: status, runs, models, lineage, report, gc.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <map>
#include <set>

#include "base/text.h"
#include "cli/command.h"
#include "cli/places.h"
#include "pipeline/lifecycle.h"
#include "pipeline/workspace.h"
#include "report/page.h"
#include "tracking/names.h"

namespace quern::cli {
namespace {

struct StateArgs {
  std::string project = ".";
  std::string what;
  std::string set_alias;
  std::string reason;
  std::string filter;
  std::string order_by;
  int limit = 20;
  bool all = false;
  bool yes = false;
};

/// Of a project's folder or its quern.yaml.
std::string StateDirOf(const std::string& project, Fs& fs) {
  auto info = fs.Stat(project);
  if (info && !info->is_dir) return JoinPath(DirName(project), ".quern");
  return StateFolder(project, fs);
}

Result<std::unique_ptr<pipeline::Workspace>> Open(const StateArgs& args, Context& context) {
  return pipeline::Workspace::Open(StateDirOf(args.project, context.fs), false, context.fs,
                                   context.clock);
}

/// Registers a verb over an opened workspace.
CLI::App* AddVerb(
    CLI::App& app, Context& context, const char* name, const char* doc,
    const std::shared_ptr<StateArgs>& args,
    const std::function<Status(pipeline::Workspace&, const StateArgs&, Context&)>& body) {
  CLI::App* verb = app.add_subcommand(name, doc);
  verb->add_option("--project", args->project, "Project folder")->capture_default_str();
  AddJsonFlag(*verb, context);
  verb->callback([args, body, &context] {
    context.action = [args, body, &context] {
      auto workspace = Open(*args, context);
      if (!workspace) return context.Complain(workspace.error());
      const Status status = body(**workspace, *args, context);
      return status ? 0 : context.Complain(status.error());
    };
  });
  return verb;
}

Status ShowStatus(pipeline::Workspace& workspace, const StateArgs&, Context& context) {
  QUERN_ASSIGN(const auto run, workspace.cache().LastRun());
  if (!run) {
    return Fail(Code::kNotFound, "nothing has run here yet", "`quern run` comes first");
  }
  QUERN_ASSIGN(const auto steps, workspace.cache().StepsOf(run->id));
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
  return {};
}

json::object RunJson(const tracking::Run& run, const std::string& experiment) {
  json::object params, metrics, tags;
  for (const auto& [key, value] : run.params) params[key] = value;
  for (const auto& metric : run.metrics) metrics[metric.key] = metric.value;
  for (const auto& [key, value] : run.tags) tags[key] = value;
  const tracking::RunInfo& info = run.info;
  return {{"run_id", info.id},
          {"experiment", experiment},
          {"parent_id", info.parent_id},
          {"name", info.name},
          {"status", info.status},
          {"start_time", info.start_ms},
          {"end_time", info.end_ms ? json::value(*info.end_ms) : json::value(nullptr)},
          {"params", std::move(params)},
          {"metrics", std::move(metrics)},
          {"tags", std::move(tags)}};
}

/// Active experiments: id and name.
Result<std::map<int64_t, std::string>> ExperimentNames(pipeline::Workspace& workspace) {
  std::map<int64_t, std::string> names;
  tracking::SearchRequest request;
  do {
    QUERN_ASSIGN(const auto page,
                 workspace.experiments().Search(tracking::ViewType::kActiveOnly, request));
    for (const auto& experiment : page.items) names[experiment.id] = experiment.name;
    request.page_token = page.next_token;
  } while (!request.page_token.empty());
  return names;
}

/// The metrics that a table has room for: those that the search names, then the usual ones to
/// choose a model by, then what most of the runs have.
std::vector<std::string> ShownMetrics(const std::vector<tracking::Run>& runs,
                                      const std::string& search) {
  constexpr size_t kColumns = 4;
  const std::vector<std::string> usual{"roc_auc", "accuracy", "rmse"};
  std::map<std::string, size_t> counts;
  for (const auto& run : runs) {
    for (const auto& metric : run.metrics) {
      if (metric.key.find('.') == std::string::npos) ++counts[metric.key];
    }
  }
  const auto rank = [&](const std::string& key) -> std::ptrdiff_t {
    if (search.find("metrics." + key) != std::string::npos) return -1;
    return std::find(usual.begin(), usual.end(), key) - usual.begin();
  };
  std::vector<std::string> keys;
  for (const auto& [key, count] : counts) keys.push_back(key);
  std::stable_sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
    return std::pair(rank(a), counts[b]) < std::pair(rank(b), counts[a]);
  });
  keys.resize(std::min(keys.size(), kColumns));
  return keys;
}

void PrintRuns(const std::vector<tracking::Run>& runs, const std::string& search,
               Context& context) {
  std::vector<std::vector<std::string>> table{{"run", "name", "status", "started"}};
  const std::vector<std::string> keys = ShownMetrics(runs, search);
  table[0].insert(table[0].end(), keys.begin(), keys.end());
  for (const auto& run : runs) {
    table.push_back(
        {run.info.id.substr(0, 8), run.info.name, run.info.status, FormatTime(run.info.start_ms)});
    for (const std::string& key : keys) {
      std::string shown;
      for (const auto& metric : run.metrics) {
        if (metric.key == key) shown = fmt::format("{:.4f}", metric.value);
      }
      table.back().push_back(std::move(shown));
    }
  }
  context.Print(FormatTable(table));
}

Status ShowRuns(pipeline::Workspace& workspace, const StateArgs& args, Context& context) {
  QUERN_ASSIGN(const auto names, ExperimentNames(workspace));
  if (!args.what.empty()) {
    QUERN_ASSIGN(const std::string id, workspace.runs().Resolve(args.what));
    QUERN_ASSIGN(const tracking::Run run, workspace.runs().Get(id));
    const auto name = names.find(run.info.experiment_id);
    const json::value shown = RunJson(run, name == names.end() ? "" : name->second);
    context.Print(context.json ? WriteJson(shown) + "\n" : WritePrettyJson(shown));
    return {};
  }
  std::vector<int64_t> ids;
  for (const auto& [id, name] : names) ids.push_back(id);
  tracking::SearchRequest request;
  request.filter = args.filter;
  if (!args.order_by.empty()) request.order_by = {args.order_by};
  request.max_results = args.limit;
  const auto level = args.all ? tracking::RunLevel::kAll : tracking::RunLevel::kTop;
  QUERN_ASSIGN(const auto page,
               workspace.runs().Search(ids, tracking::ViewType::kActiveOnly, request, {}, level));
  if (context.json) {
    json::array list;
    for (const auto& run : page.items) {
      list.push_back(RunJson(run, names.at(run.info.experiment_id)));
    }
    context.PrintJson(json::object{{"runs", std::move(list)}});
    return {};
  }
  PrintRuns(page.items, args.filter + " " + args.order_by, context);
  return {};
}

/// Where a version's files are: a folder, or the URI that a client gave.
std::string PlaceOf(pipeline::Workspace& workspace, const registry::ModelVersion& version) {
  return version.path.empty() ? version.storage : workspace.Path(version.path);
}

Status ShowModels(pipeline::Workspace& workspace, const StateArgs& args, Context& context) {
  if (!args.set_alias.empty()) {
    QUERN_ASSIGN(const auto version, workspace.registry().Resolve(args.what));
    return workspace.registry().SetAlias(version.name, args.set_alias, version.version,
                                         args.reason.empty() ? "set by hand" : args.reason);
  }
  QUERN_ASSIGN(const auto versions, workspace.registry().List(args.what));
  if (context.json) {
    json::array list;
    for (const auto& version : versions) {
      json::array aliases;
      for (const auto& alias : version.aliases) aliases.emplace_back(alias);
      list.push_back(json::object{{"name", version.name},
                                  {"version", version.version},
                                  {"aliases", std::move(aliases)},
                                  {"digest", version.digest},
                                  {"path", PlaceOf(workspace, version)},
                                  {"run_id", version.run_id},
                                  {"created", FormatTime(version.created_ms)}});
    }
    context.PrintJson(json::object{{"versions", std::move(list)}});
    return {};
  }
  std::vector<std::vector<std::string>> table{
      {"model", "version", "aliases", "created", "package"}};
  for (const auto& version : versions) {
    table.push_back({version.name, std::to_string(version.version), Join(version.aliases, ", "),
                     FormatTime(version.created_ms), PlaceOf(workspace, version)});
  }
  context.Print(FormatTable(table));
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
    for (const auto& edge : graph.edges) {
      if (edge.to == node.id) context.PrintLine("    from " + edge.from);
    }
  }
  return {};
}

/// Folders of results that no stored step and no registered version refers to.
Result<std::vector<std::string>> Garbage(pipeline::Workspace& workspace) {
  std::set<std::string> used;
  const auto keep = [&](const std::string& path) {
    const auto parts = Split(path, '/');
    if (parts.size() >= 3) {
      used.insert(std::string(parts[0]) + "/" + std::string(parts[1]) + "/" +
                  std::string(parts[2]));
    }
  };
  QUERN_ASSIGN(const auto results, workspace.cache().All());
  for (const auto& result : results) {
    for (const std::string& file : result.output.files) keep(file);
  }
  QUERN_ASSIGN(const auto versions, workspace.registry().List(""));
  for (const auto& version : versions) keep(version.path);
  std::vector<std::string> garbage;
  for (const char* top : {"artifacts", "tables"}) {
    auto groups = workspace.fs().List(workspace.Path(top));
    if (!groups) continue;
    for (const std::string& group : *groups) {
      const std::string folder = std::string(top) + "/" + group;
      QUERN_ASSIGN(const auto names, workspace.fs().List(workspace.Path(folder)));
      for (const std::string& name : names) {
        if (!used.contains(folder + "/" + name)) garbage.push_back(folder + "/" + name);
      }
    }
  }
  return garbage;
}

Status CollectGarbage(pipeline::Workspace& workspace, const StateArgs& args, Context& context) {
  QUERN_ASSIGN(const auto lock, pipeline::ProjectLock::Acquire(workspace.dir(), 0));
  QUERN_ASSIGN(const auto unused, workspace.cache().Unused(args.limit));
  if (args.yes) {
    for (const auto& result : unused) QUERN_TRY(workspace.cache().Remove(result.key));
    QUERN_TRY(workspace.fs().RemoveAll(workspace.Path("tmp")));
  }
  QUERN_ASSIGN(const auto garbage, Garbage(workspace));
  if (args.yes) {
    for (const std::string& path : garbage)
      QUERN_TRY(workspace.fs().RemoveAll(workspace.Path(path)));
  }
  if (context.json) {
    json::array list;
    for (const std::string& path : garbage) list.emplace_back(path);
    context.PrintJson(json::object{
        {"results", unused.size()}, {"folders", std::move(list)}, {"removed", args.yes}});
    return {};
  }
  for (const std::string& path : garbage)
    context.PrintLine((args.yes ? "removed " : "would remove ") + path);
  context.PrintLine(fmt::format("{} stored results and {} folders {}", unused.size(),
                                garbage.size(),
                                args.yes ? "removed" : "are not needed; --yes removes them"));
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

void AddStatus(CLI::App& app, Context& context) {
  auto args = std::make_shared<StateArgs>();
  CLI::App* verb =
      AddVerb(app, context, "status", "What the last run did, step by step", args, ShowStatus);
  verb->add_option("project_folder", args->project, "Project folder");
}

void AddRuns(CLI::App& app, Context& context) {
  auto args = std::make_shared<StateArgs>();
  CLI::App* verb =
      AddVerb(app, context, "runs", "Runs and their trials, newest first", args, ShowRuns);
  verb->add_option("run", args->what, "One run, by its id or the beginning of it");
  verb->add_flag("--all", args->all, "Trials too");
  verb->add_option("--filter", args->filter,
                   "Which: \"metrics.roc_auc > 0.9 AND params.model = 'xgb'\"");
  verb->add_option("--order-by", args->order_by, "Which first: \"metrics.roc_auc DESC\"");
  verb->add_option("--limit", args->limit, "At most so many")
      ->check(CLI::Range(1, static_cast<int>(tracking::kMaxRunsPage)))
      ->capture_default_str();
}

void AddModels(CLI::App& app, Context& context) {
  auto args = std::make_shared<StateArgs>();
  CLI::App* verb =
      AddVerb(app, context, "models", "Registered models, versions and aliases", args, ShowModels);
  verb->add_option("model", args->what, "One model; with --set-alias: NAME/VERSION");
  verb->add_option("--set-alias", args->set_alias,
                   "Point this alias at NAME/VERSION (roll back: champion)");
  verb->add_option("--reason", args->reason, "Why, for the log");
}

void AddLineage(CLI::App& app, Context& context) {
  auto args = std::make_shared<StateArgs>();
  CLI::App* verb = AddVerb(app, context, "lineage",
                           "What went into what, from source file to decision", args, ShowLineage);
  verb->add_option("node", args->what,
                   "One thing and all it is connected to, by (the beginning of) its id");
}

void AddReport(CLI::App& app, Context& context) {
  auto args = std::make_shared<StateArgs>();
  CLI::App* verb =
      app.add_subcommand("report", "Write the report of the last run: one HTML page, no network");
  verb->add_option("project", args->project, "Project folder")->capture_default_str();
  verb->add_option("-o,--output", args->what, "Write it here, not to .quern/report.html");
  AddJsonFlag(*verb, context);
  verb->callback([args, &context] {
    context.action = [args, &context] {
      auto page = DrawReport(StateDirOf(args->project, context.fs), args->what, context.fs);
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

void AddGc(CLI::App& app, Context& context) {
  auto args = std::make_shared<StateArgs>();
  args->limit = 3;
  CLI::App* verb =
      AddVerb(app, context, "gc", "Clear what neither the last runs nor registered models need",
              args, CollectGarbage);
  verb->add_option("--keep", args->limit, "Runs whose results stay")->capture_default_str();
  verb->add_flag("--yes", args->yes, "Remove; without it, only say what would be removed");
}

}  // namespace quern::cli
