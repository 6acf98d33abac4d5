#include "deploy/judge.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cmath>

#include "base/random.h"

namespace quern::deploy {
namespace {

Strategy OneStepCanary() {
  Strategy strategy;
  strategy.kind = StrategyKind::kCanary;
  strategy.steps = {{10, {0, 0}}};
  return strategy;
}

struct Case {
  Strategy strategy = OneStepCanary();
  Evidence evidence;
  double seconds = 3600;
  size_t pairs = 1;

  ArmCounts& Arm(size_t arm, double share = 0.1) {
    return evidence.At({1 - share, share}).arms[arm];
  }
  void Fill(uint64_t stable, uint64_t stable_errors, uint64_t candidate, uint64_t errors,
            double share = 0.1) {
    Arm(0, share).requests = Arm(0, share).units = stable;
    Arm(0, share).events[0] = stable_errors;
    Arm(1, share).requests = Arm(1, share).units = candidate;
    Arm(1, share).events[0] = errors;
  }
  Verdict Ask() const {
    return Judge({strategy, evidence, "7", "8", 1, pairs, seconds, strategy.judge.at_most});
  }
};

}  // namespace

TEST_CASE("harm is called when one metric proves it, and said in words") {
  Case c;
  c.Fill(1800, 9, 200, 20);
  const Verdict verdict = c.Ask();
  CHECK(verdict.call == Call::kHarm);
  // errors, invalid and wrong are watched: alpha 0.01 over three.
  CHECK(verdict.harm_needs == doctest::Approx(300));
  CHECK(verdict.metrics[0].harm);
  CHECK_FALSE(verdict.metrics[1].harm);
  CHECK(verdict.sentence.find("harm proven: errors of version 8 are more frequent than of version "
                              "7: 20 of 200 (10 %, ") == 0);
  CHECK(verdict.sentence.find(" against 9 of 1800 (0.5 %, ") != std::string::npos);
  CHECK(verdict.sentence.find("needed 300") != std::string::npos);
  // A second pair halves the level.
  c.pairs = 2;
  CHECK(c.Ask().harm_needs == doctest::Approx(600));
  // What is off is not looked at.
  c.strategy.judge.errors = Watch::kOff;
  CHECK(c.Ask().call == Call::kContinue);
}

TEST_CASE("promotion needs proof for every required metric, time and requests") {
  Case c;
  c.Fill(4'000, 40, 4'000, 39, 0.5);
  CHECK(c.Ask().call == Call::kContinue);
  c.Fill(20'000, 200, 20'000, 198, 0.5);
  const Verdict verdict = c.Ask();
  CHECK(verdict.call == Call::kSafe);
  CHECK(verdict.sentence.find("proven not worse: version 8 against version 7 after 20000 and 20000 "
                              "requests; errors: ratio 0.99 (") == 0);
  // No invalid answers at all prove no ratio, but that there are few.
  CHECK(verdict.sentence.find("invalid: 0 of 20000 (0 %, 0 to ") != std::string::npos);
  CHECK(verdict.metrics[1].negligible);

  c.seconds = c.strategy.judge.at_least - 1;
  CHECK(c.Ask().call == Call::kContinue);
  c.seconds = 3600;
  c.strategy.judge.min_requests = 20'001;
  CHECK(c.Ask().call == Call::kContinue);
  c.strategy.judge.min_requests = 0;
  // Labels that are required and do not come hold promotion up.
  c.strategy.judge.wrong = Watch::kRequire;
  CHECK(c.Ask().call == Call::kContinue);
  c.seconds = c.strategy.judge.at_most;
  const Verdict late = c.Ask();
  CHECK(late.call == Call::kUndecided);
  CHECK(
      late.sentence.find("wrong: none seen against none seen, E = 1 of 20 that it is not worse") !=
      std::string::npos);
}

TEST_CASE("without events a candidate is promoted once its rates are proven negligible") {
  Case c;
  c.strategy.judge.min_requests = 0;
  uint64_t n = 0;
  do {
    n += 100;
    c.Fill(9 * n, 0, n, 0);
  } while (c.Ask().call != Call::kSafe && n < 100'000);
  CHECK(RateSequence(0, n, 0.05).high < 0.002);
  CHECK(RateSequence(0, n - 100, 0.05).high >= 0.002);
  MESSAGE("requests of the candidate without an error: ", n);
  c.strategy.judge.negligible = 0;
  CHECK(c.Ask().call == Call::kContinue);
}

TEST_CASE("a split that is not the declared one makes the comparison invalid") {
  Case c;
  c.Fill(18'000, 0, 1'500, 0);
  const Verdict verdict = c.Ask();
  CHECK(verdict.call == Call::kInvalid);
  CHECK(verdict.sentence.find("version 8 has 1500 of 19500 answers where the declared split gives "
                              "1950") != std::string::npos);
  c.strategy.guards.sample_ratio = 0;
  CHECK(c.Ask().call != Call::kInvalid);
}

TEST_CASE("with several metrics and a look after every request, false alarms stay below alpha") {
  // Equal versions; errors 2 percent, late answers 5, wrong decisions 10: a request is one look.
  const int runs = 400;
  int alarms = 0;
  int invalid = 0;
  Rng rng(5);
  for (int run = 0; run < runs; ++run) {
    Case c;
    c.strategy.judge.alpha = 0.05;
    c.strategy.judge.latency = Watch::kRequire;
    c.strategy.judge.latency_ms = 10;
    EProcess tests[3] = {EProcess::Harm(1), EProcess::Harm(1), EProcess::Harm(1)};
    const double rates[3] = {0.02, 0.05, 0.10};
    bool harm = false;
    for (int i = 0; i < 4'000; ++i) {
      const size_t arm = rng.Uniform() < 0.1 ? 1 : 0;
      ArmCounts& counts = c.Arm(arm);
      ++counts.requests;
      ++counts.units;
      ++counts.labels;
      const Metric metrics[3] = {Metric::kErrors, Metric::kLatency, Metric::kWrong};
      bool event = false;
      for (int m = 0; m < 3; ++m) {
        if (rng.Uniform() >= rates[m]) continue;
        ++counts.events[static_cast<size_t>(metrics[m])];
        tests[m].Add({0.1, arm, 1 - arm});
        event = true;
      }
      // Four metrics are watched; the whole judgement is asked at each end, which says the same.
      for (const EProcess& test : tests) harm = harm || (event && test.Proves(0.05 / 4));
      if (harm) break;
    }
    const Verdict verdict = c.Ask();
    if (harm) CHECK(verdict.call == Call::kHarm);
    alarms += harm;
    invalid += verdict.call == Call::kInvalid;
  }
  MESSAGE("false alarms: ", static_cast<double>(alarms) / runs);
  CHECK(static_cast<double>(alarms) / runs < 0.05);
  CHECK(invalid == 0);
}

TEST_CASE("the numbers of a verdict") {
  Case c;
  c.Fill(1800, 9, 200, 20);
  c.Arm(0).latency_ms = {1800, 4.0, 1800.0};
  c.Arm(1).latency_ms = {200, 5.0, 200.0};
  const json::value json = VerdictJson(c.Ask());
  CHECK(json.at("call") == "harm");
  CHECK(json.at("requests").at("candidate") == 200);
  const json::value& errors = json.at("metrics").at(0);
  CHECK(errors.at("candidate").at("rate").at("value").to_number<double>() == 0.1);
  CHECK(errors.at("ratio").at("low").to_number<double>() > 1);
  CHECK(errors.at("harm").at("p").to_number<double>() ==
        doctest::Approx(std::exp(-errors.at("harm").at("log_e").to_number<double>())));
  CHECK(json.at("latency_difference_ms").at("value").to_number<double>() == 1);
  CHECK(json.at("latency_difference_ms").at("low").to_number<double>() < 1);
  CHECK(ParseJson(WriteJson(json)));
}

TEST_CASE("counters read back as they were written") {
  Case c;
  c.Fill(3, 1, 2, 0, 0.01);
  c.Fill(30, 10, 20, 3, 0.05);
  c.Arm(1, 0.05).latency_ms.Add(0.1);
  c.Arm(1, 0.05).latency_ms.Add(1e-17);
  c.evidence.rewards = {{0.1, 3}, {1e9 / 3, 0}};
  c.evidence.shadowed = 9;
  const std::string text = WriteJson(EvidenceJson(c.evidence));
  const auto again = ReadEvidence(*ParseJson(text));
  REQUIRE(again);
  CHECK(WriteJson(EvidenceJson(*again)) == text);
  CHECK(again->phases.size() == 2);
  CHECK(again->Of(1).requests == 22);
  CHECK(again->rewards == c.evidence.rewards);
  CHECK(ReadEvidence(*ParseJson("{\"phases\": 1}")).error().code == Code::kDataLoss);
}

}  // namespace quern::deploy
