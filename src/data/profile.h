#pragma once
// Exploration: what a table holds, column by column and together, before anybody trusts it.
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "table/session.h"

namespace quern::data {

enum class ProfileType { kNumber, kCategory, kText, kTime, kBoolean };
std::string_view ProfileTypeName(ProfileType type);
/// kInvalidArgument for a name that is none.
Result<ProfileType> ParseProfileType(std::string_view name);

struct ProfileTarget {
  std::string name;        // of the target, shown in the record
  std::string expression;  // over the columns; a column's name is one
  /// "binary", "multiclass", "regression", or "" to infer: numbers with more than 10 values are
  /// regression.
  std::string task;
  /// The class whose rate is shown, binary only; "" takes the larger label (1 over 0, true over
  /// false).
  std::string positive;
  Position where;  // of the expression, for complaints
};

struct ProfileOptions {
  std::string source;  // shown in the record
  /// Declared types, by column; a column that is not named is inferred.
  std::vector<std::pair<std::string, ProfileType>> types;
  std::optional<ProfileTarget> target;
  size_t top_values = 10;
  /// Associations and target relations look at up to this many pairs x rows; a larger table is
  /// sampled evenly, and `association_rows` says how many rows were looked at. Everything else is
  /// exact.
  int64_t pair_work = 40'000'000;
};

struct Histogram {
  std::vector<double> edges;    // k + 1, rising; each bin holds its left edge, the last both
  std::vector<int64_t> counts;  // k
};

struct TopValue {
  std::string value;
  int64_t count = 0;
};

struct TargetBin {
  std::string label;
  int64_t count = 0;
  double value = 0;           // rate of the positive class (binary), of the first class, or mean
  std::vector<double> rates;  // multiclass: of every class, in the order of TargetProfile::classes
};

/// How a column goes with the target. Measures: roc_auc (binary, numbers; the larger of AUC and 1 -
/// AUC), spearman (regression, numbers), cramers_v (classes, categories), correlation_ratio (the
/// rest).
struct TargetRelation {
  std::string measure;
  std::optional<double> value;
  std::string direction;  // roc_auc: "higher" or "lower" values go with the positive class
  std::vector<TargetBin> bins;
};

struct ColumnProfile {
  std::string name;
  ProfileType type = ProfileType::kText;
  std::string physical;  // DuckDB's type
  int64_t missing = 0;
  int64_t distinct = 0;  // among the present
  int64_t once = 0;      // values that occur once; categories and text only
  // Numbers:
  bool integers = false;  // every present value is whole
  int64_t zeros = 0, infinite = 0;
  std::optional<double> mean, std, min, max;  // std with n - 1
  std::optional<double> skew;                 // adjusted Fisher-Pearson G1, as pandas: n >= 3
  std::vector<double> quantiles;              // kQuantiles of them, or none
  std::optional<double> min_nonzero, q25_nonzero, q75_nonzero;
  std::optional<int64_t> outliers_iqr;  // beyond 1.5 IQR from the quartiles
  std::optional<int64_t>
      outliers_modified_z;  // |0.6745 (x - median) / MAD| > 3.5; none if MAD is 0
  std::optional<Histogram> histogram;
  // Times:
  std::string min_time, max_time;  // as DuckDB writes them
  // Categories, text and booleans, and the most frequent numbers:
  std::vector<TopValue> top;      // most frequent first, ties by value; up to 100 for categories
  int64_t numeric_texts = 0;      // text values that read as numbers
  std::string shape;              // "AA-999": letters and digits of all values, "" if they differ
  bool is_target_source = false;  // the target expression reads it
  std::optional<TargetRelation> target;
};
inline constexpr double kQuantiles[] = {0.05, 0.25, 0.5, 0.75, 0.95};

struct TargetProfile {
  std::string name, task, positive;
  std::vector<TopValue> classes;  // of a classification, most frequent first
  int64_t missing = 0;
  std::optional<double> imbalance;  // 1 - entropy / log(classes): 0 balanced, 1 one class only
};

struct Association {
  std::string a, b, measure;  // pearson, spearman, cramers_v, correlation_ratio
  std::optional<double> value;
  int64_t rows = 0;  // that have both
};

struct MissingPattern {
  std::vector<std::string> columns;  // missing together; none for complete rows
  int64_t count = 0;
};

struct Alert {
  std::string kind;
  std::string column;  // "" for the table
  double harm = 0;     // 0…1
  std::string text;
};

struct TableProfile {
  std::string source;
  int64_t rows = 0;
  int64_t duplicate_rows = 0;  // rows that repeat an earlier one
  std::vector<ColumnProfile> columns;
  std::optional<TargetProfile> target;
  std::vector<std::string> association_columns;
  std::vector<Association> associations;
  int64_t association_rows = 0;
  std::vector<MissingPattern> missing_patterns;  // most frequent first, at most 20
  std::vector<Association> missing_correlation;  // phi of the missing indicators, strongest first
  std::vector<Alert> alerts;                     // most harmful first

  const ColumnProfile* Find(std::string_view name) const;
};

/// Profiles `table_sql`, a table or view name that may stand after FROM. Numbers: quantiles
/// interpolate linearly (numpy's default), histograms have Sturges' number of equal bins (numpy's
/// "sturges", at most 64). NaN and blank text count as missing, infinities are counted and left out
/// of the statistics. Small tables are copied into the session once; larger ones are scanned about
/// ten times. Errors: kInvalidArgument for a table without columns, unknown columns in `types` or
/// the target.
Result<TableProfile> ProfileTable(table::Session& session, const std::string& table_sql,
                                  const ProfileOptions& options = {});

/// The record "explore".
json::value ToJson(const TableProfile& profile);

/// ToJson(ProfileTable(…)).
Result<json::value> Profile(table::Session& session, const std::string& table_sql,
                            const ProfileOptions& options = {});

}  // namespace quern::data
