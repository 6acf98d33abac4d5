#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "base/text.h"
#include "tracking/metric_series.h"
#include "tracking/names.h"
#include "tracking/runs.h"

namespace quern::tracking {
namespace {

constexpr int64_t kNoEnd = std::numeric_limits<int64_t>::max();

/// A run that is asked for in a chart, its series found once.
struct Asked {
  std::string run_id;
  std::optional<int64_t> series;
  /// Its first and last step of the range; nothing if it has none there.
  std::optional<std::pair<int64_t, int64_t>> ends;
};

std::optional<std::pair<int64_t, int64_t>> EndsOf(const std::vector<int64_t>& steps, int64_t first,
                                                  int64_t last) {
  const auto low = std::lower_bound(steps.begin(), steps.end(), first);
  const auto high = std::upper_bound(low, steps.end(), last);
  if (low == high) return std::nullopt;
  return std::pair{*low, *(high - 1)};
}

/// Adds steps to the ascending ones of other runs.
void Merge(std::vector<int64_t>& all, std::vector<int64_t> steps) {
  if (all.empty()) {
    all = std::move(steps);
    return;
  }
  std::vector<int64_t> both;
  both.reserve(std::max(all.size(), steps.size()));
  std::set_union(all.begin(), all.end(), steps.begin(), steps.end(), std::back_inserter(both));
  all = std::move(both);
}

/// The steps that a chart shows: at most `most` of all, evenly by rank, and each run's own ends.
/// MLflow's rule for get-history-bulk-interval.
std::vector<int64_t> ChooseSteps(const std::vector<int64_t>& all, const std::vector<Asked>& asked,
                                 int64_t first, int64_t last, size_t most) {
  const auto begin = std::lower_bound(all.begin(), all.end(), first);
  const auto end = std::upper_bound(begin, all.end(), last);
  const auto count = static_cast<size_t>(end - begin);
  std::vector<int64_t> chosen;
  if (count <= most) return {begin, end};
  for (size_t i = 0; i < most; ++i) {
    chosen.push_back(begin[static_cast<std::ptrdiff_t>(i * count / most)]);
  }
  chosen.push_back(*(end - 1));
  for (const Asked& run : asked) {
    if (!run.ends) continue;
    chosen.push_back(run.ends->first);
    chosen.push_back(run.ends->second);
  }
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

}  // namespace

Result<Page<Point>> Runs::History(const std::string& id, const std::string& key,
                                  int64_t max_results, const std::string& page_token) {
  QUERN_TRY(CheckMaxResults(max_results, kMaxHistoryPage));
  size_t offset = 0;
  if (!page_token.empty()) {
    const auto parsed = ParseInt(page_token);
    if (!parsed || *parsed < 0) {
      return Fail(Code::kInvalidArgument, "Invalid page token: '" + page_token + "'",
                  "give the next_page_token of the page before");
    }
    offset = static_cast<size_t>(*parsed);
  }
  QUERN_ASSIGN(const RunInfo run, Info(id));
  QUERN_ASSIGN(const auto series, FindSeries(db_, run.num, key));
  Page<Point> page;
  if (!series) return page;
  QUERN_ASSIGN(SeriesPart part, ReadPart(db_, *series, offset, static_cast<size_t>(max_results)));
  page.items = std::move(part.points);
  if (part.more) page.next_token = std::to_string(offset + page.items.size());
  return page;
}

Result<std::vector<Runs::RunPoints>> Runs::HistoryBulk(const std::vector<std::string>& ids,
                                                       const std::string& key,
                                                       int64_t max_results) {
  std::vector<RunPoints> out;
  for (const std::string& id : ids) {
    QUERN_ASSIGN(const RunInfo run, Info(id));
    QUERN_ASSIGN(const auto series, FindSeries(db_, run.num, key));
    if (!series) continue;
    QUERN_ASSIGN(SeriesPart part, ReadPart(db_, *series, 0, static_cast<size_t>(max_results)));
    out.push_back({id, std::move(part.points)});
  }
  return out;
}

Result<std::vector<Runs::RunPoints>> Runs::HistoryInterval(const std::vector<std::string>& ids,
                                                           const std::string& key,
                                                           std::optional<int64_t> first,
                                                           std::optional<int64_t> last,
                                                           int64_t max_results) {
  QUERN_TRY(CheckMaxResults(max_results, kMaxIntervalPoints));
  if (first.has_value() != last.has_value()) {
    return Fail(Code::kInvalidArgument,
                "If either start step or end step are specified, both must be specified.");
  }
  if (first && *first > *last) {
    return Fail(Code::kInvalidArgument,
                "end_step must be greater than start_step. Found start_step=" +
                    std::to_string(*first) + " and end_step=" + std::to_string(*last) + ".");
  }
  std::vector<Asked> asked;
  std::vector<int64_t> all;
  for (const std::string& id : ids) {
    QUERN_ASSIGN(const RunInfo run, Info(id));
    Asked one{id, std::nullopt, std::nullopt};
    QUERN_ASSIGN(one.series, FindSeries(db_, run.num, key));
    if (one.series) {
      QUERN_ASSIGN(std::vector<int64_t> steps, ReadSteps(db_, *one.series));
      one.ends = EndsOf(steps, first.value_or(0), last.value_or(kNoEnd));
      Merge(all, std::move(steps));
    }
    asked.push_back(std::move(one));
  }
  std::vector<RunPoints> out;
  if (all.empty()) return out;
  const std::vector<int64_t> steps = ChooseSteps(
      all, asked, first.value_or(0), last.value_or(all.back()), static_cast<size_t>(max_results));
  for (const Asked& run : asked) {
    if (!run.series) continue;
    QUERN_ASSIGN(auto points, ReadPointsAt(db_, *run.series, steps));
    points.resize(std::min(points.size(), static_cast<size_t>(kMaxHistoryPage)));
    out.push_back({run.run_id, std::move(points)});
  }
  return out;
}

Result<std::optional<Runs::Chart>> Runs::ReadColumns(const ChartRequest& request) {
  if (request.columns < 1 || request.columns > kMaxColumns) {
    return Fail(Code::kInvalidArgument, "a chart has 1 to " + std::to_string(kMaxColumns) +
                                            " columns, not " + std::to_string(request.columns));
  }
  if (request.first.has_value() != request.last.has_value() ||
      (request.first && *request.first > *request.last)) {
    return Fail(Code::kInvalidArgument,
                "the range of a chart has both ends, or none, the first first",
                "give both, or leave both out for all points");
  }
  struct Found {
    std::string run_id;
    int64_t series;
  };
  std::vector<Found> found;
  auto first = request.first, last = request.last;
  for (const std::string& id : request.run_ids) {
    QUERN_ASSIGN(const RunInfo run, Info(id));
    QUERN_ASSIGN(const auto series, FindSeries(db_, run.num, request.key));
    if (!series) continue;
    found.push_back({id, *series});
    if (request.first) continue;
    QUERN_ASSIGN(const auto ends, ReadEnds(db_, *series, request.along));
    if (!ends) continue;
    first = first ? std::min(*first, ends->first) : ends->first;
    last = last ? std::max(*last, ends->second) : ends->second;
  }
  if (found.empty() || !first) return std::nullopt;
  Chart chart;
  chart.columns = Columns::Of(request.along, *first, *last, request.columns);
  for (const Found& one : found) {
    QUERN_ASSIGN(SeriesChart series, ReadChart(db_, one.series, chart.columns,
                                               static_cast<size_t>(4 * request.columns)));
    chart.runs.push_back({one.run_id, std::move(series)});
  }
  return chart;
}

}  // namespace quern::tracking
