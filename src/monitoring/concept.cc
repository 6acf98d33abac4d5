#include "monitoring/concept.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <span>

#include "base/text.h"
#include "monitoring/words.h"
#include "stats/correct.h"
#include "stats/distribution.h"
#include "stats/summary.h"

namespace quern::monitoring {
namespace {

constexpr size_t kSlopeRows = 10;  // of each class, below which a slope says nothing

/// One change from hold-out to production.
struct Shift {
  double difference = 0;
  double low = 0;
  double high = 0;
  double p_value = 1;
  double material = 0;
  double resolution = std::numeric_limits<double>::infinity();
  std::function<std::string(double difference)> words;
};

// Welch's t test of two means; an empty reference is the constant 0.
Shift CompareMeans(std::span<const double> reference, std::span<const double> current) {
  const auto error2 = [](std::span<const double> x) {
    return x.size() < 2 ? 0 : stats::Variance(x) / static_cast<double>(x.size());
  };
  const double e_r = error2(reference);
  const double e_c = error2(current);
  Shift shift;
  shift.difference = stats::Mean(current) - (reference.empty() ? 0 : stats::Mean(reference));
  const double error = std::sqrt(e_r + e_c);
  if (error == 0) {
    shift.low = shift.high = shift.difference;
    shift.p_value = shift.difference == 0 ? 1 : 0;
    return shift;
  }
  const auto part = [](double e, size_t n) {
    return n < 2 ? 0 : e * e / static_cast<double>(n - 1);
  };
  const double df =
      error * error * error * error / (part(e_r, reference.size()) + part(e_c, current.size()));
  const double half = stats::StudentTQuantile(0.975, df) * error;
  shift.low = shift.difference - half;
  shift.high = shift.difference + half;
  shift.p_value = 2 * stats::StudentTCdf(-std::abs(shift.difference) / error, df);
  return shift;
}

struct Slope {
  double value = 1;
  double variance = 0;
};

// Slope of logit P(y) = a + b logit(p), by Newton's method; nothing where it does not converge
// (perfect separation) or the scores do not vary.
std::optional<Slope> CalibrationSlope(const LabelledScores& rows) {
  const auto ones = static_cast<size_t>(
      std::count_if(rows.positive.begin(), rows.positive.end(), [](uint8_t y) { return y != 0; }));
  if (ones < kSlopeRows || rows.positive.size() - ones < kSlopeRows) return std::nullopt;
  std::vector<double> x;
  for (double p : rows.probabilities) {
    // Scores of exactly 0 or 1 (trees give them) must not carry infinite weight.
    const double clipped = std::clamp(p, 0.001, 0.999);
    x.push_back(std::log(clipped / (1 - clipped)));
  }
  double a = 0;
  double b = 1;
  for (int step = 0; step < 50; ++step) {
    double g_a = 0;
    double g_b = 0;
    double h_aa = 0;
    double h_ab = 0;
    double h_bb = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double mu = 1 / (1 + std::exp(-(a + b * x[i])));
      const double w = mu * (1 - mu);
      const double residual = (rows.positive[i] ? 1 : 0) - mu;
      g_a += residual;
      g_b += residual * x[i];
      h_aa += w;
      h_ab += w * x[i];
      h_bb += w * x[i] * x[i];
    }
    const double determinant = h_aa * h_bb - h_ab * h_ab;
    if (!(determinant > 1e-9) || std::abs(b) > 50) return std::nullopt;
    const double d_a = (h_bb * g_a - h_ab * g_b) / determinant;
    const double d_b = (h_aa * g_b - h_ab * g_a) / determinant;
    a += d_a;
    b += d_b;
    if (std::abs(d_a) + std::abs(d_b) < 1e-9) return Slope{b, h_aa / determinant};
  }
  return std::nullopt;
}

std::optional<Shift> CompareSlopes(const LabelledScores& reference, const LabelledScores& current,
                                   const ConceptOptions& options) {
  const std::optional<Slope> now = CalibrationSlope(current);
  const std::optional<Slope> then =
      reference.positive.empty() ? Slope{} : CalibrationSlope(reference);
  if (!now.has_value() || !then.has_value()) return std::nullopt;
  const double error = std::sqrt(now->variance + then->variance);
  const double z = stats::NormalQuantile(0.975);
  Shift shift;
  shift.difference = now->value - then->value;
  shift.low = shift.difference - z * error;
  shift.high = shift.difference + z * error;
  shift.p_value = 2 * stats::NormalSf(std::abs(shift.difference) / error);
  shift.material = options.material_slope;
  const double slope_now = now->value;
  const double slope_then = then->value;
  shift.words = [slope_now, slope_then](double) {
    return fmt::format(
        "scores separate {} than on the hold-out (calibration slope {:.2f}, was {:.2f})",
        slope_now < slope_then ? "less" : "more", slope_now, slope_then);
  };
  return shift;
}

std::string DescribePerformance(const PerformanceChange& performance) {
  if (std::isnan(performance.realised.value) || std::isnan(performance.reference.value)) return "";
  return fmt::format("; {} {:.3f} ({:.3f} to {:.3f}), {:.3f} on the hold-out", performance.metric,
                     performance.realised.value, performance.realised.low,
                     performance.realised.high, performance.reference.value);
}

// The realised interval lies wholly on the bad side of `than`'s.
bool ClearlyWorse(const PerformanceChange& performance, const stats::Interval& than) {
  return performance.higher_is_better ? performance.realised.high < than.low
                                      : performance.realised.low > than.high;
}

ConceptVerdict Decide(const std::vector<Shift>& shifts, size_t rows,
                      const PerformanceChange& performance, const ConceptOptions& options) {
  const std::string figures = DescribePerformance(performance);
  std::vector<double> p_values;
  for (const Shift& shift : shifts) p_values.push_back(shift.p_value);
  const std::vector<double> adjusted = stats::Holm(p_values);
  std::string found;
  bool resolved = true;
  for (size_t i = 0; i < shifts.size(); ++i) {
    const Shift& shift = shifts[i];
    if (adjusted[i] <= options.alpha && std::abs(shift.difference) >= shift.material) {
      found +=
          (found.empty() ? "" : "; ") + shift.words(shift.difference) + ", " + PText(adjusted[i]);
    }
    resolved = resolved && shift.low > -shift.resolution && shift.high < shift.resolution;
  }
  if (!found.empty()) {
    if (!options.lost_columns.empty()) {
      found += "; the model does not get " + Join(options.lost_columns, ", ") +
               " here, which may be a part of it";
    }
    return {ConceptState::kYes, found + figures};
  }
  if (!resolved) {
    const Shift& first = shifts.front();
    return {ConceptState::kUndecided,
            fmt::format("{} labels leave it open: {}, interval {:+.2f} to {:+.2f}", rows,
                        first.words(first.difference), first.low, first.high) +
                figures};
  }
  if (ClearlyWorse(performance, performance.reference)) {
    const bool foreseen =
        std::isfinite(performance.expected.low) && !ClearlyWorse(performance, performance.expected);
    if (!foreseen) {
      return {ConceptState::kUndecided,
              "performance fell, yet the outcomes agree with the scores on average" + figures};
    }
    return {
        ConceptState::kNo,
        "performance fell as the scores foresaw: the rows are harder, the relation is the same" +
            figures};
  }
  return {ConceptState::kNo,
          "outcomes agree with the scores as they did on the hold-out" + figures};
}

// The states that need no test; nothing when there is enough to test.
std::optional<ConceptVerdict> DecideByCount(size_t rows, const PerformanceChange& performance,
                                            const ConceptOptions& options) {
  if (rows == 0) return ConceptVerdict{ConceptState::kNoLabels, "no labels have arrived"};
  if (rows >= options.min_rows) return std::nullopt;
  return ConceptVerdict{
      ConceptState::kUndecided,
      fmt::format("{} labels are too few to judge ({} are needed)", rows, options.min_rows) +
          DescribePerformance(performance)};
}

Status CheckSides(size_t scores, size_t labels, std::span<const double> probabilities) {
  if (scores != labels) {
    return Fail(Code::kInvalidArgument, fmt::format("{} scores for {} labels", scores, labels));
  }
  for (double p : probabilities) {
    if (p >= 0 && p <= 1) continue;
    return Fail(Code::kInvalidArgument, "probability " + ShortestDouble(p) + " is outside of 0..1");
  }
  return {};
}

// label - score of each row.
std::vector<double> Remainders(const LabelledScores& rows) {
  std::vector<double> out;
  for (size_t i = 0; i < rows.positive.size(); ++i) {
    out.push_back((rows.positive[i] ? 1 : 0) - rows.probabilities[i]);
  }
  return out;
}

// Error of the decision minus the error that the score foresaw.
std::vector<double> ExcessErrors(const LabelledScores& rows, double threshold) {
  std::vector<double> out;
  for (size_t i = 0; i < rows.positive.size(); ++i) {
    const double p = rows.probabilities[i];
    const bool decided = p >= threshold;
    const double error = decided != (rows.positive[i] != 0) ? 1 : 0;
    out.push_back(error - (decided ? 1 - p : p));
  }
  return out;
}

std::string ErrorWords(double d) {
  return fmt::format("errors exceed what the scores foresaw by {:+.0f} points", d * 100);
}

Shift AsProbability(Shift shift, const ConceptOptions& options,
                    std::function<std::string(double)> words) {
  shift.material = options.material;
  shift.resolution = options.resolution;
  shift.words = std::move(words);
  return shift;
}

}  // namespace

