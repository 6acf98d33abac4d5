#include "base/text.h"
#include "server/http/respond.h"
#include "server/mlflow/json_out.h"
#include "server/mlflow/render.h"
#include "server/mlflow/tracking_routes.h"
#include "tracking/names.h"

namespace quern::server::mlflow {
namespace {

constexpr int64_t kRunsPage = 1000;
constexpr size_t kMaxExperimentsOfDatasets = 20;

/// `fields`, beyond MLflow: "metrics", "params", "tags", "inputs", "outputs", or one key as
/// "metrics.auc". A run's info is always there; without `fields` everything is.
RunView ReadFields(const Args& args) {
  RunView view;
  if (!args.Has("fields")) return view;
  view.fields = {false, false, false};
  view.inputs = view.outputs = false;
  struct Kind {
    std::string_view name;
    bool tracking::RunFields::* wanted;
    std::vector<std::string> RunView::* keys;
    bool whole = false;
  };
  Kind kinds[] = {{"metrics", &tracking::RunFields::metrics, &RunView::metrics},
                  {"params", &tracking::RunFields::params, &RunView::params},
                  {"tags", &tracking::RunFields::tags, &RunView::tags}};
  for (const std::string& field : args.Texts("fields")) {
    const size_t dot = field.find('.');
    const std::string_view name = std::string_view(field).substr(0, dot);
    bool known = field == "info" || field == "inputs" || field == "outputs";
    view.inputs = view.inputs || field == "inputs";
    view.outputs = view.outputs || field == "outputs";
    for (Kind& kind : kinds) {
      if (kind.name != name) continue;
      known = true;
      view.fields.*kind.wanted = true;
      kind.whole = kind.whole || dot == std::string::npos;
      if (dot != std::string::npos) (view.*kind.keys).push_back(field.substr(dot + 1));
    }
    if (!known) {
      args.Refuse("Invalid value " + ShowJsonText(field) +
                  " for parameter 'fields' supplied: It must be one of 'info', 'inputs', "
                  "'outputs', 'metrics', 'params', 'tags', or a key such as 'metrics.auc'.");
    }
  }
  for (const Kind& kind : kinds) {
    if (kind.whole) (view.*kind.keys).clear();
  }
  return view;
}

Result<net::HttpResponse> SearchRuns(const TrackingContext& c, const Args& args) {
  const std::vector<int64_t> experiments = ExperimentNumbers(args.Texts("experiment_ids"));
  const tracking::ViewType view = ReadView(args, "run_view_type");
  const tracking::SearchRequest search = ReadSearch(args, kRunsPage);
  if (search.max_results > tracking::kMaxRunsPage) args.Invalid("max_results");
  const RunView shown = ReadFields(args);
  const bool count = args.Flag("count_total", false);
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto page, c.runs.Search(experiments, view, search, shown.fields));
  std::string out;
  // What a run of 20 metrics and 20 parameters takes: a text that grows is copied again and again.
  constexpr size_t kUsualRun = 2500;
  out.reserve(page.items.size() * kUsualRun + 100);
  {
    ObjectOut object(&out);
    object.ListIfAny("runs", page.items,
                     [&](const tracking::Run& run) { AppendRun(&out, run, shown); });
    object.TextIfSet("next_page_token", page.next_token);
    if (count) {
      QUERN_ASSIGN(const int64_t total, c.runs.Count(experiments, view, search.filter));
      object.Int("total_count", total);
    }
  }
  return JsonResponse(std::move(out));
}

Result<net::HttpResponse> SearchDatasets(const TrackingContext& c, const Args& args) {
  const std::vector<std::string> ids = args.Texts("experiment_ids");
  if (ids.empty()) args.Refuse("SearchDatasets request must specify at least one experiment_id.");
  if (ids.size() > kMaxExperimentsOfDatasets) {
    args.Refuse("SearchDatasets request cannot specify more than " +
                std::to_string(kMaxExperimentsOfDatasets) + " experiment_ids. Received " +
                std::to_string(ids.size()) + " experiment_ids.");
  }
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto found, c.runs.Datasets(ExperimentNumbers(ids)));
  std::string out;
  {
    ObjectOut object(&out);
    object.ListIfAny("dataset_summaries", found, [&](const tracking::DatasetSummary& dataset) {
      ObjectOut summary(&out);
      summary.Text("experiment_id", std::to_string(dataset.experiment_id));
      summary.Text("name", dataset.name);
      summary.Text("digest", dataset.digest);
      summary.TextIfSet("context", dataset.context);
    });
  }
  return JsonResponse(std::move(out));
}

}  // namespace

std::vector<ApiRoute> RunSearchRoutes(const TrackingContext& c) {
  return {
      {"POST", "/mlflow/runs/search", "runs that a filter finds", Bind(c, SearchRuns)},
      {"POST", "/mlflow/experiments/search-datasets", "datasets that runs of experiments read",
       Bind(c, SearchDatasets), Surface::kAjaxOnly},
  };
}

}  // namespace quern::server::mlflow
