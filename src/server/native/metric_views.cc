#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "server/native/view_routes.h"
#include "tracking/experiments.h"
#include "tracking/names.h"
#include "tracking/runs.h"

namespace quern::server::native {
namespace {

using tracking::Along;
using tracking::Column;
using tracking::Marks;
using tracking::Point;

/// JSON has no word for numbers that are none. Infinities are kept as the ends of the doubles.
json::value Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (tracking::IsOdd(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

json::array PointJson(const Point& point) {
  return {point.step, point.time_ms, Number(point.value)};
}

/// What is drawn of a column, in the order of the axis, each point once.
void AppendMarks(const Marks& marks, Along along, json::array& out) {
  if (!marks.any()) {
    if (marks.first_odd) out.push_back(PointJson(*marks.first_odd));
    return;
  }
  std::vector<Point> four = {marks.first, marks.least, marks.greatest, marks.last};
  std::sort(four.begin(), four.end(),
            [along](const Point& a, const Point& b) { return tracking::Earlier(a, b, along); });
  four.erase(std::unique(four.begin(), four.end(), tracking::Same), four.end());
  for (const Point& point : four) out.push_back(PointJson(point));
}

json::object SeriesJson(const tracking::Runs::Chart::One& run, Along along) {
  json::array points, columns;
  if (run.series.points) {
    for (const Point& point : *run.series.points) points.push_back(PointJson(point));
  }
  for (const Column& column : run.series.columns) {
    const Marks& marks = column.marks;
    if (!run.series.points) AppendMarks(marks, along, points);
    if (!marks.any()) continue;
    columns.push_back(json::array{column.number, marks.count - marks.odd, marks.mean(),
                                  marks.least.value, marks.greatest.value});
  }
  return json::object{{"run_id", run.run_id},        {"count", run.series.count},
                      {"odd", run.series.odd},       {"whole", run.series.points.has_value()},
                      {"points", std::move(points)}, {"columns", std::move(columns)}};
}

Result<json::value> MetricColumns(const ViewContext& c, const mlflow::Args& args) {
  tracking::Runs::ChartRequest request;
  request.run_ids = args.Texts("run_ids");
  if (request.run_ids.empty()) args.Missing("run_ids");
  if (request.run_ids.size() > tracking::kMaxRunsPerChart) {
    args.Refuse("run_ids: at most " + std::to_string(tracking::kMaxRunsPerChart) + " runs, not " +
                std::to_string(request.run_ids.size()));
  }
  request.key = args.RequiredText("metric_key");
  constexpr std::string_view kAlong[] = {"step", "time"};
  const std::string along = args.Text("along");
  if (!along.empty() && along != kAlong[0] && along != kAlong[1]) {
    args.Refuse("along = '" + along + "' is neither 'step' nor 'time'");
  }
  request.along = along == kAlong[1] ? Along::kTime : Along::kStep;
  request.first = args.MaybeInt("first");
  request.last = args.MaybeInt("last");
  request.columns = args.Int("columns", request.columns);
  QUERN_TRY(args.status());
  tracking::Experiments experiments(c.database, c.clock, "");
  tracking::Runs runs(c.database, c.clock, experiments);
  QUERN_ASSIGN(const auto chart, runs.ReadColumns(request));
  json::array series;
  json::object out{{"metric_key", request.key},
                   {"along", kAlong[request.along == Along::kTime ? 1 : 0]}};
  if (chart) {
    for (const auto& run : chart->runs) series.push_back(SeriesJson(run, request.along));
    out["first"] = chart->columns.first;
    out["last"] = chart->columns.last;
    out["width"] = chart->columns.width;
  }
  out["runs"] = std::move(series);
  return out;
}

}  // namespace

std::vector<ViewRoute> MetricViews() {
  return {{"/quern/metrics/columns",
           "a metric of several runs for a chart: first, least, greatest, last of each column",
           MetricColumns}};
}

}  // namespace quern::server::native
