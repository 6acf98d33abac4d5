#pragma once
// What a user declares: the pipeline before it is fitted. Plain values, parsed from quern.yaml
// elsewhere.
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace quern::ml {

enum class Task { kBinary, kMulticlass, kRegression };

enum class NumericImpute { kNone, kMedian, kMean, kMostFrequent, kConstant };
enum class Scale { kNone, kStandard, kMinMax, kRobust };
enum class Clip { kNone, kIqr, kQuantile };

struct NumericPrep {
  NumericImpute impute = NumericImpute::kMedian;
  double impute_value = 0;  // for kConstant
  bool indicator =
      false;  // adds a 0/1 column "NAME__missing" if the training rows have missing ones
  Clip clip = Clip::kNone;
  double clip_low =
      0.01;  // kQuantile: lower and upper quantile; kIqr: clip_high is the multiple (1.5)
  double clip_high = 0.99;
  Scale scale = Scale::kStandard;
};

enum class CategoricalImpute { kNone, kMostFrequent, kConstant };
enum class Encode { kOneHot, kOrdinal };
/// What a category unseen in training becomes: all zeros (ordinal: -1), or the imputed value's
/// code.
enum class Unknown { kIgnore, kImpute };

struct CategoricalPrep {
  CategoricalImpute impute = CategoricalImpute::kMostFrequent;
  std::string impute_value;  // for kConstant
  Encode encode = Encode::kOneHot;
  Unknown unknown = Unknown::kIgnore;
};

enum class SelectMethod { kNone, kVariance, kAnovaF, kMutualInformation };

struct Selection {
  SelectMethod method = SelectMethod::kNone;
  size_t keep = 0;       // raw (or derived) columns, a one-hot group counts once; 0 = all
  double threshold = 0;  // kVariance: groups whose every column has variance <= threshold go
};

struct DerivedColumn {
  std::string name;
  std::string expression;  // over raw columns and earlier derived ones; always numeric
};

struct PrepSpec {
  /// Raw columns that are features, in order, with true for those treated as categories.
  struct Input {
    std::string name;
    bool categorical = false;
    bool is_text = false;  // physical type of the raw column
  };
  std::vector<Input> inputs;
  std::vector<DerivedColumn> derived;
  NumericPrep numeric;
  CategoricalPrep categorical;
  std::map<std::string, NumericPrep> numeric_of;          // per-column overrides
  std::map<std::string, CategoricalPrep> categorical_of;  // per-column overrides
  Selection select;
};

/// Text or number, as YAML gave it.
using ParamValue = std::variant<double, std::string, bool>;
using Params = std::map<std::string, ParamValue>;

struct LearnerSpec {
  std::string
      kind;       // dummy, logistic, linear, decision_tree, random_forest, gradient_boosting, knn
  Params params;  // unknown names and values out of bounds are errors of ValidateLearner()
};

/// A declared search range of one parameter: `2..8` (integers), `0.1..0.9`, `log(0.01..0.3)`, `[a,
/// b]`.
struct Range {
  enum class Kind { kInt, kReal, kLogReal, kLogInt, kChoice } kind = Kind::kReal;
  double low = 0;
  double high = 1;
  std::vector<ParamValue> choices;
};

}  // namespace quern::ml
