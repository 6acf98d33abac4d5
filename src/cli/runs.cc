// quern runs: runs and trials, searched and shown.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "cli/state_verb.h"
#include "tracking/names.h"

namespace quern::cli {
namespace {

json::object RunJson(const tracking::BookedRun& booked) {
  const tracking::Run& run = booked.run;
  json::object params, metrics, tags;
  for (const auto& [key, value] : run.params) params[key] = value;
  for (const auto& metric : run.metrics) metrics[metric.key] = metric.value;
  for (const auto& [key, value] : run.tags) tags[key] = value;
  const tracking::RunInfo& info = run.info;
  return {{"run_id", info.id},
          {"experiment", booked.experiment},
          {"parent_id", info.parent_id},
          {"name", info.name},
          {"status", info.status},
          {"start_time", info.start_ms},
          {"end_time", info.end_ms ? json::value(*info.end_ms) : json::value(nullptr)},
          {"params", std::move(params)},
          {"metrics", std::move(metrics)},
          {"tags", std::move(tags)}};
}

/// The metrics that a table has room for: those that the search names, then the usual ones to
/// choose a model by, then what most of the runs have.
std::vector<std::string> ShownMetrics(const std::vector<tracking::BookedRun>& runs,
                                      const std::string& search) {
  constexpr size_t kColumns = 4;
  const std::vector<std::string> usual{"roc_auc", "accuracy", "rmse"};
  std::map<std::string, size_t> counts;
  for (const auto& booked : runs) {
    for (const auto& metric : booked.run.metrics) {
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

void PrintRuns(const std::vector<tracking::BookedRun>& runs, const std::string& search,
               Context& context) {
  std::vector<std::vector<std::string>> table{{"run", "name", "status", "started"}};
  const std::vector<std::string> keys = ShownMetrics(runs, search);
  table[0].insert(table[0].end(), keys.begin(), keys.end());
  for (const auto& [run, experiment] : runs) {
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
  if (!args.what.empty()) {
    QUERN_ASSIGN(const tracking::BookedRun run, workspace.runs().Find(args.what));
    const json::value shown = RunJson(run);
    context.Print(context.json ? WriteJson(shown) + "\n" : WritePrettyJson(shown));
    return {};
  }
  tracking::SearchRequest request;
  request.filter = args.filter;
  if (!args.order_by.empty()) request.order_by = {args.order_by};
  request.max_results = args.limit;
  const auto level = args.all ? tracking::RunLevel::kAll : tracking::RunLevel::kTop;
  QUERN_ASSIGN(const auto runs, workspace.runs().Search(request, level));
  if (context.json) {
    json::array list;
    for (const auto& run : runs) list.push_back(RunJson(run));
    context.PrintJson(json::object{{"runs", std::move(list)}});
    return {};
  }
  PrintRuns(runs, args.filter + " " + args.order_by, context);
  return {};
}

}  // namespace

void AddRuns(Verb app, Context& context) {
  auto args = std::make_shared<StateArgs>();
  Verb verb = AddStateVerb(app, context, "runs", "Runs and their trials, newest first", args,
                           Asks::kServerToo, ShowRuns);
  verb.AddOption("run", args->what, "One run, by its id or the beginning of it");
  verb.AddFlag("--all", args->all, "Trials too");
  verb.AddOption("--filter", args->filter,
                 "Which: \"metrics.roc_auc > 0.9 AND params.model = 'xgb'\"");
  verb.AddOption("--order-by", args->order_by, "Which first: \"metrics.roc_auc DESC\"");
  verb.AddOption("--limit", args->limit, "At most so many")
      .Between(1, static_cast<int>(tracking::kMaxRunsPage))
      .ShowDefault();
}

}  // namespace quern::cli