std::string_view ConceptStateName(ConceptState state) {
  switch (state) {
    case ConceptState::kYes:
      return "yes";
    case ConceptState::kNo:
      return "no";
    case ConceptState::kUndecided:
      return "undecided";
    case ConceptState::kNoLabels:
      return "no_labels";
  }
  return "";
}

Result<ConceptVerdict> JudgeBinaryConcept(const LabelledScores& reference,
                                          const LabelledScores& current,
                                          const PerformanceChange& performance,
                                          const ConceptOptions& options) {
  for (const LabelledScores* side : {&reference, &current}) {
    QUERN_TRY(CheckSides(side->probabilities.size(), side->positive.size(), side->probabilities));
  }
  const size_t rows = current.positive.size();
  if (auto early = DecideByCount(rows, performance, options)) return *early;
  std::vector<Shift> shifts;
  shifts.push_back(AsProbability(
      CompareMeans(Remainders(reference), Remainders(current)), options, [](double d) {
        return fmt::format("at equal scores the positive outcome is {:.0f} points {} frequent",
                           std::abs(d) * 100, d < 0 ? "less" : "more");
      }));
  shifts.push_back(AsProbability(CompareMeans(ExcessErrors(reference, options.threshold),
                                              ExcessErrors(current, options.threshold)),
                                 options, ErrorWords));
  if (auto slope = CompareSlopes(reference, current, options)) shifts.push_back(std::move(*slope));
  return Decide(shifts, rows, performance, options);
}

