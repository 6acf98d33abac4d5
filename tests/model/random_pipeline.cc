#include "tests/model/random_pipeline.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace quern::model::testing {
namespace {

const std::vector<double> kStages = {-1, 0, 0.1, 2, 7};
const std::vector<std::string> kSites = {"Basel", "Zürich", "a b", "east", "it's", "west"};
constexpr double kExtremes[] = {0, -0.0, 1e300, -1e300, 5e-324, 1e9, -1e9, 16777217, 0.5};

bool Chance(Rng& rng, double share) { return rng.Uniform() < share; }

template <class T>
const T& Any(const std::vector<T>& values, Rng& rng) {
  return values[rng.Below(values.size())];
}

/// `impute`: the learner cannot take missing values.
ml::Feature NumericFeature(const std::string& column, bool impute, Rng& rng) {
  ml::Feature feature;
  feature.column = column;
  if (impute || Chance(rng, 0.7)) feature.impute_number = 3 * rng.Normal();
  feature.indicator = Chance(rng, 0.4);
  if (Chance(rng, 0.4)) feature.clip_low = -2 - rng.Uniform();
  if (Chance(rng, 0.4)) feature.clip_high = 2 + rng.Uniform();
  if (Chance(rng, 0.8)) feature.offset = rng.Normal();
  if (Chance(rng, 0.8)) feature.scale = 0.1 + rng.Uniform();
  return feature;
}

template <class T>
std::vector<T> Some(const std::vector<T>& all, Rng& rng) {
  std::vector<T> some;
  for (const T& value : all) {
    if (Chance(rng, 0.7)) some.push_back(value);
  }
  if (some.empty()) some.push_back(all.front());
  return some;
}

ml::Feature CategoricalFeature(const std::string& column, bool is_text, Rng& rng) {
  ml::Feature feature;
  feature.column = column;
  feature.categorical = true;
  feature.is_text = is_text;
  feature.encode = Chance(rng, 0.6) ? ml::Encode::kOneHot : ml::Encode::kOrdinal;
  const bool impute = Chance(rng, 0.6);
  if (impute && Chance(rng, 0.5)) feature.unknown = ml::Unknown::kImpute;
  if (is_text) {
    feature.text_categories = Some(kSites, rng);
    if (impute) feature.impute_text = Any(feature.text_categories, rng);
    if (impute && Chance(rng, 0.2)) feature.impute_text = "nowhere";
  } else {
    feature.number_categories = Some(kStages, rng);
    if (impute) feature.impute_number = Any(feature.number_categories, rng);
    if (impute && Chance(rng, 0.2)) feature.impute_number = 99;
  }
  return feature;
}

void AddNames(const ml::Feature& feature, std::vector<std::string>& names) {
  for (size_t i = 0; i < feature.width(); ++i) {
    names.push_back(feature.column + (i ? "=" + std::to_string(i) : ""));
  }
}

ml::LinearModel Linear(ml::Task task, size_t width, size_t classes, Rng& rng) {
  ml::LinearModel model;
  model.outputs = task == ml::Task::kMulticlass ? classes : 1;
  model.link = task == ml::Task::kBinary       ? ml::Link::kLogistic
               : task == ml::Task::kMulticlass ? ml::Link::kSoftmax
                                               : ml::Link::kIdentity;
  for (size_t i = 0; i < model.outputs * width; ++i) model.weights.push_back(rng.Normal());
  for (size_t i = 0; i < model.outputs; ++i) model.intercepts.push_back(rng.Normal());
  return model;
}

/// Grows a tree below `at`; a tree of depth 0 is one leaf.
void Grow(ml::TreeEnsemble& model, std::vector<ml::TreeNode>& tree, size_t depth, size_t width,
          double leaf_scale, Rng& rng) {
  const size_t at = tree.size();
  tree.emplace_back();
  if (depth == 0 || Chance(rng, 0.15)) {
    tree[at].leaf = static_cast<int32_t>(model.leaves.size() / model.leaf_width);
    double total = 0;
    std::vector<double> leaf(model.leaf_width);
    for (double& value : leaf) total += value = 0.01 + rng.Uniform();
    for (double value : leaf) {
      const double share = model.leaf_width > 1 ? value / total : rng.Normal();
      model.leaves.push_back(static_cast<float>(share * leaf_scale));
    }
    return;
  }
  tree[at].feature = static_cast<int32_t>(rng.Below(width));
  tree[at].threshold = static_cast<float>(rng.Normal());
  if (Chance(rng, 0.3)) tree[at].threshold = 0.5F;
  tree[at].missing_left = Chance(rng, 0.5);
  tree[at].left = static_cast<int32_t>(tree.size());
  Grow(model, tree, depth - 1, width, leaf_scale, rng);
  tree[at].right = static_cast<int32_t>(tree.size());
  Grow(model, tree, depth - 1, width, leaf_scale, rng);
}

/// Single trees and forests of class shares (or values).
ml::TreeEnsemble Averaged(ml::Task task, size_t trees, size_t width, size_t classes, Rng& rng) {
  ml::TreeEnsemble model;
  model.link = ml::Link::kIdentity;
  model.leaf_width = task == ml::Task::kRegression ? 1 : classes;
  model.outputs = model.leaf_width;
  model.base.assign(model.outputs, 0.0F);
  for (size_t t = 0; t < trees; ++t) {
    model.trees.emplace_back();
    Grow(model, model.trees.back(), rng.Below(6), width, 1 / static_cast<double>(trees), rng);
  }
  return model;
}

ml::TreeEnsemble Boosted(ml::Task task, size_t width, size_t classes, Rng& rng) {
  ml::TreeEnsemble model;
  model.outputs = task == ml::Task::kMulticlass ? classes : 1;
  model.link = task == ml::Task::kBinary       ? ml::Link::kLogistic
               : task == ml::Task::kMulticlass ? ml::Link::kSoftmax
                                               : ml::Link::kIdentity;
  for (size_t i = 0; i < model.outputs; ++i) {
    model.base.push_back(static_cast<float>(rng.Normal()));
  }
  for (size_t t = 0; t < 20 * model.outputs; ++t) {
    model.trees.emplace_back();
    Grow(model, model.trees.back(), rng.Below(5), width, 0.3, rng);
  }
  return model;
}

ml::KnnModel Knn(size_t width, size_t classes, Rng& rng) {
  ml::KnnModel model;
  model.k = 1 + rng.Below(7);
  model.distance_weights = Chance(rng, 0.5);
  model.features = width;
  const size_t points = 20 + rng.Below(60);
  for (size_t i = 0; i < points * width; ++i) {
    // Coarse values make ties and exact matches.
    model.points.push_back(Chance(rng, 0.5) ? rng.Normal() : static_cast<double>(rng.Below(2)));
  }
  for (size_t i = 0; i < points; ++i) {
    model.targets.push_back(classes ? static_cast<double>(rng.Below(classes)) : rng.Normal());
  }
  return model;
}

ml::FittedModel AnyModel(ml::Task task, ModelKind kind, size_t width, size_t classes, Rng& rng) {
  switch (kind) {
    case ModelKind::kLinear:
      return Linear(task, width, classes, rng);
    case ModelKind::kTree:
      return Averaged(task, 1, width, classes, rng);
    case ModelKind::kForest:
      return Averaged(task, 30, width, classes, rng);
    case ModelKind::kBoosted:
      return Boosted(task, width, classes, rng);
    case ModelKind::kKnn:
      return Knn(width, classes, rng);
    case ModelKind::kConstant:
      break;
  }
  ml::ConstantModel model;
  const size_t size = std::max<size_t>(classes, 1);
  double left = 1;
  for (size_t i = 0; i + 1 < size; ++i) {
    model.values.push_back(left * rng.Uniform());
    left -= model.values.back();
  }
  model.values.push_back(left);
  return model;
}

std::vector<std::string> Classes(ml::Task task, bool numeric, Rng& rng) {
  if (task == ml::Task::kRegression) return {};
  if (task == ml::Task::kBinary) {
    if (!numeric) return {"healthy", "krank ä"};
    return Chance(rng, 0.5) ? std::vector<std::string>{"0", "1"}
                            : std::vector<std::string>{"0.5", "2"};
  }
  if (!numeric) return {"a", "b", "c", "d"};
  return Chance(rng, 0.5) ? std::vector<std::string>{"-1", "0", "3"}
                          : std::vector<std::string>{"0", "0.25", "3"};
}

Column Numbers(const std::string& name, size_t rows, Rng& rng) {
  Column column;
  column.name = name;
  for (size_t row = 0; row < rows; ++row) {
    double value = 2 * rng.Normal();
    if (Chance(rng, 0.1)) value = kExtremes[rng.Below(std::size(kExtremes))];
    if (Chance(rng, 0.15)) value = std::nan("");
    column.numbers.push_back(value);
  }
  return column;
}

Column Texts(const std::string& name, size_t rows, Rng& rng) {
  Column column;
  column.name = name;
  column.is_text = true;
  for (size_t row = 0; row < rows; ++row) {
    std::string value = Any(kSites, rng);
    if (Chance(rng, 0.15)) value = "unseen";
    if (Chance(rng, 0.15)) value.clear();
    column.texts.push_back(value);
  }
  return column;
}

std::string Number(int depth, Rng& rng);

std::string Text(Rng& rng) {
  switch (rng.Below(4)) {
    case 0:
      return "site";
    case 1:
      return "note";
    case 2:
      return "coalesce(site, note)";
    default:
      return "'west'";
  }
}

std::string Truth(int depth, Rng& rng) {
  const auto number = [&] { return Number(depth - 1, rng); };
  const auto truth = [&] { return Truth(depth - 1, rng); };
  static const std::vector<std::string> kCompare = {"=", "<>", "<", "<=", ">", ">="};
  switch (depth <= 0 ? rng.Below(3) : rng.Below(9)) {
    case 0:
      return "(" + number() + " " + Any(kCompare, rng) + " " + number() + ")";
    case 1:
      return "(site IN ('Basel', 'it''s', note))";
    case 2:
      return "(" + Text(rng) + (Chance(rng, 0.5) ? " = " : " <> ") + Text(rng) + ")";
    case 3:
      return "(" + truth() + " AND " + truth() + ")";
    case 4:
      return "(" + truth() + " OR " + truth() + ")";
    case 5:
      return "(NOT " + truth() + ")";
    case 6:
      return "(" + number() + " IS " + (Chance(rng, 0.5) ? "NOT " : "") + "NULL)";
    case 7:
      return "(" + number() + " BETWEEN " + number() + " AND " + number() + ")";
    default:
      return "(" + number() + " IN (1, 2, " + number() + "))";
  }
}

std::string Number(int depth, Rng& rng) {
  static const std::vector<std::string> kLeaves = {"age", "dose", "weight", "stage", "2",
                                                   "0.5", "-3",   "0",      "age",   "dose"};
  static const std::vector<std::string> kBinary = {"+", "-", "*", "/", "%"};
  static const std::vector<std::string> kUnary = {"abs", "ln", "exp", "sqrt", "floor", "round"};
  static const std::vector<std::string> kMany = {"coalesce", "least", "greatest"};
  if (depth <= 0 || Chance(rng, 0.1)) return Any(kLeaves, rng);
  const auto number = [&] { return Number(depth - 1, rng); };
  switch (rng.Below(8)) {
    case 0:
    case 1:
    case 2:
      return "(" + number() + " " + Any(kBinary, rng) + " " + number() + ")";
    case 3:
      return Any(kUnary, rng) + "(" + number() + ")";
    case 4:
      return "pow(" + number() + ", " + Any(kLeaves, rng) + ")";
    case 5:
      return Any(kMany, rng) + "(" + number() + ", " + number() + ", " + number() + ")";
    case 6:
      return "CASE WHEN " + Truth(depth - 1, rng) + " THEN " + number() + " WHEN " +
             Truth(depth - 1, rng) + " THEN NULL ELSE " + number() + " END";
    default:
      return "(CASE WHEN " + Truth(depth - 1, rng) + " THEN 1 END + " + number() + ")";
  }
}

}  // namespace

