// Operators of ai.onnx.ml that score: linear models and trees, with their post transforms.
#include <fmt/format.h>

#include "model/compile.h"

namespace quern::model {

Status CompileTreeRegressor(NodeContext& node);   // compile_trees.cc
Status CompileTreeClassifier(NodeContext& node);  // compile_trees.cc

namespace {

/// The row as floats times the coefficients [outputs, features], plus the intercepts.
Result<std::vector<TermId>> Linear(NodeContext& node, size_t outputs) {
  QUERN_ASSIGN(SymTensor input, node.Input(0));
  if (!input.rows || input.dims.size() != 1 || input.items.empty() || input.bank() == Bank::kText) {
    return node.Uncovered("this kind of input");
  }
  Terms& terms = node.terms();
  for (TermId& item : input.items) item = terms.Cast(item, Bank::kFloat);
  const std::vector<float> coefficients = node.Floats("coefficients");
  const std::vector<float> intercepts = node.Floats("intercepts");
  const size_t width = input.width();
  if (outputs == 0 || coefficients.size() != outputs * width ||
      (!intercepts.empty() && intercepts.size() != outputs)) {
    return node.Invalid(fmt::format("{} coefficients and {} intercepts for {} outputs of {} inputs",
                                    coefficients.size(), intercepts.size(), outputs, width));
  }
  std::vector<double> weights(coefficients.size());
  for (size_t o = 0; o < outputs; ++o) {
    for (size_t i = 0; i < width; ++i) {
      weights[i * outputs + o] = static_cast<double>(coefficients[o * width + i]);
    }
  }
  std::vector<TermId> items = ProductOf(terms, input.items, std::move(weights), outputs);
  for (size_t o = 0; o < intercepts.size(); ++o) {
    items[o] = terms.Make(Op::kAdd, Bank::kFloat, items[o], terms.Float(intercepts[o]));
  }
  return items;
}

SymTensor Matrix(std::vector<TermId> items) {
  const auto width = static_cast<int64_t>(items.size());
  return {DataType::kFp32, true, {width}, std::move(items), nullptr};
}

Status LinearRegressor(NodeContext& node) {
  const int64_t targets = node.Int("targets", 1);
  if (targets < 1 || targets > 4096) return node.Uncovered("this number of targets");
  QUERN_ASSIGN(std::vector<TermId> items, Linear(node, static_cast<size_t>(targets)));
  if (targets > 1) {
    QUERN_ASSIGN(items, PostTransform(node, std::move(items)));
  } else if (node.Text("post_transform", "NONE") != "NONE") {
    return node.Uncovered("a post transform of one target");
  }
  return node.Output(0, Matrix(std::move(items)));
}

Status LinearClassifier(NodeContext& node) {
  const size_t labels =
      std::max(node.Texts("classlabels_strings").size(), node.Ints("classlabels_ints").size());
  const size_t outputs = node.Floats("intercepts").size();
  QUERN_ASSIGN(std::vector<TermId> items, Linear(node, outputs));
  Terms& terms = node.terms();
  TermId index = kNoTerm;
  if (outputs == 1) {
    const std::string transform = node.Text("post_transform", "NONE");
    if (labels != 2 || (transform != "NONE" && transform != "LOGISTIC")) {
      return node.Uncovered("this way to tell two classes apart");
    }
    const TermId score = items[0];
    index = terms.Make(Op::kLess, Bank::kInteger, terms.Float(0), score);
    if (transform == "LOGISTIC") {
      items = {terms.Make(Op::kLogistic, Bank::kFloat, terms.Make(Op::kNeg, Bank::kFloat, score)),
               terms.Make(Op::kLogistic, Bank::kFloat, score)};
    } else {
      items = {terms.Make(Op::kSub, Bank::kFloat, terms.Float(1), score), score};
    }
  } else {
    if (labels < outputs) return node.Invalid("it has more scores than labels");
    index = ArgMaxOf(terms, items);
    QUERN_ASSIGN(items, PostTransform(node, std::move(items)));
  }
  QUERN_ASSIGN(SymTensor label, LabelOf(node, index, std::max<size_t>(outputs, 2),
                                        "classlabels_strings", "classlabels_ints"));
  QUERN_TRY(node.Output(0, std::move(label)));
  return node.Output(1, Matrix(std::move(items)));
}

}  // namespace

Result<std::vector<TermId>> PostTransform(NodeContext& node, std::vector<TermId> scores) {
  const std::string transform = node.Text("post_transform", "NONE");
  Terms& terms = node.terms();
  if (transform == "NONE") return scores;
  if (transform == "SOFTMAX") return SoftmaxOf(terms, std::move(scores));
  if (transform != "LOGISTIC") return node.Uncovered("the post transform " + transform);
  for (TermId& item : scores) item = terms.Make(Op::kLogistic, terms.at(item).bank, item);
  return scores;
}

const HandlerTable& LearnerHandlers() {
  static const HandlerTable table = {
      {"LinearRegressor", LinearRegressor},
      {"LinearClassifier", LinearClassifier},
      {"TreeEnsembleRegressor", CompileTreeRegressor},
      {"TreeEnsembleClassifier", CompileTreeClassifier},
  };
  return table;
}

}  // namespace quern::model
