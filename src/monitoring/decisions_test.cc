#include <doctest/doctest.h>

#include <cmath>

#include "base/random.h"
#include "monitoring/acceptance.h"
#include "monitoring/concept.h"
#include "monitoring/trigger.h"

namespace quern::monitoring {
namespace {

// Rows whose true log-odds are `slope` times those of the score, plus `shift`.
LabelledScores Simulate(size_t n, double slope, double shift, double centre, uint64_t seed) {
  Rng rng(seed);
  LabelledScores rows;
  for (size_t i = 0; i < n; ++i) {
    const double logit = centre + 1.5 * rng.Normal();
    rows.probabilities.push_back(1 / (1 + std::exp(-logit)));
    const double truth = 1 / (1 + std::exp(-(slope * logit + shift)));
    rows.positive.push_back(rng.Uniform() < truth ? 1 : 0);
  }
  return rows;
}

PerformanceChange Unknown() {
  const double nan = std::nan("");
  PerformanceChange change;
  change.metric = "roc_auc";
  change.reference = change.realised = change.expected = {nan, nan, nan};
  return change;
}

TEST_CASE("concept drift: changed relation yes, changed population no, few labels undecided") {
  const LabelledScores reference = Simulate(400, 1, 0, 0, 1);
  const auto judge = [&](const LabelledScores& current) {
    return *JudgeBinaryConcept(reference, current, Unknown(), {});
  };
  CHECK(judge(Simulate(400, 1, 0, 0, 2)).state == ConceptState::kNo);
  CHECK(judge(Simulate(400, 1, 0, 2, 3)).state == ConceptState::kNo);
  const ConceptVerdict sicker = judge(Simulate(400, 1, 1.5, 0, 4));
  CHECK(sicker.state == ConceptState::kYes);
  CHECK(sicker.reason.find("points more frequent") != std::string::npos);
  ConceptOptions blind;
  blind.lost_columns = {"ca", "thal"};
  const auto lost = JudgeBinaryConcept(reference, Simulate(400, 1, 1.5, 0, 4), Unknown(), blind);
  CHECK(lost->reason.find("does not get ca, thal") != std::string::npos);
  CHECK(judge(Simulate(400, -0.2, 0, 0, 5)).state == ConceptState::kYes);
  CHECK(judge(Simulate(35, 1, 0, 0, 6)).state == ConceptState::kUndecided);
  CHECK(judge(Simulate(10, 1, 3, 0, 6)).state == ConceptState::kUndecided);
  CHECK(judge({}).state == ConceptState::kNoLabels);
  CHECK_FALSE(JudgeBinaryConcept(reference, {{0.5}, {}}, Unknown(), {}).has_value());
  CHECK_FALSE(JudgeBinaryConcept(reference, {{1.5}, {1}}, Unknown(), {}).has_value());
}

TEST_CASE("a model that never was calibrated is not accused; false alarms are rare") {
  const LabelledScores crooked = Simulate(400, 0.5, 0.6, 0, 7);
  CHECK(JudgeBinaryConcept(crooked, Simulate(400, 0.5, 0.6, 0, 8), Unknown(), {})->state ==
        ConceptState::kNo);
  int alarms = 0;
  for (uint64_t seed = 100; seed < 200; ++seed) {
    const auto verdict = JudgeBinaryConcept(Simulate(60, 1, 0, 0, seed),
                                            Simulate(120, 1, 0, 0.5, seed + 1000), Unknown(), {});
    alarms += verdict->state == ConceptState::kYes;
  }
  CHECK(alarms <= 8);
}

TEST_CASE("a fall that the scores foresaw is no concept drift, an unforeseen one stays open") {
  const LabelledScores reference = Simulate(400, 1, 0, 0, 1);
  const LabelledScores current = Simulate(400, 1, 0, 0, 2);
  PerformanceChange change{"roc_auc", true, {.9, .88, .92}, {.75, .7, .8}, {.77, .7, .82}};
  const auto foreseen = JudgeBinaryConcept(reference, current, change, {});
  CHECK(foreseen->state == ConceptState::kNo);
  CHECK(foreseen->reason.find("foresaw") != std::string::npos);
  change.expected = {.9, .87, .93};
  CHECK(JudgeBinaryConcept(reference, current, change, {})->state == ConceptState::kUndecided);
}

TEST_CASE("several classes and regression") {
  LabelledHits good;
  LabelledHits bad;
  Rng rng(3);
  for (int i = 0; i < 400; ++i) {
    const double confidence = 0.6 + 0.4 * rng.Uniform();
    good.confidence.push_back(confidence);
    bad.confidence.push_back(confidence);
    good.hit.push_back(rng.Uniform() < confidence ? 1 : 0);
    bad.hit.push_back(rng.Uniform() < confidence - 0.4 ? 1 : 0);
  }
  CHECK(JudgeMulticlassConcept(good, bad, Unknown(), {})->state == ConceptState::kYes);
  CHECK(JudgeMulticlassConcept(good, good, Unknown(), {})->state == ConceptState::kNo);
  std::vector<double> small;
  std::vector<double> same;
  std::vector<double> moved;
  for (int i = 0; i < 200; ++i) {
    small.push_back(2 * rng.Normal());
    same.push_back(2 * rng.Normal());
    moved.push_back(2 * rng.Normal() + 3);
  }
  CHECK(JudgeRegressionConcept(small, same, Unknown(), {})->state == ConceptState::kNo);
  const auto yes = JudgeRegressionConcept(small, moved, Unknown(), {});
  CHECK(yes->state == ConceptState::kYes);
  CHECK(yes->reason.find("above what is predicted") != std::string::npos);
  const auto open = JudgeRegressionConcept({1, 1}, moved, Unknown(), {});
  CHECK(open->state == ConceptState::kUndecided);
  CHECK(open->reason == "2 hold-out residuals have no spread to measure a change with");
}

TriggerEvidence Evidence() {
  TriggerEvidence evidence;
  evidence.drift = {false, 2, 13, 2.0 / 13, 0.5};
  evidence.metric = "roc_auc";
  evidence.reference = {.9, .85, .95};
  return evidence;
}

TEST_CASE("trigger: each condition by itself") {
  TriggerEvidence evidence = Evidence();
  const auto state = [&](const char* when) {
    TriggerSpec spec;
    spec.when = {when};
    return EvaluateTrigger(spec, evidence)->state;
  };
  CHECK(state("drift") == TriggerState::kNotFired);
  evidence.drift.drifted = true;
  CHECK(state("drift") == TriggerState::kFired);
  CHECK(state("performance") == TriggerState::kUndecided);
  evidence.realised = stats::Interval{.6, .5, .7};
  CHECK(state("performance") == TriggerState::kFired);
  evidence.realised = stats::Interval{.86, .75, .95};
  CHECK(state("performance") == TriggerState::kUndecided);
  evidence.realised = stats::Interval{.895, .8, .95};
  CHECK(state("performance") == TriggerState::kNotFired);
  evidence.limit = .97;
  CHECK(state("performance") == TriggerState::kFired);
  evidence.limit.reset();
  evidence.realised = stats::Interval{std::nan(""), std::nan(""), std::nan("")};
  CHECK(state("performance") == TriggerState::kUndecided);
  evidence.higher_is_better = false;
  evidence.reference = {.3, .25, .35};
  evidence.realised = stats::Interval{.6, .5, .7};
  CHECK(state("performance") == TriggerState::kFired);
  CHECK(state("labels") == TriggerState::kNotFired);
  evidence.labels = 100;
  CHECK(state("labels") == TriggerState::kFired);
  CHECK(state("schedule") == TriggerState::kUndecided);
  evidence.champion_age_seconds = 86400.0 * 31;
  CHECK(state("schedule") == TriggerState::kFired);
}

TEST_CASE("trigger: any fired condition fires, an open one leaves it open") {
  TriggerSpec spec;
  spec.when = {"drift", "performance"};
  TriggerEvidence evidence = Evidence();
  CHECK(EvaluateTrigger(spec, evidence)->state == TriggerState::kUndecided);
  evidence.drift.drifted = true;
  const auto fired = EvaluateTrigger(spec, evidence);
  CHECK(fired->state == TriggerState::kFired);
  CHECK(fired->conditions.size() == 2);
  spec.when.clear();
  CHECK(EvaluateTrigger(spec, evidence)->state == TriggerState::kNotFired);
  spec.when = {"drfit"};
  CHECK(EvaluateTrigger(spec, evidence).error().hint.find("drift") != std::string::npos);
}

TEST_CASE("acceptance by policy, margin, gain and rows") {
  const stats::PairedResult gain{.03, .01, .05, .001, "delong"};
  const stats::PairedResult open{.01, -.01, .03, .1, "delong"};
  const stats::PairedResult loss{-.03, -.06, 0, .9, "delong"};
  AcceptRule rule;
  CHECK(Judge(rule, "roc_auc", gain, 100).accepted);
  CHECK(Judge(rule, "roc_auc", open, 100).accepted);
  CHECK_FALSE(Judge(rule, "roc_auc", loss, 100).accepted);
  CHECK_FALSE(Judge(rule, "roc_auc", gain, 10).accepted);
  rule.min_gain = 0.02;
  CHECK_FALSE(Judge(rule, "roc_auc", open, 100).accepted);
  rule.policy = AcceptPolicy::kSuperior;
  CHECK(Judge(rule, "roc_auc", gain, 100).accepted);
  CHECK_FALSE(Judge(rule, "roc_auc", open, 100).accepted);
  CHECK(Judge(rule, "roc_auc", open, 100).reason.find("not beyond chance") != std::string::npos);
  CHECK(HypothesisOf(rule).claim == stats::Claim::kSuperior);
  CHECK(*ParseAcceptPolicy("superior") == AcceptPolicy::kSuperior);
  CHECK(ParseAcceptPolicy("supperior").error().hint.find("superior") != std::string::npos);
  stats::PairedResult none;
  none.difference = std::nan("");
  CHECK_FALSE(Judge({}, "roc_auc", none, 100).accepted);
}

}  // namespace
}  // namespace quern::monitoring