ml::FittedPipeline RandomPipeline(ml::Task task, ModelKind kind, Rng& rng) {
  ml::FittedPipeline pipeline;
  pipeline.task = task;
  pipeline.numeric_classes = Chance(rng, 0.5);
  pipeline.classes = Classes(task, pipeline.numeric_classes, rng);
  pipeline.inputs = {{"age", false},   {"site", true}, {"dose", false},
                     {"stage", false}, {"note", true}, {"weight", false}};
  pipeline.derived = {{"ratio", "age / dose"}, {"old", "CASE WHEN ratio > 1 THEN 1 ELSE 0 END"}};
  const bool impute = kind == ModelKind::kLinear || kind == ModelKind::kKnn;
  for (const char* name : {"age", "dose", "weight", "ratio", "old"}) {
    pipeline.features.push_back(NumericFeature(name, impute, rng));
  }
  pipeline.features.push_back(CategoricalFeature("stage", false, rng));
  pipeline.features.push_back(CategoricalFeature("site", true, rng));
  pipeline.features.push_back(CategoricalFeature("note", true, rng));
  rng.Shuffle(std::span<ml::Feature>(pipeline.features));
  pipeline.features.resize(1 + rng.Below(pipeline.features.size()));
  for (const ml::Feature& feature : pipeline.features) AddNames(feature, pipeline.feature_names);
  pipeline.model =
      AnyModel(task, kind, pipeline.feature_names.size(), pipeline.classes.size(), rng);
  pipeline.threshold = 0.2 + 0.6 * rng.Uniform();
  pipeline.learner = "random";
  return pipeline;
}

