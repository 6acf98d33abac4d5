#include "serving/traffic.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <optional>

#include "base/json.h"

namespace quern::serving {
namespace {

/// Index entries that are counted, and rows that are read, at most.
constexpr int64_t kCounted = 1'000'000;
constexpr int64_t kLooked = 20'000;
constexpr size_t kDecisions = 32;
constexpr size_t kBins = 20;

/// What decides of a row's scores: see Traffic::scores.
double ScoreOf(const std::string& text) {
  const auto scores = ParseJson(text);
  if (!scores || !scores->is_array()) return std::nan("");
  std::vector<double> values;
  for (const json::value& score : scores->as_array()) {
    values.push_back(score.is_number() ? score.to_number<double>() : std::nan(""));
  }
  if (values.empty()) return std::nan("");
  if (values.size() <= 2) return values.back();
  return *std::max_element(values.begin(), values.end());
}

/// Equal bins over what the values span; probabilities over 0 to 1.
BinnedCounts Binned(const std::vector<double>& values, bool unit) {
  BinnedCounts out;
  if (values.empty()) return out;
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  const double low = unit ? 0 : *least;
  const double high = unit ? 1 : std::max(*greatest, low + 1e-9);
  out.counts.assign(kBins, 0);
  for (size_t i = 0; i <= kBins; ++i) {
    out.edges.push_back(low + (high - low) * static_cast<double>(i) / kBins);
  }
  for (const double value : values) {
    const double at = (value - low) / (high - low) * kBins;
    ++out.counts[std::min(kBins - 1, static_cast<size_t>(std::max(0.0, at)))];
  }
  return out;
}

double Quantile(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<size_t>(q * static_cast<double>(sorted.size()));
  return sorted[std::min(at, sorted.size() - 1)];
}

/// Latencies have a long tail: the bins span 99 of 100.
void SetLatency(std::vector<double> values, Traffic& traffic) {
  std::sort(values.begin(), values.end());
  traffic.p50_ms = Quantile(values, 0.5);
  traffic.p95_ms = Quantile(values, 0.95);
  traffic.p99_ms = Quantile(values, 0.99);
  for (double& value : values) value = std::min(value, traffic.p99_ms);
  traffic.latency = Binned(values, false);
}

/// The newest bucket first, each by a range of the index, until there was enough of that.
Status CountBuckets(store::Database& database, const TrafficQuery& query, Traffic& traffic) {
  traffic.counts.assign(static_cast<size_t>(query.buckets), 0);
  int64_t left = kCounted;
  for (int64_t bucket = query.buckets - 1; bucket >= 0 && left > 0; --bucket) {
    const int64_t from = query.since_ms + bucket * traffic.bucket_ms;
    const int64_t until = from + std::min(traffic.bucket_ms, query.until_ms - from);
    int64_t& count = traffic.counts[static_cast<size_t>(bucket)];
    QUERN_TRY(database.Query(
        "SELECT count(*) FROM (SELECT 1 FROM predictions WHERE model = ? AND version = ? AND "
        "made_at >= ? AND made_at < ? LIMIT ?) AS counted",
        {query.model, query.version, from, until, left},
        [&](const store::Row& row) { count = row.Int(0); }));
    left -= count;
  }
  traffic.counts_whole = left > 0;
  return {};
}

Status LookAtRows(store::Database& database, const TrafficQuery& query, Traffic& traffic) {
  std::vector<double> scores, latencies;
  bool unit = true;
  QUERN_TRY(database.Query(
      "SELECT p.scores, p.decision, p.latency_ms, CASE WHEN f.prediction_id IS NULL THEN 0 ELSE 1 "
      "END FROM (SELECT prediction_id, scores, decision, latency_ms FROM predictions WHERE model = "
      "? AND version = ? AND made_at >= ? AND made_at < ? ORDER BY made_at DESC LIMIT ?) p LEFT "
      "JOIN feedback f ON f.prediction_id = p.prediction_id",
      {query.model, query.version, query.since_ms, query.until_ms, kLooked},
      [&](const store::Row& row) {
        ++traffic.looked;
        const double score = ScoreOf(row.Text(0));
        if (std::isfinite(score)) {
          scores.push_back(score);
          unit = unit && score >= 0 && score <= 1;
        }
        std::string decision = row.Text(1);
        if (!traffic.decisions.contains(decision) && traffic.decisions.size() >= kDecisions) {
          decision.clear();
        }
        ++traffic.decisions[decision];
        latencies.push_back(row.Number(2));
        traffic.labelled += row.Int(3);
      }));
  traffic.looked_whole = traffic.looked < kLooked;
  traffic.scores = Binned(scores, unit);
  SetLatency(std::move(latencies), traffic);
  return {};
}

}  // namespace

Result<std::optional<ServedVersion>> Served(store::Database& database, const std::string& model,
                                            const std::string& version, int64_t counted) {
  std::optional<ServedVersion> found;
  // Each end is a step of the index; of both in one query SQLite would read all between them.
  QUERN_TRY(database.Query(
      "SELECT made_at FROM predictions WHERE model = ? AND version = ? ORDER BY made_at LIMIT 1",
      {model, version}, [&](const store::Row& row) {
        found = ServedVersion{model, version, row.Int(0), 0, 0, false};
      }));
  if (!found) return found;
  QUERN_TRY(database.Query("SELECT max(made_at) FROM predictions WHERE model = ? AND version = ?",
                           {model, version},
                           [&](const store::Row& row) { found->last_ms = row.Int(0); }));
  QUERN_TRY(database.Query(
      "SELECT count(*) FROM (SELECT 1 FROM predictions WHERE model = ? AND "
      "version = ? LIMIT ?) AS counted",
      {model, version, counted}, [&](const store::Row& row) { found->predictions = row.Int(0); }));
  found->more = found->predictions == counted;
  return found;
}

Result<std::vector<ServedVersion>> ServedVersions(store::Database& database,
                                                  const std::string& model, size_t limit,
                                                  int64_t counted) {
  std::vector<ServedVersion> found;
  std::string name = model, version;
  // From one pair to the next by the index, so that it costs as many steps as there are pairs.
  const std::string where =
      model.empty() ? "(model, version) > (?, ?)" : "model = ? AND version > ?";
  while (found.size() < limit) {
    bool more = false;
    std::string next_name, next_version;
    QUERN_TRY(database.Query("SELECT model, version FROM predictions WHERE " + where +
                                 " ORDER BY model, version LIMIT 1",
                             {name, version}, [&](const store::Row& row) {
                               more = true;
                               next_name = row.Text(0);
                               next_version = row.Text(1);
                             }));
    if (!more) break;
    name = std::move(next_name);
    version = std::move(next_version);
    QUERN_ASSIGN(auto one, Served(database, name, version, counted));
    // Retention may have taken its rows meanwhile.
    if (one) found.push_back(std::move(*one));
  }
  return found;
}

Result<Traffic> ReadTraffic(store::Database& database, const TrafficQuery& query) {
  if (query.buckets < 1 || query.buckets > 1000) {
    return Fail(Code::kInvalidArgument,
                "buckets = " + std::to_string(query.buckets) + " is not 1 to 1000");
  }
  if (query.since_ms < 0 || query.until_ms <= query.since_ms) {
    return Fail(Code::kInvalidArgument, "the window from " + std::to_string(query.since_ms) +
                                            " to " + std::to_string(query.until_ms) + " is empty");
  }
  Traffic traffic;
  traffic.bucket_ms = (query.until_ms - query.since_ms - 1) / query.buckets + 1;
  QUERN_TRY(CountBuckets(database, query, traffic));
  QUERN_TRY(LookAtRows(database, query, traffic));
  return traffic;
}

}  // namespace quern::serving
