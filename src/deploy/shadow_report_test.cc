#include "deploy/shadow_report.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/random.h"
#include "stats/summary.h"

namespace quern::deploy {
namespace {

struct Row {
  std::string id, stable, candidate;
  ShadowPair pair;
};

std::vector<Row> Rows(int n, uint64_t seed) {
  Rng rng(seed);
  std::vector<Row> rows;
  for (int i = 0; i < n; ++i) {
    Row row;
    row.id = "p" + std::to_string(seed) + "-" + std::to_string(i);
    const double score = rng.Uniform();
    const double other = std::clamp(score + 0.02 * rng.Normal(), 0.0, 1.0);
    row.stable = score > 0.5 ? "1" : "0";
    row.candidate = other > 0.5 ? "1" : "0";
    row.pair.stable_score = score;
    row.pair.candidate_score = i % 500 == 7 ? std::nan("") : other;
    row.pair.stable_ms = std::exp(0.3 * rng.Normal());
    row.pair.candidate_ms = 1.5 * std::exp(0.3 * rng.Normal());
    row.pair.candidate_failed = i % 100 == 3;
    rows.push_back(std::move(row));
  }
  return rows;
}

ShadowReport Report(const std::vector<Row>& rows) {
  ShadowReport report;
  for (const Row& row : rows) {
    ShadowPair pair = row.pair;
    pair.id = row.id;
    pair.stable_decision = row.stable;
    pair.candidate_decision = row.candidate;
    report.Add(pair);
  }
  return report;
}

double At(const json::value& value, std::initializer_list<const char*> path) {
  const json::value* at = &value;
  for (const char* key : path) at = &at->at(key);
  return at->to_number<double>();
}

}  // namespace

TEST_CASE("a shadow report says how candidate and stable differ") {
  const std::vector<Row> rows = Rows(10'000, 1);
  ShadowReport report = Report(rows);
  report.AddDropped(12);
  std::vector<double> distances;
  uint64_t disagreed = 0;
  uint64_t answered = 0;
  for (const Row& row : rows) {
    if (row.pair.candidate_failed) continue;
    ++answered;
    disagreed += row.stable != row.candidate;
    const double distance = std::abs(row.pair.candidate_score - row.pair.stable_score);
    if (std::isfinite(distance)) distances.push_back(distance);
  }
  const json::value s = report.Summary();
  CHECK(At(s, {"rows"}) == 10'000);
  CHECK(At(s, {"dropped_requests"}) == 12);
  CHECK(At(s, {"errors", "candidate", "events"}) == 100);
  CHECK(At(s, {"errors", "stable", "events"}) == 0);
  CHECK(At(s, {"missing_scores", "events"}) == 20);
  CHECK(At(s, {"disagreement", "events"}) == static_cast<double>(disagreed));
  CHECK(At(s, {"disagreement", "n"}) == static_cast<double>(answered));
  CHECK(At(s, {"disagreement", "low"}) < At(s, {"disagreement", "value"}));
  const auto& confusion = s.at("confusion").as_array();
  CHECK(confusion.size() == 4);
  CHECK(confusion[1].at("n").to_number<uint64_t>() + confusion[2].at("n").to_number<uint64_t>() ==
        disagreed);
  // Quantiles within one percent of the exact ones, and of neighbours in rank.
  for (const auto& [name, q] : {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}}) {
    const double exact = stats::Quantile(distances, q);
    CHECK(std::abs(At(s, {"score_difference", "absolute", name}) - exact) <= 0.015 * exact);
  }
  const double ratio = At(s, {"latency_ms", "ratio", "value"});
  CHECK(std::abs(ratio - 1.5) < 0.02);
  CHECK(At(s, {"latency_ms", "ratio", "low"}) < 1.5);
  CHECK(At(s, {"latency_ms", "ratio", "high"}) > 1.5);

  std::sort(distances.rbegin(), distances.rend());
  const auto& worst = s.at("worst").as_array();
  REQUIRE(worst.size() == ShadowReport::kWorst);
  for (size_t i = 0; i < worst.size(); ++i) {
    CHECK(worst[i].at("difference").to_number<double>() == distances[i]);
    CHECK(worst[i].as_object().size() == 2);  // ids only, no features
  }
}

TEST_CASE("reports of threads merge to the report of all, and read back") {
  std::vector<Row> all;
  ShadowReport merged;
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const std::vector<Row> rows = Rows(2'000, seed);
    merged.Merge(Report(rows));
    all.insert(all.end(), rows.begin(), rows.end());
  }
  const ShadowReport whole = Report(all);
  const json::value a = merged.Summary();
  const json::value b = whole.Summary();
  CHECK(a.at("confusion") == b.at("confusion"));
  CHECK(a.at("worst") == b.at("worst"));
  CHECK(a.at("score_difference").at("absolute") == b.at("score_difference").at("absolute"));
  CHECK(At(a, {"score_difference", "mean", "value"}) ==
        doctest::Approx(At(b, {"score_difference", "mean", "value"})).epsilon(1e-9));

  const std::string text = WriteJson(merged.State());
  const auto again = ShadowReport::Read(*ParseJson(text));
  REQUIRE(again);
  CHECK(WriteJson(again->State()) == text);
  CHECK(WriteJson(again->Summary()) == WriteJson(a));
  CHECK(ShadowReport::Read(*ParseJson("{}")).error().code == Code::kDataLoss);
}

TEST_CASE("memory is bounded whatever decisions and ids come") {
  ShadowReport report;
  Rng rng(9);
  for (int i = 0; i < 20'000; ++i) {
    const std::string decision = std::to_string(i % 1000) + std::string(500, 'x');
    const std::string other = std::to_string(rng.Below(1000));
    ShadowPair pair;
    pair.id = decision;
    pair.stable_decision = decision;
    pair.candidate_decision = other;
    pair.candidate_score = std::exp(40 * rng.Normal());
    report.Add(pair);
  }
  uint64_t n = 0;
  const json::value summary = report.Summary();
  for (const json::value& cell : summary.at("confusion").as_array()) {
    n += cell.at("n").to_number<uint64_t>();
  }
  CHECK(n == 20'000);
  CHECK(summary.at("confusion").as_array().size() <= 33 * 33);
  CHECK(WriteJson(report.State()).size() < 200'000);
}

TEST_CASE("quantiles of a sketch") {
  QuantileSketch sketch;
  CHECK(std::isnan(sketch.Quantile(0.5)));
  for (int i = 1; i <= 1000; ++i) sketch.Add(i);
  sketch.Add(-1);
  sketch.Add(std::nan(""));
  CHECK(sketch.count() == 1000);
  for (double q : {0.0, 0.1, 0.5, 0.99, 1.0}) {
    const double exact = 1 + q * 999;
    CHECK(std::abs(sketch.Quantile(q) - exact) <= 0.01 * exact + 1);
  }
  QuantileSketch zeros;
  zeros.Add(0);
  CHECK(zeros.Quantile(0.5) == 0);
}

}  // namespace quern::deploy
