#include "monitoring/drift_column.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "monitoring/values.h"
#include "monitoring/words.h"
#include "stats/summary.h"

namespace quern::monitoring {
namespace {

constexpr size_t kDiscrete = 5;  // distinct numbers up to which a column is tested by counts
constexpr size_t kPictureLabels = 30;
constexpr size_t kNewCategories = 20;

std::vector<double> ToDoubles(const std::vector<uint64_t>& counts) {
  return {counts.begin(), counts.end()};
}

Picture DrawNumbers(const stats::SharedBins& bins, const Sides& sides) {
  Picture picture;
  if (!bins.values.empty() && bins.values.size() <= kPictureLabels) {
    for (double v : bins.values) picture.labels.push_back(ShortestDouble(v));
    picture.reference = SharesOrZeros(bins.reference);
    picture.current = SharesOrZeros(bins.current);
    return picture;
  }
  std::vector<double> all = sides.r;
  all.insert(all.end(), sides.c.begin(), sides.c.end());
  picture.edges = bins.edges.empty() ? stats::SturgesEdges(all) : bins.edges;
  picture.reference = SharesOrZeros(ToDoubles(stats::Histogram(sides.r, picture.edges)));
  picture.current = SharesOrZeros(ToDoubles(stats::Histogram(sides.c, picture.edges)));
  return picture;
}

void CompareNumbers(ColumnEvidence& evidence, const Column* reference, const Column* current,
                    const DriftOptions& options) {
  Sides sides;
  if (reference != nullptr) sides.r = NumbersOf(*reference);
  if (current != nullptr) sides.c = NumbersOf(*current);
  evidence.reference_values = sides.r.size();
  evidence.current_values = sides.c.size();
  const stats::SharedBins bins = stats::CutShared(sides.r, sides.c);
  sides.counts_r = bins.reference;
  sides.counts_c = bins.current;
  const bool discrete = !bins.values.empty() && bins.values.size() <= kDiscrete;
  evidence.drift.picture = DrawNumbers(bins, sides);
  evidence.change =
      discrete ? LargestChange(evidence.drift.picture) : MedianChange(sides.r, sides.c);
  RunTests(evidence, discrete, sides, options);
}

std::vector<NewCategory> FindNew(const LabelCounts& counts, double current_values) {
  std::vector<NewCategory> found;
  for (size_t i = 0; i < counts.labels.size(); ++i) {
    if (counts.reference[i] > 0 || counts.current[i] == 0) continue;
    found.push_back({counts.labels[i], counts.current[i] / current_values});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const NewCategory& a, const NewCategory& b) { return a.share > b.share; });
  if (found.size() > kNewCategories) found.resize(kNewCategories);
  return found;
}

void CompareCategories(ColumnEvidence& evidence, const Column* reference, const Column* current,
                       const DriftOptions& options) {
  const bool by_number = AllNumbers(reference != nullptr ? *reference : *current);
  const auto labels = [&](const Column* column) {
    return column != nullptr ? LabelsOf(*column, by_number) : std::vector<std::string>{};
  };
  const LabelCounts counts = CountLabels(labels(reference), labels(current));
  Sides sides;
  sides.counts_r = counts.reference;
  sides.counts_c = counts.current;
  for (double count : counts.reference) evidence.reference_values += static_cast<size_t>(count);
  for (double count : counts.current) evidence.current_values += static_cast<size_t>(count);
  if (reference != nullptr && evidence.current_values > 0) {
    evidence.drift.new_categories = FindNew(counts, static_cast<double>(evidence.current_values));
  }
  const LabelCounts shown = Largest(counts, kPictureLabels);
  evidence.drift.picture = {
      {}, shown.labels, SharesOrZeros(shown.reference), SharesOrZeros(shown.current)};
  evidence.change = LargestChange(evidence.drift.picture);
  RunTests(evidence, true, sides, options);
}

const TestScore* FindScore(const ColumnDrift& drift, const std::string& name) {
  for (const TestScore& score : drift.tests) {
    if (score.name == name) return &score;
  }
  return nullptr;
}

std::string DescribeMissing(const MissingDrift& missing) {
  if (missing.current == 1) {
    return fmt::format("every value is missing ({} in the reference)",
                       PercentText(missing.reference));
  }
  return fmt::format("{} of the values are missing, {} in the reference",
                     PercentText(missing.current), PercentText(missing.reference));
}

// Why the values count as drifted or not.
std::string DescribeValues(const ColumnEvidence& evidence, const DriftOptions& options) {
  const ColumnDrift& drift = evidence.drift;
  if (evidence.reference_values == 0 && evidence.current_values == 0)
    return "no values on either side";
  if (evidence.current_values == 0) return "no values to compare";
  if (evidence.reference_values == 0) return "the reference has no values to compare with";
  const size_t least = std::min(evidence.reference_values, evidence.current_values);
  if (std::isnan(evidence.p_value)) {
    return fmt::format("{} values are too few to judge (at least {} on each side)", least,
                       options.min_values);
  }
  const TestScore* p = FindScore(drift, evidence.significance);
  const TestScore* size = FindScore(drift, evidence.effect);
  const bool significant = drift.adjusted_p_value <= p->threshold;
  const std::string figures =
      fmt::format("{} adjusted {}; {} {:.3g}, limit {:.3g}", p->name, PText(drift.adjusted_p_value),
                  size->name, size->statistic, size->threshold);
  if (drift.values_drifted) {
    return fmt::format("the distribution moved, {} ({})", evidence.change, figures);
  }
  if (significant) {
    return fmt::format("a real but small change, {} ({})", evidence.change, figures);
  }
  if (size->drifted)
    return fmt::format("no change beyond chance on {} values ({})", least, figures);
  return fmt::format("no change ({})", figures);
}

std::string Describe(const ColumnEvidence& evidence, const DriftOptions& options) {
  const ColumnDrift& drift = evidence.drift;
  if (drift.presence == Presence::kCurrentOnly)
    return "a new column: the reference does not have it";
  if (drift.presence == Presence::kReferenceOnly)
    return "the current data does not have this column";
  std::string reason;
  if (drift.missing.drifted) reason = DescribeMissing(drift.missing);
  if (!(drift.missing.drifted && evidence.current_values == 0)) {
    reason += (reason.empty() ? "" : "; ") + DescribeValues(evidence, options);
  }
  if (!drift.new_categories.empty()) {
    const NewCategory& first = drift.new_categories.front();
    reason += fmt::format("; '{}' is new ({})", first.value, PercentText(first.share));
    if (drift.new_categories.size() > 1) {
      reason += fmt::format(" and {} more", drift.new_categories.size() - 1);
    }
  }
  return reason;
}

}  // namespace

