// Statistics of single columns. Numbers are fetched and summarised here, exactly and in one order
// whatever the number of threads; categories, text and times are counted by the engine.
#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/text.h"
#include "data/profile_steps.h"
#include "stats/summary.h"

namespace quern::data {
namespace {

using table::Rows;

constexpr size_t kCategoryValues = 100;
constexpr size_t kMostBins = 64;

std::optional<double> Finite(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

/// Adjusted Fisher–Pearson skewness.
std::optional<double> Skew(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  if (values.size() < 3 || !(stats::Variance(values, 0) > 0)) return std::nullopt;
  return Finite(std::sqrt(n * (n - 1)) / (n - 2) * stats::Skewness(values));
}

void Outliers(std::span<const double> sorted, ColumnProfile* out) {
  const double q1 = out->quantiles[1], median = out->quantiles[2], q3 = out->quantiles[3];
  const double low = q1 - 1.5 * (q3 - q1), high = q3 + 1.5 * (q3 - q1);
  out->outliers_iqr =
      std::count_if(sorted.begin(), sorted.end(), [&](double x) { return x < low || x > high; });
  const double mad = stats::Mad(sorted);
  if (!(mad > 0)) return;
  out->outliers_modified_z = std::count_if(sorted.begin(), sorted.end(), [&](double x) {
    return 0.6745 * std::fabs(x - median) / mad > 3.5;
  });
}

/// Distinct and zero counts, and the most frequent values: first by count, then by value.
void CountValues(std::span<const double> sorted, size_t top_values, ColumnProfile* out) {
  std::vector<std::pair<double, int64_t>> runs;
  for (double x : sorted) {
    if (runs.empty() || runs.back().first != x) runs.emplace_back(x, 0);
    ++runs.back().second;
  }
  out->distinct = static_cast<int64_t>(runs.size());
  for (const auto& [value, count] : runs) {
    if (value == 0) out->zeros += count;
  }
  const size_t shown = std::min(top_values, runs.size());
  std::partial_sort(runs.begin(), runs.begin() + static_cast<ptrdiff_t>(shown), runs.end(),
                    [](const auto& a, const auto& b) {
                      return a.second != b.second ? a.second > b.second : a.first < b.first;
                    });
  for (size_t i = 0; i < shown; ++i) {
    // Minus zero equals zero, and people expect to read 0.
    out->top.push_back({ShortestDouble(runs[i].first + 0.0), runs[i].second});
  }
}

/// Smallest value and quartiles of what is not zero.
void Nonzero(std::span<const double> sorted, ColumnProfile* out) {
  if (out->zeros == 0 || out->zeros == static_cast<int64_t>(sorted.size())) return;
  std::vector<double> rest;
  std::copy_if(sorted.begin(), sorted.end(), std::back_inserter(rest),
               [](double x) { return x != 0; });
  out->min_nonzero = rest.front();
  out->q25_nonzero = stats::SortedQuantile(rest, 0.25);
  out->q75_nonzero = stats::SortedQuantile(rest, 0.75);
}

Histogram Bins(std::span<const double> sorted) {
  Histogram out;
  out.edges = stats::SturgesEdges(sorted);
  if (out.edges.size() > kMostBins + 1) {
    out.edges = stats::UniformEdges(sorted.front(), sorted.back(), kMostBins);
  }
  for (uint64_t count : stats::Histogram(sorted, out.edges)) {
    out.counts.push_back(static_cast<int64_t>(count));
  }
  return out;
}

/// `values` hold NaN where missing and are used up.
void Summarise(std::vector<double> values, int64_t rows, size_t top_values, ColumnProfile* out) {
  std::erase_if(values, [](double x) { return std::isnan(x); });
  out->missing = rows - static_cast<int64_t>(values.size()) - out->infinite;
  if (values.empty()) return;
  out->mean = Finite(stats::Mean(values));
  out->std = Finite(stats::StandardDeviation(values));
  out->skew = Skew(values);
  std::sort(values.begin(), values.end());
  out->min = values.front();
  out->max = values.back();
  for (double q : kQuantiles) out->quantiles.push_back(stats::SortedQuantile(values, q));
  Outliers(values, out);
  CountValues(values, top_values, out);
  Nonzero(values, out);
  out->histogram = Bins(values);
}

/// All numbers at once from a small table, column by column from a large one.
Status FillNumbers(table::Session& session, const ProfileView& view, size_t top_values,
                   TableProfile* profile) {
  std::vector<size_t> numbers;
  for (size_t i = 0; i < profile->columns.size(); ++i) {
    if (profile->columns[i].type == ProfileType::kNumber) numbers.push_back(i);
  }
  const size_t batch = view.is_small() ? std::max<size_t>(numbers.size(), 1) : 1;
  for (size_t start = 0; start < numbers.size(); start += batch) {
    const size_t end = std::min(numbers.size(), start + batch);
    std::string select;
    for (size_t k = start; k < end; ++k) {
      select += (select.empty() ? "" : ", ") + ProfileView::Column(numbers[k]);
    }
    QUERN_ASSIGN(Frame frame, session.QueryFrame("SELECT " + select + " FROM " + view.name()));
    for (size_t k = start; k < end; ++k) {
      Summarise(std::move(frame.columns[k - start].numbers), profile->rows, top_values,
                &profile->columns[numbers[k]]);
    }
  }
  return {};
}

/// Most frequent values of categories, booleans and texts: column, value, count, distinct, once.
Status FillValues(table::Session& session, const ProfileView& view, size_t top_values,
                  TableProfile* profile) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < profile->columns.size(); ++i) {
    const ColumnProfile& column = profile->columns[i];
    if (column.type == ProfileType::kTime || column.type == ProfileType::kNumber) continue;
    const bool text = column.type == ProfileType::kText;
    const size_t limit = text ? top_values : std::max(kCategoryValues, top_values);
    // Not count(*) FILTER … OVER (): the engine evaluates that in quadratic time.
    parts.push_back("(WITH g AS (SELECT " + ProfileView::Column(i) + " AS v, count(*) AS n FROM " +
                    view.name() +
                    " WHERE v IS NOT NULL GROUP BY v) "
                    "SELECT " +
                    std::to_string(i) +
                    " AS i, v, n, d, once FROM g, "
                    "(SELECT count(*) AS d, count(*) FILTER (WHERE n = 1) AS once FROM g) "
                    "ORDER BY n DESC, TRY_CAST(v AS DOUBLE) NULLS LAST, v LIMIT " +
                    std::to_string(limit) + ")");
  }
  if (parts.empty()) return {};
  QUERN_ASSIGN(const Rows result, session.Query(Join(parts, "\nUNION ALL ")));
  for (const auto& row : result.rows) {
    ColumnProfile& column = profile->columns.at(static_cast<size_t>(CountOf(row[0])));
    column.top.push_back({table::ToText(row[1]), CountOf(row[2])});
    column.distinct = CountOf(row[3]);
    column.once = CountOf(row[4]);
  }
  return {};
}

/// First and last times, and the pattern of letters and digits that all values of a text column
/// share.
Status FillTimesAndShapes(table::Session& session, const ProfileView& view, TableProfile* profile) {
  std::string select;
  for (size_t i = 0; i < profile->columns.size(); ++i) {
    const std::string c = ProfileView::Column(i);
    if (profile->columns[i].type == ProfileType::kTime) {
      select += ", count(" + c + "), count(DISTINCT " + c + "), CAST(min(" + c +
                ") AS VARCHAR), CAST(max(" + c + ") AS VARCHAR)";
    } else if (profile->columns[i].type == ProfileType::kText) {
      const std::string shape = "regexp_replace(regexp_replace(regexp_replace(" + c +
                                ", '[0-9]', '9', 'g'), '[a-z]', 'a', 'g'), '[A-Z]', 'A', 'g')";
      select += ", CASE WHEN min(" + shape + ") = max(" + shape + ") THEN min(" + shape + ") END";
    }
  }
  if (select.empty()) return {};
  QUERN_ASSIGN(const Rows result,
               session.Query("SELECT " + select.substr(2) + " FROM " + view.name()));
  size_t at = 0;
  const auto next = [&]() -> const table::Value& { return result.rows.at(0).at(at++); };
  for (ColumnProfile& column : profile->columns) {
    if (column.type == ProfileType::kTime) {
      column.missing = profile->rows - CountOf(next());
      column.distinct = CountOf(next());
      column.min_time = table::ToText(next());
      column.max_time = table::ToText(next());
    } else if (column.type == ProfileType::kText) {
      column.shape = table::ToText(next());
    }
  }
  return {};
}

}  // namespace

Status FillColumns(table::Session& session, const ProfileView& view, const ProfileOptions& options,
                   TableProfile* profile) {
  QUERN_TRY(FillNumbers(session, view, options.top_values, profile));
  QUERN_TRY(FillValues(session, view, options.top_values, profile));
  return FillTimesAndShapes(session, view, profile);
}

}  // namespace quern::data
