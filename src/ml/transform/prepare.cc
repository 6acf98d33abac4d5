#include <algorithm>
#include <set>

#include "base/text.h"
#include "expr/expr.h"
#include "ml/transform/transform.h"

namespace quern::ml {
namespace {

/// At least two classes among the rows; a number for each of them for regression.
Status CheckTarget(const Frame& rows, const Target& target) {
  if (rows.rows() != target.rows())
    return Fail(Code::kInvalidArgument, std::to_string(rows.rows()) + " rows for " +
                                            std::to_string(target.rows()) + " labels");
  if (target.rows() == 0)
    return Fail(Code::kInvalidArgument, "there are no rows to fit on", "check the split");
  if (target.task == Task::kRegression) return {};
  const std::set<uint32_t> present(target.index.begin(), target.index.end());
  if (*present.rbegin() >= target.classes.size())
    return Fail(Code::kInvalidArgument, "a label is not among the classes");
  if (present.size() < 2)
    return Fail(Code::kInvalidArgument,
                "all " + std::to_string(target.rows()) + " training rows are of class '" +
                    target.classes[*present.begin()] + "'",
                "the target needs at least two classes in every training set");
  return {};
}

Status CheckOverrides(const PrepSpec& prep) {
  std::vector<std::string> numeric, categorical;
  for (const auto& input : prep.inputs)
    (input.categorical ? categorical : numeric).push_back(input.name);
  for (const DerivedColumn& column : prep.derived) numeric.push_back(column.name);
  const auto check = [](const auto& overrides, const std::vector<std::string>& names,
                        const std::string& kind) -> Status {
    for (const auto& [name, unused] : overrides)
      if (std::find(names.begin(), names.end(), name) == names.end())
        return Fail(Code::kInvalidArgument,
                    "preparation of '" + name + "', which is not a " + kind + " feature",
                    SuggestName(name, names));
    return {};
  };
  QUERN_TRY(check(prep.numeric_of, numeric, "numeric"));
  return check(prep.categorical_of, categorical, "categorical");
}

/// The declared features' raw columns, then those that only derived columns read.
Result<std::vector<InputColumn>> RawColumns(const PrepSpec& prep, const Frame& rows) {
  std::vector<InputColumn> inputs;
  std::set<std::string> known;
  for (const auto& input : prep.inputs) {
    if (!known.insert(input.name).second)
      return Fail(Code::kInvalidArgument, "feature '" + input.name + "' is declared twice");
    if (input.is_text && !input.categorical)
      return Fail(Code::kInvalidArgument,
                  "column '" + input.name + "' is text, but declared as a number",
                  "declare it as a category");
    inputs.push_back({input.name, input.is_text});
  }
  for (const DerivedColumn& column : prep.derived) {
    auto parsed = expr::Parse(column.expression, {});
    if (!parsed) return Within(parsed.error(), "in derived column '" + column.name + "'");
    for (const expr::ColumnRef& read : expr::Columns(*parsed)) {
      const Column* raw = rows.Find(read.name);
      // Names that exist nowhere are reported with a suggestion when the expression is checked.
      if (!raw || known.contains(read.name)) continue;
      known.insert(read.name);
      inputs.push_back({read.name, raw->is_text});
    }
    if (!known.insert(column.name).second)
      return Fail(Code::kInvalidArgument,
                  "derived column '" + column.name + "' has the name of another column",
                  "give it a name of its own");
  }
  return inputs;
}

/// One Feature per column that has values, in order of declaration.
Result<std::vector<Feature>> FitFeatures(const PrepSpec& prep, const Frame& frame,
                                         std::vector<std::string>& warnings) {
  std::vector<std::pair<std::string, bool>> columns;
  for (const auto& input : prep.inputs) columns.emplace_back(input.name, input.categorical);
  for (const DerivedColumn& column : prep.derived) columns.emplace_back(column.name, false);
  std::vector<Feature> features;
  for (const auto& [name, categorical] : columns) {
    const Column& column = *frame.Find(name);
    std::optional<Feature> feature;
    if (categorical) {
      const auto own = prep.categorical_of.find(name);
      QUERN_ASSIGN(feature,
                   FitCategorical(
                       column, own == prep.categorical_of.end() ? prep.categorical : own->second));
    } else {
      const auto own = prep.numeric_of.find(name);
      QUERN_ASSIGN(feature,
                   FitNumeric(column, own == prep.numeric_of.end() ? prep.numeric : own->second));
    }
    if (feature) {
      features.push_back(std::move(*feature));
    } else {
      warnings.push_back("column " + name + " is all missing in these rows: dropped");
    }
  }
  return features;
}

Matrix BuildMatrix(const std::vector<Feature>& features, const Frame& frame) {
  Matrix matrix;
  matrix.rows = frame.rows();
  for (const Feature& feature : features) matrix.cols += feature.width();
  matrix.values.resize(matrix.rows * matrix.cols);
  size_t first = 0;
  for (const Feature& feature : features) {
    FillFeature(feature, *frame.Find(feature.column), first, matrix);
    first += feature.width();
  }
  return matrix;
}

Matrix KeepColumns(const Matrix& matrix, const std::vector<Feature>& features,
                   const std::vector<bool>& kept) {
  std::vector<size_t> columns;
  size_t c = 0;
  for (size_t f = 0; f < features.size(); ++f)
    for (size_t i = 0; i < features[f].width(); ++i, ++c)
      if (kept[f]) columns.push_back(c);
  Matrix out;
  out.rows = matrix.rows;
  out.cols = columns.size();
  for (size_t r = 0; r < matrix.rows; ++r)
    for (const size_t column : columns) out.values.push_back(matrix.at(r, column));
  return out;
}

/// Keeps the raw and derived columns that the features read, directly or through derived ones.
Status Prune(const PrepSpec& prep, std::vector<InputColumn> inputs, FittedPipeline& pipeline) {
  std::set<std::string> needed;
  for (const Feature& feature : pipeline.features) needed.insert(feature.column);
  for (auto column = prep.derived.rbegin(); column != prep.derived.rend(); ++column) {
    if (!needed.contains(column->name)) continue;
    pipeline.derived.insert(pipeline.derived.begin(), *column);
    QUERN_ASSIGN(const expr::Expr parsed, expr::Parse(column->expression, {}));
    for (const expr::ColumnRef& read : expr::Columns(parsed)) needed.insert(read.name);
  }
  for (InputColumn& input : inputs)
    if (needed.contains(input.name)) pipeline.inputs.push_back(std::move(input));
  return {};
}

}  // namespace

Result<Prepared> Prepare(const PrepSpec& prep, const Frame& rows, const Target& target) {
  QUERN_TRY(CheckTarget(rows, target));
  QUERN_TRY(CheckOverrides(prep));
  QUERN_ASSIGN(std::vector<InputColumn> inputs, RawColumns(prep, rows));
  QUERN_ASSIGN(const Frame frame, WithDerived(inputs, prep.derived, rows));
  Prepared prepared;
  FittedPipeline& pipeline = prepared.pipeline;
  pipeline.task = target.task;
  if (target.task != Task::kRegression) {
    pipeline.classes = target.classes;
    pipeline.numeric_classes = target.numeric_classes;
  }
  QUERN_ASSIGN(std::vector<Feature> features, FitFeatures(prep, frame, pipeline.warnings));
  const Matrix all = BuildMatrix(features, frame);
  const std::vector<bool> kept = SelectFeatures(prep.select, features, all, target);
  prepared.matrix = KeepColumns(all, features, kept);
  for (size_t f = 0; f < features.size(); ++f)
    if (kept[f]) pipeline.features.push_back(std::move(features[f]));
  if (pipeline.features.empty())
    return Fail(Code::kInvalidArgument, "no usable column is left for training",
                features.empty() ? "every column is all missing in these rows"
                                 : "lower the threshold of the selection");
  for (const Feature& feature : pipeline.features)
    for (std::string& name : FeatureNames(feature))
      pipeline.feature_names.push_back(std::move(name));
  QUERN_TRY(Prune(prep, std::move(inputs), pipeline));
  prepared.target = target;
  return prepared;
}

Result<Matrix> Transform(const FittedPipeline& pipeline, const Frame& rows) {
  QUERN_ASSIGN(const Frame frame, WithDerived(pipeline.inputs, pipeline.derived, rows));
  return BuildMatrix(pipeline.features, frame);
}

}  // namespace quern::ml