std::string LargestChange(const Picture& picture) {
  size_t most = 0;
  const auto gap = [&](size_t i) { return std::abs(picture.current[i] - picture.reference[i]); };
  for (size_t i = 1; i < picture.labels.size(); ++i) {
    if (gap(i) > gap(most)) most = i;
  }
  if (picture.labels.empty()) return "";
  return fmt::format("'{}' {} -> {}", picture.labels[most], PercentText(picture.reference[most]),
                     PercentText(picture.current[most]));
}

std::string MedianChange(const std::vector<double>& r, const std::vector<double>& c) {
  return fmt::format("median {:.4g} -> {:.4g}", stats::Median(r), stats::Median(c));
}

MissingDrift CompareMissing(double missing_r, double rows_r, double missing_c, double rows_c) {
  MissingDrift missing;
  missing.reference = missing_r / rows_r;
  missing.current = missing_c / rows_c;
  const stats::ShareDifference gap =
      stats::DifferenceOfShares(missing_r, rows_r, missing_c, rows_c);
  missing.difference = gap.difference;
  missing.low = gap.low;
  missing.high = gap.high;
  if (missing_r + missing_c > 0) missing.p_value = TwoShareP(missing_r, rows_r, missing_c, rows_c);
  return missing;
}

void RunTests(ColumnEvidence& evidence, bool discrete, const Sides& sides,
              const DriftOptions& options) {
  if (evidence.reference_values == 0 || evidence.current_values == 0) return;
  const TestPlan plan = PlanTests(evidence.drift.kind, discrete, sides, options);
  for (std::string_view name : plan.names) {
    evidence.drift.tests.push_back(RunDriftTest(*FindDriftTest(name), sides, options));
  }
  evidence.significance = std::string(plan.significance);
  evidence.effect = std::string(plan.effect);
  const size_t least = std::min(evidence.reference_values, evidence.current_values);
  if (least >= std::max<size_t>(options.min_values, 1)) {
    evidence.p_value = FindScore(evidence.drift, evidence.significance)->p_value;
  }
}

ColumnEvidence CompareColumn(const std::string& name, const Column* reference,
                             const Column* current, ColumnKind kind, size_t current_rows,
                             const DriftOptions& options) {
  ColumnEvidence evidence;
  evidence.drift.column = name;
  evidence.drift.kind = kind;
  evidence.drift.presence = reference == nullptr ? Presence::kCurrentOnly
                            : current == nullptr ? Presence::kReferenceOnly
                                                 : Presence::kBoth;
  if (kind == ColumnKind::kNumber) {
    CompareNumbers(evidence, reference, current, options);
  } else {
    CompareCategories(evidence, reference, current, options);
  }
  const double rows_c = static_cast<double>(current_rows);
  const double missing_c = rows_c - static_cast<double>(evidence.current_values);
  if (reference != nullptr) {
    const double rows_r = static_cast<double>(reference->size());
    evidence.drift.missing = CompareMissing(rows_r - static_cast<double>(evidence.reference_values),
                                            rows_r, missing_c, rows_c);
  } else {
    evidence.drift.missing.reference = kNoNumber;
    evidence.drift.missing.current = missing_c / rows_c;
    evidence.drift.missing.difference = kNoNumber;
  }
  return evidence;
}

void JudgeColumn(ColumnEvidence& evidence, double adjusted_p, double adjusted_missing_p,
                 const DriftOptions& options) {
  ColumnDrift& drift = evidence.drift;
  drift.adjusted_p_value = adjusted_p;
  const TestScore* p = FindScore(drift, evidence.significance);
  const TestScore* size = FindScore(drift, evidence.effect);
  drift.values_drifted = p != nullptr && adjusted_p <= p->threshold && size->drifted;
  drift.missing.drifted = adjusted_missing_p <= options.alpha &&
                          std::abs(drift.missing.difference) >= options.missing_change;
  drift.drifted = drift.values_drifted || drift.missing.drifted;
  drift.reason = Describe(evidence, options);
}

}  // namespace quern::monitoring
