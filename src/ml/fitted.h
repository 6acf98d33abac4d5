#pragma once
// A fitted pipeline: pure data, made by fitting alone, read by the scorer here and by model/, which
// writes the same thing as one ONNX graph. Whatever is added here must be added to both (a
// differential test compares them).
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ml/spec.h"

namespace quern::ml {

/// One raw column that the model takes, in signature order.
struct InputColumn {
  std::string name;
  bool is_text = false;
};

/// How one raw or derived column becomes matrix columns. Order of operations, numeric: impute,
/// clip, (x - offset) / scale, preceded by the indicator's value from the raw column. Categorical:
/// impute, look up, encode.
struct Feature {
  std::string column;
  bool categorical = false;
  bool is_text = false;  // of the source column; derived columns are numbers

  // numeric
  std::optional<double> impute_number;
  bool indicator = false;  // matrix columns: value, then indicator
  double clip_low = -std::numeric_limits<double>::infinity();
  double clip_high = std::numeric_limits<double>::infinity();
  double offset = 0;
  double scale = 1;

  // categorical; exactly one list is filled, sorted ascending, by is_text
  std::vector<double> number_categories;
  std::vector<std::string> text_categories;
  std::optional<std::string> impute_text;  // is_text; numbers use impute_number
  Encode encode = Encode::kOneHot;
  Unknown unknown = Unknown::kIgnore;

  size_t categories() const { return is_text ? text_categories.size() : number_categories.size(); }
  /// Matrix columns that this feature fills.
  size_t width() const;
};

/// y = W x + b, then the link.
enum class Link { kIdentity, kLogistic, kSoftmax };

struct LinearModel {
  size_t outputs = 1;              // 1 for binary (the positive class's logit) and regression
  std::vector<double> weights;     // outputs x features, row-major
  std::vector<double> intercepts;  // outputs
  Link link = Link::kLogistic;
};

struct TreeNode {
  int32_t feature = -1;  // -1: leaf
  float threshold = 0;   // goes left if x < threshold (strict, as XGBoost), x in float
  bool missing_left = false;
  int32_t left = -1;
  int32_t right = -1;
  int32_t leaf = -1;  // index into TreeEnsemble::leaves, in units of `leaf_width`
};

/// Sum over trees of a leaf vector, plus base, then the link. Single trees and forests hold class
/// shares (already divided by the number of trees), link identity.
struct TreeEnsemble {
  std::vector<std::vector<TreeNode>> trees;  // node 0 is the root
  std::vector<float> leaves;
  size_t leaf_width = 1;
  /// leaf_width == 1 and outputs > 1 (boosted multiclass): tree t adds to output t % outputs.
  size_t outputs = 1;
  std::vector<float> base;  // outputs, in margin space
  Link link = Link::kLogistic;
};

struct KnnModel {
  size_t k = 5;
  bool distance_weights = false;
  size_t features = 0;
  std::vector<double> points;   // rows x features, row-major
  std::vector<double> targets;  // class index or value
};

/// The same answer for every row: the dummy baseline.
struct ConstantModel {
  std::vector<double> values;  // class shares, or the one value
};

using FittedModel = std::variant<ConstantModel, LinearModel, TreeEnsemble, KnnModel>;

struct FittedPipeline {
  Task task = Task::kBinary;
  /// Class labels in index order (binary: negative, positive); empty for regression. Numeric labels
  /// are in shortest form.
  std::vector<std::string> classes;
  bool numeric_classes = false;  // every label is a number
  std::vector<InputColumn> inputs;
  std::vector<DerivedColumn> derived;
  std::vector<Feature> features;           // kept ones, in matrix order
  std::vector<std::string> feature_names;  // one per matrix column: "age", "cp=4", "ca__missing"
  FittedModel model;
  /// Binary: positive if P(positive) >= threshold.
  double threshold = 0.5;
  /// "column ca is all missing in these rows: dropped" and the like.
  std::vector<std::string> warnings;
  std::string learner;  // LearnerSpec::kind
  Params params;        // the learner's, defaults filled in
};

/// Row-major dense matrix.
struct Matrix {
  size_t rows = 0;
  size_t cols = 0;
  std::vector<double> values;
  double at(size_t r, size_t c) const { return values[r * cols + c]; }
};

/// What scoring answers, from the C++ scorer and from ONNX alike.
struct Scores {
  size_t classes = 0;                 // 0 for regression
  std::vector<double> probabilities;  // rows x classes, row-major
  std::vector<uint32_t> labels;       // index into FittedPipeline::classes
  std::vector<double> predictions;    // regression
};

}  // namespace quern::ml
