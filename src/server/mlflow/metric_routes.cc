#include <algorithm>
#include <iterator>
#include <span>

#include "server/http/respond.h"
#include "server/mlflow/json_out.h"
#include "server/mlflow/render_points.h"
#include "server/mlflow/tracking_routes.h"
#include "tracking/names.h"

namespace quern::server::mlflow {
namespace {

using tracking::Page;
using tracking::Point;

/// Without max_results a client wants it all, and does not know of pages.
Result<Page<Point>> ReadHistory(const TrackingContext& c, const std::string& id,
                                const std::string& key, std::optional<int64_t> max_results,
                                const std::string& token) {
  if (max_results) return c.runs.History(id, key, *max_results, token);
  QUERN_ASSIGN(Page<Point> all, c.runs.History(id, key, tracking::kMaxHistoryPage, token));
  while (!all.next_token.empty()) {
    QUERN_ASSIGN(Page<Point> more,
                 c.runs.History(id, key, tracking::kMaxHistoryPage, all.next_token));
    std::move(more.items.begin(), more.items.end(), std::back_inserter(all.items));
    all.next_token = std::move(more.next_token);
  }
  return all;
}

Result<net::HttpResponse> GetHistory(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredRunId();
  const std::string key = args.RequiredText("metric_key");
  const std::optional<int64_t> max_results = args.MaybeInt("max_results");
  const std::string token = args.Text("page_token");
  if (max_results && *max_results <= 0) {
    args.Refuse("Invalid value " + std::to_string(*max_results) +
                " for parameter 'max_results' supplied. It must be a positive integer.");
  }
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const Page<Point> page, ReadHistory(c, id, key, max_results, token));
  std::string out;
  {
    ObjectOut object(&out);
    if (!page.items.empty()) {
      object.Name("metrics")->push_back('[');
      AppendPoints(&out, key, "", page.items);
      out.push_back(']');
    }
    object.TextIfSet("next_page_token", page.next_token);
  }
  return JsonResponse(std::move(out));
}

Result<net::HttpResponse> GetHistoryBulk(const TrackingContext& c, const Args& args) {
  std::vector<std::string> ids = args.Texts("run_id");
  const std::optional<std::string> key = args.MaybeText("metric_key");
  const int64_t max_results =
      std::min(args.Int("max_results", tracking::kMaxHistoryPage), tracking::kMaxHistoryPage);
  const std::string call = "GetMetricHistoryBulk request ";
  if (ids.empty()) args.Refuse(call + "must specify at least one run_id.");
  if (ids.size() > tracking::kMaxRunsPerChart) {
    args.Refuse(call + "cannot specify more than " + std::to_string(tracking::kMaxRunsPerChart) +
                " run_ids. Received " + std::to_string(ids.size()) + " run_ids.");
  }
  if (!key) args.Refuse(call + "must specify a metric_key.");
  QUERN_TRY(args.status());
  std::sort(ids.begin(), ids.end());
  std::string out = "{\"metrics\":[";
  if (max_results > 0) {
    QUERN_ASSIGN(const auto runs, c.runs.HistoryBulk(ids, *key, max_results));
    // The limit is of all runs together.
    auto room = static_cast<size_t>(max_results);
    for (const tracking::Runs::RunPoints& run : runs) {
      const size_t shown = std::min(room, run.points.size());
      AppendBulkPoints(&out, *key, run.run_id, std::span(run.points).first(shown));
      room -= shown;
    }
  }
  out += "]}";
  return JsonResponse(std::move(out));
}

/// The steps that are asked for: both ends or neither.
void CheckSteps(const Args& args, std::optional<int64_t> first, std::optional<int64_t> last) {
  if (first.has_value() != last.has_value()) {
    args.Refuse("If either start step or end step are specified, both must be specified.");
  } else if (first && *first > *last) {
    args.Refuse("end_step must be greater than start_step. Found start_step=" +
                std::to_string(*first) + " and end_step=" + std::to_string(*last) + ".");
  }
}

Result<net::HttpResponse> GetHistoryInterval(const TrackingContext& c, const Args& args) {
  constexpr std::string_view kSeeDocs =
      " See the API docs for more information about request parameters.";
  const std::vector<std::string> ids = args.Texts("run_ids");
  if (!args.Has("run_ids")) args.Missing("run_ids");
  if (ids.size() > tracking::kMaxRunsPerChart) {
    args.Refuse("GetMetricHistoryBulkInterval request must specify at most " +
                std::to_string(tracking::kMaxRunsPerChart) + " run_ids. Received " +
                std::to_string(ids.size()) + " run_ids." + std::string(kSeeDocs));
  }
  const std::string key = args.RequiredText("metric_key");
  const std::optional<int64_t> first = args.MaybeInt("start_step");
  const std::optional<int64_t> last = args.MaybeInt("end_step");
  const int64_t max_results = args.Int("max_results", tracking::kMaxIntervalPoints);
  if (max_results < 1 || max_results > tracking::kMaxIntervalPoints) {
    args.Refuse("max_results must be between 1 and " +
                std::to_string(tracking::kMaxIntervalPoints) + "." + std::string(kSeeDocs));
  }
  CheckSteps(args, first, last);
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto runs, c.runs.HistoryInterval(ids, key, first, last, max_results));
  std::string out = "{\"metrics\":[";
  for (const tracking::Runs::RunPoints& run : runs) {
    AppendPoints(&out, key, run.run_id, run.points);
  }
  // An empty list is left out.
  if (out.back() == '[') return JsonResponse("{}");
  out += "]}";
  return JsonResponse(std::move(out));
}

}  // namespace

std::vector<ApiRoute> MetricRoutes(const TrackingContext& c) {
  return {
      {"GET", "/mlflow/metrics/get-history", "the values of a metric of a run",
       Bind(c, GetHistory)},
      {"GET", "/mlflow/metrics/get-history-bulk", "the values of a metric of several runs",
       Bind(c, GetHistoryBulk), Surface::kAjaxOnly},
      {"GET", "/mlflow/metrics/get-history-bulk-interval",
       "a metric of several runs at evenly chosen steps", Bind(c, GetHistoryInterval)},
  };
}

}  // namespace quern::server::mlflow
