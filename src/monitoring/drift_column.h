#pragma once
// One column's comparison: scores first, the verdict once p-values are adjusted over all columns.
#include <string>
#include <vector>

#include "base/frame.h"
#include "base/result.h"
#include "monitoring/drift.h"
#include "monitoring/drift_tests.h"

namespace quern::monitoring {

/// A column before its verdict.
struct ColumnEvidence {
  ColumnDrift drift;
  double p_value = kNoNumber;  // of the test that carries significance; NaN: no verdict on values
  std::string significance;    // its name
  std::string effect;          // the distance that must be large enough
  size_t reference_values = 0;
  size_t current_values = 0;
  std::string change;  // the plainest way to see it: "median 241 -> 0", "'1' 1.3 % -> 30 %"
};

/// Everything about one column except for what needs the other columns. `reference` or `current`
/// may be null (not both): the column is absent there. `current_rows` counts rows of the current
/// table.
ColumnEvidence CompareColumn(const std::string& name, const Column* reference,
                             const Column* current, ColumnKind kind, size_t current_rows,
                             const DriftOptions& options);

/// The tests of one column, for values that were cut before.
void RunTests(ColumnEvidence& evidence, bool discrete, const Sides& sides,
              const DriftOptions& options);

/// Words for ColumnEvidence::change: the label whose share changed most, or both medians.
std::string LargestChange(const Picture& picture);
std::string MedianChange(const std::vector<double>& r, const std::vector<double>& c);

/// Missing rates of both sides and their test.
MissingDrift CompareMissing(double missing_r, double rows_r, double missing_c, double rows_c);

/// Fills verdicts and the sentence.
void JudgeColumn(ColumnEvidence& evidence, double adjusted_p, double adjusted_missing_p,
                 const DriftOptions& options);

/// Adjusts over all columns, judges each and the table.
Result<DriftReport> FinishReport(std::vector<ColumnEvidence> evidence, const DriftOptions& options);

}  // namespace quern::monitoring
