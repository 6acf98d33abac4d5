// Formulas against tests/parity/deploy_reference.py, and what they promise, by simulation.
#include "deploy/e_process.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "deploy/reference_test.h"

namespace quern::deploy {
namespace {

std::vector<EventCounts> Phases(const json::value& value) {
  std::vector<EventCounts> phases;
  for (const json::value& phase : value.as_array()) {
    phases.push_back({phase.at(0).to_number<double>(), phase.at(1).to_number<uint64_t>(),
                      phase.at(2).to_number<uint64_t>()});
  }
  return phases;
}

void CheckInterval(const stats::Interval& got, const json::value& expected) {
  CheckNear(got.value, expected.at(0).to_number<double>());
  CheckNear(got.low, expected.at(1).to_number<double>());
  CheckNear(got.high, expected.at(2).to_number<double>());
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

/// Requests until `test` proves its point at `level` with a look after every request; +inf if not
/// within `most_events` events. Requests without an event change nothing, so how many lie between
/// two events is drawn at once.
struct Traffic {
  double weight;
  double stable;  // event rates
  double candidate;
  size_t most_events;

  double Until(EProcess test, double level, Rng& rng) const {
    const double rate = weight * candidate + (1 - weight) * stable;
    double requests = 0;
    for (size_t i = 0; i < most_events; ++i) {
      requests += 1 + std::floor(std::log(1 - rng.Uniform()) / std::log1p(-rate));
      const bool hit = rng.Uniform() * rate < weight * candidate;
      test.Add({weight, hit ? 1u : 0u, hit ? 0u : 1u});
      if (test.Proves(level)) return requests;
    }
    return HUGE_VAL;
  }

  std::vector<double> Runs(const EProcess& test, double level, int runs, uint64_t seed) const {
    std::vector<double> delays;
    Rng rng(seed);
    for (int i = 0; i < runs; ++i) delays.push_back(Until(test, level, rng));
    return delays;
  }
};

}  // namespace

TEST_CASE("evidence is that of the definition, event by event") {
  for (const json::value& item : Reference().at("e_process").as_array()) {
    const double r0 = item.at("r0").to_number<double>();
    EProcess harm = EProcess::Harm(r0);
    EProcess safe = EProcess::NonInferiority(r0);
    for (const EventCounts& phase : Phases(item.at("phases"))) {
      harm.Add(phase);
      // One version's events after the other's: their order shows nothing.
      safe.Add({phase.weight, phase.candidate, 0});
      safe.Add({phase.weight, 0, phase.stable});
    }
    CheckNear(harm.LogE(), item.at("harm").to_number<double>());
    CheckNear(safe.LogE(), item.at("safe").to_number<double>());
    CHECK(harm.P() == doctest::Approx(std::min(1.0, std::exp(-harm.LogE()))));
    CHECK(harm.Proves(0.01) == (harm.LogE() >= std::log(100.0)));
  }
}

TEST_CASE("the test of the split is the sequential one") {
  for (const json::value& item : Reference().at("split").as_array()) {
    std::vector<uint64_t> counts;
    std::vector<double> shares;
    for (const json::value& count : item.at("counts").as_array()) {
      counts.push_back(count.to_number<uint64_t>());
    }
    for (const json::value& share : item.at("shares").as_array()) {
      shares.push_back(share.to_number<double>());
    }
    CheckNear(LogSplitFactor(counts, shares), item.at("log").to_number<double>(), 1e-9, 1e-9);
  }
  const std::vector<uint64_t> counts{5, 1};
  const std::vector<double> none{1, 0};
  CHECK(std::isinf(LogSplitFactor(counts, none)));
}

TEST_CASE("intervals are those of the reference") {
  for (const json::value& item : Reference().at("rate").as_array()) {
    CheckInterval(
        RateSequence(item.at("k").to_number<uint64_t>(), item.at("n").to_number<uint64_t>(),
                     item.at("alpha").to_number<double>()),
        item.at("interval"));
  }
  for (const json::value& item : Reference().at("ratio").as_array()) {
    const auto got = RatioSequence(Phases(item.at("phases")), item.at("alpha").to_number<double>());
    CheckNear(got.low, item.at("limits").at(0).to_number<double>(), 1e-7);
    const json::value& high = item.at("limits").at(1);
    if (high.is_null()) {
      CHECK(std::isinf(got.high));
    } else {
      CheckNear(got.high, high.to_number<double>(), 1e-7);
    }
  }
  for (const json::value& item : Reference().at("mean").as_array()) {
    Moments all;
    Moments part;
    const uint64_t n = item.at("n").to_number<uint64_t>();
    for (uint64_t i = 0; i < n; ++i) {
      const double value =
          item.at("shift").to_number<double>() + static_cast<double>(i * i % 17) / 3.0;
      (i % 3 == 0 ? part : all).Add(value);
    }
    all.Merge(part);
    CheckInterval(MeanSequence(all, item.at("alpha").to_number<double>()), item.at("interval"));
  }
  CHECK(std::isnan(MeanSequence({}, 0.05).low));
  CHECK(RateSequence(0, 0, 0.05).high == 1);
  CHECK(std::isinf(RatioSequence({}, 0.05).high));
}

TEST_CASE("looked at after every request, false alarms stay below alpha") {
  // Equal versions: 6,000 releases of 50,000 requests at 1 percent errors each.
  const Traffic equal{0.1, 0.01, 0.01, 500};
  const auto delays = equal.Runs(EProcess::Harm(1), 0.01, 6'000, 11);
  const auto alarms =
      std::count_if(delays.begin(), delays.end(), [](double d) { return std::isfinite(d); });
  MESSAGE("false alarms: ", static_cast<double>(alarms) / 6'000);
  CHECK(static_cast<double>(alarms) / 6'000 < 0.01);
  CHECK(alarms > 0);  // else the test of this test would be that nothing ever alarms

  // At the margin itself, promotion is an error of at most beta.
  const Traffic margin{0.5, 0.01, 0.015, 500};
  const auto promoted = margin.Runs(EProcess::NonInferiority(1.5), 0.05, 3'000, 12);
  const auto wrong =
      std::count_if(promoted.begin(), promoted.end(), [](double d) { return std::isfinite(d); });
  MESSAGE("wrong promotions: ", static_cast<double>(wrong) / 3'000);
  CHECK(static_cast<double>(wrong) / 3'000 < 0.05);
  CHECK(wrong > 0);
}

TEST_CASE("what is found, and how soon") {
  const auto median = [](const Traffic& traffic, const EProcess& test, double level) {
    const double value = Median(traffic.Runs(test, level, 600, 13));
    MESSAGE("weight ", traffic.weight, ", ", traffic.stable, " against ", traffic.candidate,
            ": median ", value, " requests");
    return value;
  };
  const double jump = median({0.1, 0.01, 0.05, 2000}, EProcess::Harm(1), 0.01);
  CHECK(jump > 1'000);
  CHECK(jump < 1'900);
  const double doubled = median({0.1, 0.01, 0.02, 2000}, EProcess::Harm(1), 0.01);
  CHECK(doubled > 12'000);
  CHECK(doubled < 18'000);
  const EProcess safe = EProcess::NonInferiority(1.5);
  const double even = median({0.5, 0.01, 0.01, 4000}, safe, 0.05);
  CHECK(even > 10'000);
  CHECK(even < 14'500);
  // An event says less where the candidate is rarely hit: ln(20) / KL(0.1 || 0.143) is 364 events,
  // 36,000 requests on average, for the best single bet.
  const double small = median({0.1, 0.01, 0.01, 4000}, safe, 0.05);
  CHECK(small > 24'000);
  CHECK(small < 36'000);
}

TEST_CASE("an interval of a rate covers it at every look") {
  int missed = 0;
  const int runs = 400;
  Rng rng(17);
  for (int run = 0; run < runs; ++run) {
    uint64_t events = 0;
    bool inside = true;
    // A look after every request; limits move little, so every tenth is computed.
    for (uint64_t n = 1; n <= 2'000; ++n) {
      events += rng.Uniform() < 0.07;
      if (n % 10 != 0) continue;
      const auto interval = RateSequence(events, n, 0.05);
      inside = inside && interval.low <= 0.07 && 0.07 <= interval.high;
    }
    missed += !inside;
  }
  MESSAGE("intervals that missed: ", static_cast<double>(missed) / runs);
  CHECK(static_cast<double>(missed) / runs < 0.05);
}

}  // namespace quern::deploy
