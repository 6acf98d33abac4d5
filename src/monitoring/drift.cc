#include "monitoring/drift.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/parallel.h"
#include "base/text.h"
#include "monitoring/drift_column.h"
#include "monitoring/drift_tests.h"
#include "monitoring/values.h"
#include "stats/correct.h"

namespace quern::monitoring {
namespace {

constexpr size_t kFewDistinct = 10;

std::vector<std::string> ColumnsToCompare(const Frame& reference, const Frame& current,
                                          const DriftOptions& options) {
  std::vector<std::string> names;
  const auto wanted = [&](const std::string& name) {
    return std::find(options.ignore.begin(), options.ignore.end(), name) == options.ignore.end();
  };
  for (const Column& column : reference.columns) {
    if (wanted(column.name)) names.push_back(column.name);
  }
  for (const Column& column : current.columns) {
    if (wanted(column.name) && reference.Find(column.name) == nullptr) names.push_back(column.name);
  }
  return names;
}

Result<std::vector<double>> Adjust(const std::string& correction, const std::vector<double>& p) {
  if (correction == "bh") return stats::BenjaminiHochberg(p);
  if (correction == "holm") return stats::Holm(p);
  if (correction == "bonferroni") return stats::Bonferroni(p);
  if (correction == "none") return p;
  const std::vector<std::string> known = {"bh", "holm", "bonferroni", "none"};
  return Fail(Code::kInvalidArgument, "unknown correction '" + correction + "'",
              SuggestName(correction, known));
}

DatasetDrift JudgeDataset(const std::vector<ColumnDrift>& columns, double limit) {
  DatasetDrift dataset;
  dataset.limit = limit;
  for (const ColumnDrift& column : columns) {
    if (column.presence == Presence::kCurrentOnly) continue;
    ++dataset.columns;
    dataset.drifted_columns += column.drifted;
  }
  if (dataset.columns > 0) {
    dataset.share =
        static_cast<double>(dataset.drifted_columns) / static_cast<double>(dataset.columns);
  }
  dataset.drifted = dataset.columns > 0 && dataset.share >= limit;
  return dataset;
}

Status CheckChoice(const std::string& choice, ColumnKind kind) {
  if (choice == "auto" || choice == "js") return {};
  std::vector<std::string> known = DriftTestNames(kind);
  if (std::find(known.begin(), known.end(), choice) != known.end()) return {};
  known.push_back("auto");
  return Fail(
      Code::kInvalidArgument,
      "unknown drift test '" + choice + "' for a " + std::string(KindName(kind)) + " column",
      SuggestName(choice, known));
}

Status CheckShare(double value, const char* name) {
  if (value >= 0 && value <= 1) return {};
  return Fail(Code::kInvalidArgument,
              std::string(name) + " is " + ShortestDouble(value) + ", it must lie in 0..1");
}

}  // namespace

std::string_view KindName(ColumnKind kind) {
  return kind == ColumnKind::kNumber ? "number" : "category";
}

ColumnKind InferKind(const Column& reference) {
  if (reference.is_text) return ColumnKind::kCategory;
  std::set<double> distinct;
  for (double v : reference.numbers) {
    if (!std::isfinite(v)) continue;
    if (v != std::floor(v)) return ColumnKind::kNumber;
    distinct.insert(v);
    if (distinct.size() > kFewDistinct) return ColumnKind::kNumber;
  }
  return distinct.empty() ? ColumnKind::kNumber : ColumnKind::kCategory;
}

std::vector<std::string> DriftTestNames(ColumnKind kind) {
  std::vector<std::string> names;
  for (const DriftTest& test : AllDriftTests()) {
    const bool fits = kind == ColumnKind::kNumber ? test.for_numbers : test.for_categories;
    if (fits) names.emplace_back(test.name);
  }
  return names;
}

Status CheckDriftOptions(const DriftOptions& options) {
  QUERN_TRY(CheckChoice(options.numeric, ColumnKind::kNumber));
  QUERN_TRY(CheckChoice(options.categorical, ColumnKind::kCategory));
  for (const auto& [name, threshold] : options.thresholds) {
    if (FindDriftTest(name) == nullptr) {
      std::vector<std::string> known;
      for (const DriftTest& test : AllDriftTests()) known.emplace_back(test.name);
      return Fail(Code::kInvalidArgument, "threshold of an unknown drift test '" + name + "'",
                  SuggestName(name, known));
    }
    if (!(threshold >= 0)) {
      return Fail(Code::kInvalidArgument, "threshold of '" + name + "' is " +
                                              ShortestDouble(threshold) +
                                              ", it must not be negative");
    }
  }
  QUERN_TRY(CheckShare(options.drift_share, "drift_share"));
  QUERN_TRY(CheckShare(options.alpha, "alpha"));
  QUERN_TRY(CheckShare(options.missing_change, "missing_change"));
  QUERN_TRY(Adjust(options.correction, {}));
  return {};
}

Result<DriftReport> FinishReport(std::vector<ColumnEvidence> evidence,
                                 const DriftOptions& options) {
  std::vector<double> p_values;
  for (const ColumnEvidence& column : evidence) {
    p_values.push_back(column.p_value);
    p_values.push_back(column.drift.missing.p_value);
  }
  QUERN_ASSIGN(const std::vector<double> adjusted, Adjust(options.correction, p_values));
  DriftReport report;
  for (size_t i = 0; i < evidence.size(); ++i) {
    JudgeColumn(evidence[i], adjusted[2 * i], adjusted[2 * i + 1], options);
    report.columns.push_back(std::move(evidence[i].drift));
  }
  report.dataset = JudgeDataset(report.columns, options.drift_share);
  return report;
}

Result<DriftReport> CompareFrames(const Frame& reference, const Frame& current,
                                  const DriftOptions& options) {
  QUERN_TRY(CheckDriftOptions(options));
  for (const auto& [frame, side] : {std::pair{&reference, "reference"}, {&current, "current"}}) {
    if (frame->rows() > 0) continue;
    return Fail(Code::kInvalidArgument, std::string("the ") + side + " data has no rows",
                "drift needs rows on both sides");
  }
  const std::vector<std::string> names = ColumnsToCompare(reference, current, options);
  std::vector<ColumnEvidence> evidence(names.size());
  QUERN_TRY(
      ParallelFor(names.size(), std::max<size_t>(options.threads, 1), [&](size_t i) -> Status {
        const Column* r = reference.Find(names[i]);
        const Column* c = current.Find(names[i]);
        const auto kind = options.kinds.find(names[i]);
        evidence[i] = CompareColumn(
            names[i], r, c, kind != options.kinds.end() ? kind->second : InferKind(r ? *r : *c),
            current.rows(), options);
        return {};
      }));
  return FinishReport(std::move(evidence), options);
}

Result<ColumnDrift> CompareScores(const std::string& name, std::span<const double> reference,
                                  std::span<const double> current, const DriftOptions& options) {
  const auto frame = [&](std::span<const double> values) {
    return Frame{{Column{name, false, {values.begin(), values.end()}, {}}}};
  };
  DriftOptions numbers = options;
  numbers.kinds = {{name, ColumnKind::kNumber}};
  numbers.ignore.clear();
  QUERN_ASSIGN(DriftReport report, CompareFrames(frame(reference), frame(current), numbers));
  return std::move(report.columns.front());
}

}  // namespace quern::monitoring
