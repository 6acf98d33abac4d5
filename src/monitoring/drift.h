#pragma once
// Drift of one table against another, column by column and for the whole. No I/O; deterministic;
// the functions are thread-safe.
//
// A column has drifted when its distribution changed significantly (p-value adjusted over all
// columns) and noticeably (an effect size at its threshold): big tables do not drift by a hair,
// small ones not by chance. Its missing rate is tested apart, with the same two conditions.
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/frame.h"
#include "base/result.h"

namespace quern::monitoring {

enum class ColumnKind { kNumber, kCategory };
std::string_view KindName(ColumnKind kind);

struct DriftOptions {
  /// How to read columns; those not named are inferred from the reference: text is a category, so
  /// are whole numbers with at most 10 distinct values, the rest are numbers.
  std::map<std::string, ColumnKind> kinds;
  /// Columns that are not compared (keys, times, the target).
  std::vector<std::string> ignore;
  /// The deciding test, listed first in the column's tests; the names are DriftTestNames(kind).
  /// "auto", as Evidently chooses: up to 1000 reference values ks (numbers) and chisquare
  /// (categories, and numbers of at most 5 distinct values; z or fisher with two), above
  /// wasserstein and jensenshannon. "js" stands for jensenshannon.
  std::string numeric = "auto";
  std::string categorical = "auto";
  /// Thresholds by test name where the default (DriftTestNames' table) does not suit: the p-value
  /// below which, or the distance from which on, a test says "drifted".
  std::map<std::string, double> thresholds;
  /// Share of drifted columns from which on the table counts as drifted.
  double drift_share = 0.5;
  /// Level of the adjusted p-values.
  double alpha = 0.05;
  /// "bh" (Benjamini–Hochberg), "holm", "bonferroni" or "none", over every test of this comparison.
  std::string correction = "bh";
  /// Least change of the missing rate that counts.
  double missing_change = 0.05;
  /// With fewer values than this on a side no verdict is given on values.
  size_t min_values = 10;
  size_t threads = 1;
};

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

/// One test or distance. `p_value` is NaN for distances; `drifted` is the test's own word
/// (unadjusted).
struct TestScore {
  std::string name;
  double statistic = kNoNumber;
  double p_value = kNoNumber;
  double threshold = kNoNumber;
  bool drifted = false;
};

/// Shares of rows without a value, their difference (current - reference) with a 95 % interval, and
/// the p-value (two-proportion z, Fisher's exact below 5 expected); NaN when no side misses
/// anything.
struct MissingDrift {
  double reference = 0;
  double current = 0;
  double difference = 0;
  double low = kNoNumber;
  double high = kNoNumber;
  double p_value = kNoNumber;
  bool drifted = false;
};

struct NewCategory {
  std::string value;
  double share = 0;  // of the current values that are not missing
};

/// For the picture: either `edges` (k+1, shared by both sides) or `labels` (k), and k shares each.
struct Picture {
  std::vector<double> edges;
  std::vector<std::string> labels;
  std::vector<double> reference;
  std::vector<double> current;
};

enum class Presence { kBoth, kReferenceOnly, kCurrentOnly };

struct ColumnDrift {
  std::string column;
  ColumnKind kind = ColumnKind::kNumber;
  Presence presence = Presence::kBoth;
  std::vector<TestScore> tests;  // the deciding one first
  double adjusted_p_value = kNoNumber;
  /// Of the values alone, and with the missing rate: what counts in the dataset's verdict.
  bool values_drifted = false;
  bool drifted = false;
  std::string reason;  // one sentence
  MissingDrift missing;
  std::vector<NewCategory> new_categories;  // most frequent first, at most 20
  Picture picture;
};

struct DatasetDrift {
  bool drifted = false;
  size_t drifted_columns = 0;
  size_t columns = 0;  // compared ones; columns new in current are reported, not counted
  double share = 0;
  double limit = 0;
};

struct DriftReport {
  std::vector<ColumnDrift> columns;  // reference order, then those only in current
  DatasetDrift dataset;
};

/// Compares every column. A column that one side lacks is reported, not an error: absent from
/// current it counts as missing in every row. A cell of a number column that holds other text
/// counts as missing. kInvalidArgument: no reference rows, no current rows, unknown test or
/// correction name, a threshold for an unknown test, a share or level out of bounds.
Result<DriftReport> CompareFrames(const Frame& reference, const Frame& current,
                                  const DriftOptions& options);

/// One column of numbers by itself, with the same rules: drift of a model's score.
Result<ColumnDrift> CompareScores(const std::string& name, std::span<const double> reference,
                                  std::span<const double> current, const DriftOptions& options);

/// The kind that a column not named in DriftOptions::kinds is taken for.
ColumnKind InferKind(const Column& reference);

/// Names that DriftOptions::numeric (or categorical) may have besides "auto".
std::vector<std::string> DriftTestNames(ColumnKind kind);
/// Checks names, levels and shares of the options: the errors of CompareFrames that need no data.
Status CheckDriftOptions(const DriftOptions& options);

}  // namespace quern::monitoring