Frame RandomRows(size_t rows, Rng& rng) {
  Frame frame;
  for (const char* name : {"weight", "age", "dose"}) {
    frame.columns.push_back(Numbers(name, rows, rng));
  }
  Column stage = Numbers("stage", rows, rng);
  for (double& value : stage.numbers) {
    if (!std::isnan(value) && Chance(rng, 0.8)) value = Any(kStages, rng);
  }
  frame.columns.push_back(std::move(stage));
  frame.columns.push_back(Texts("note", rows, rng));
  frame.columns.push_back(Texts("site", rows, rng));
  return frame;
}

std::string RandomExpression(Rng& rng) { return Number(4, rng); }

ml::FittedPipeline ExpressionPipeline(const std::string& expression) {
  ml::FittedPipeline pipeline;
  pipeline.task = ml::Task::kRegression;
  pipeline.inputs = {{"age", false},   {"dose", false}, {"weight", false},
                     {"stage", false}, {"site", true},  {"note", true}};
  pipeline.derived = {{"y", expression}};
  ml::Feature feature;
  feature.column = "y";
  feature.impute_number = -12345;
  pipeline.features = {feature};
  pipeline.feature_names = {"y"};
  pipeline.model = ml::LinearModel{1, {1}, {0}, ml::Link::kIdentity};
  return pipeline;
}

}  // namespace quern::model::testing