Result<ConceptVerdict> JudgeMulticlassConcept(const LabelledHits& reference,
                                              const LabelledHits& current,
                                              const PerformanceChange& performance,
                                              const ConceptOptions& options) {
  const auto excess = [](const LabelledHits& rows) {
    std::vector<double> out;
    for (size_t i = 0; i < rows.hit.size(); ++i) {
      out.push_back((rows.hit[i] ? 0 : 1) - (1 - rows.confidence[i]));
    }
    return out;
  };
  for (const LabelledHits* side : {&reference, &current}) {
    QUERN_TRY(CheckSides(side->confidence.size(), side->hit.size(), side->confidence));
  }
  if (auto early = DecideByCount(current.hit.size(), performance, options)) return *early;
  const std::vector<Shift> shifts = {
      AsProbability(CompareMeans(excess(reference), excess(current)), options, ErrorWords)};
  return Decide(shifts, current.hit.size(), performance, options);
}

Result<ConceptVerdict> JudgeRegressionConcept(const std::vector<double>& reference_residuals,
                                              const std::vector<double>& current_residuals,
                                              const PerformanceChange& performance,
                                              const ConceptOptions& options) {
  if (auto early = DecideByCount(current_residuals.size(), performance, options)) return *early;
  const double unit = stats::StandardDeviation(reference_residuals);
  if (!(unit > 0)) {
    return ConceptVerdict{
        ConceptState::kUndecided,
        fmt::format("{} hold-out residuals have no spread to measure a change with",
                    reference_residuals.size()) +
            DescribePerformance(performance)};
  }
  const auto scaled = [&](const std::vector<double>& residuals, bool size) {
    std::vector<double> out;
    for (double r : residuals) out.push_back((size ? std::abs(r) : r) / unit);
    return out;
  };
  Shift level = CompareMeans(scaled(reference_residuals, false), scaled(current_residuals, false));
  level.words = [](double d) {
    return fmt::format("outcomes lie {:.2f} standard deviations {} what is predicted", std::abs(d),
                       d < 0 ? "below" : "above");
  };
  Shift size = CompareMeans(scaled(reference_residuals, true), scaled(current_residuals, true));
  size.words = [](double d) {
    return fmt::format("errors are {:.2f} standard deviations {}", std::abs(d),
                       d < 0 ? "smaller" : "greater");
  };
  for (Shift* shift : {&level, &size}) {
    shift->material = options.material_sd;
    shift->resolution = options.resolution_sd;
  }
  return Decide({level, size}, current_residuals.size(), performance, options);
}

}  // namespace quern::monitoring
