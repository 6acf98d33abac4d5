// TreeEnsembleRegressor and TreeEnsembleClassifier: what is done with the sums, and how ONNX
// Runtime decides, as ordinary terms.
#include <fmt/format.h>

#include <algorithm>

#include "model/compile.h"
#include "model/compile_ensemble.h"

namespace quern::model {
namespace {

SymTensor FloatMatrix(NodeContext& node, std::vector<TermId> items) {
  SymTensor out{DataType::kFp32, true, {static_cast<int64_t>(items.size())}, {}, nullptr};
  for (TermId item : items) out.items.push_back(node.terms().Cast(item, Bank::kFloat));
  return out;
}

Status Regressor(NodeContext& node) {
  const auto targets = static_cast<size_t>(std::max<int64_t>(node.Int("n_targets", 1), 0));
  QUERN_ASSIGN(Sums sums, SumsOf(node, "target", targets));
  Terms& terms = node.terms();
  const std::string function = node.Text("aggregate_function", "SUM");
  if (function != "SUM" && function != "AVERAGE") return node.Uncovered(function);
  const std::vector<double>& base = sums.attributes.base;
  if (!base.empty() && base.size() != targets) return node.Uncovered("its base values");
  for (size_t k = 0; k < targets; ++k) {
    TermId& item = sums.items[k];
    if (function == "AVERAGE") {
      item = terms.Make(Op::kDiv, sums.bank, item,
                        terms.Number(sums.bank, static_cast<double>(sums.trees)));
    }
    if (!base.empty()) {
      item = terms.Make(Op::kAdd, sums.bank, item, terms.Number(sums.bank, base[k]));
    }
  }
  const std::string transform = node.Text("post_transform", "NONE");
  if (targets > 1) {
    QUERN_ASSIGN(sums.items, PostTransform(node, std::move(sums.items)));
  } else if (transform == "PROBIT") {
    return node.Uncovered("the post transform PROBIT");
  }  // ONNX Runtime does nothing else to a single target
  return node.Output(0, FloatMatrix(node, std::move(sums.items)));
}

/// Whether every leaf tells a weight for the class in at least one tree, or none does: else whether
/// a class has a score at all would depend on the row.
Result<std::vector<bool>> HasScore(NodeContext& node, const Sums& sums) {
  std::vector<bool> always(sums.spec.targets, false);
  std::vector<bool> ever(sums.spec.targets, false);
  for (const auto& tree : sums.spec.trees) {
    std::vector<bool> here(sums.spec.targets, true);
    for (const TreeNodeSpec& leaf : tree) {
      if (leaf.feature >= 0) continue;
      std::vector<bool> told(sums.spec.targets, false);
      for (uint32_t w = 0; w < leaf.weight_count; ++w) {
        const auto k = static_cast<size_t>(sums.spec.weights[leaf.first_weight + w].target);
        told[k] = ever[k] = true;
      }
      for (size_t k = 0; k < told.size(); ++k) here[k] = here[k] && told[k];
    }
    for (size_t k = 0; k < here.size(); ++k) always[k] = always[k] || here[k];
  }
  if (always != ever) return node.Uncovered("leaves without a weight for some class");
  return always;
}

struct Decision {
  std::vector<TermId> scores;  // per class
  TermId index = kNoTerm;
};

/// Two classes, told apart by one score: how ONNX Runtime writes both and decides.
Result<Decision> DecideByOne(NodeContext& node, TermId score, Bank bank, bool one_class,
                             bool all_positive) {
  Terms& terms = node.terms();
  const std::string transform = node.Text("post_transform", "NONE");
  const auto number = [&](double value) { return terms.Number(bank, value); };
  const auto above = [&](double limit) {
    return terms.Make(Op::kLess, Bank::kInteger, number(limit), score);
  };
  if (!one_class) return node.Uncovered("one score for two classes");
  Decision out;
  out.index = above(all_positive ? 0.5 : 0);
  const TermId negative = terms.Make(Op::kNeg, bank, score);
  if (transform == "LOGISTIC") {
    out.scores = {terms.Make(Op::kLogistic, bank, negative),
                  terms.Make(Op::kLogistic, bank, score)};
  } else if (transform != "NONE") {
    return node.Uncovered("the post transform " + transform);
  } else {
    out.scores = {all_positive ? terms.Make(Op::kSub, bank, number(1), score) : negative, score};
  }
  return out;
}

/// Two classes. As ONNX Runtime, which follows no other rule than its own code here.
Result<Decision> DecideBinary(NodeContext& node, Sums& sums, const std::vector<bool>& has) {
  Terms& terms = node.terms();
  const Bank bank = sums.bank;
  const std::vector<double>& base = sums.attributes.base;
  bool all_positive = true;
  for (const LeafWeight& weight : sums.spec.weights) all_positive &= weight.weight >= 0;
  const bool one_class = has[0] != has[1];
  const auto add = [&](TermId item, double value) {
    return terms.Make(Op::kAdd, bank, item, terms.Number(bank, value));
  };
  if (base.size() > 2 || (base.size() == 2 && has[1]) || (one_class && has[1])) {
    return node.Uncovered("its base values, or scores of the second class alone");
  }
  if (!has[1]) {
    if (base.size() == 2) return node.Uncovered("its base values");
    const TermId score = base.empty() ? sums.items[0] : add(sums.items[0], base[0]);
    return DecideByOne(node, score, bank, one_class, all_positive);
  }
  // Both classes have scores of their own. The second one's sign decides, and it answers 0 or 1
  // whatever the labels are.
  if (!base.empty() || node.Ints("classlabels_int64s") != std::vector<int64_t>{0, 1}) {
    return node.Uncovered("scores of both classes with these labels");
  }
  Decision out;
  out.index = terms.Make(Op::kLess, Bank::kInteger, terms.Number(bank, 0), sums.items[1]);
  QUERN_ASSIGN(out.scores, PostTransform(node, sums.items));
  return out;
}

Result<Decision> DecideMulti(NodeContext& node, Sums& sums, const std::vector<bool>& has) {
  Terms& terms = node.terms();
  const std::vector<double>& base = sums.attributes.base;
  const bool base_is_zero =
      std::all_of(base.begin(), base.end(), [](double value) { return value == 0; });
  if (!base_is_zero && base.size() != sums.items.size()) return node.Uncovered("its base values");
  for (size_t k = 0; k < sums.items.size(); ++k) {
    if (!has[k]) return node.Uncovered("a class without a score");
    if (base_is_zero) continue;
    sums.items[k] =
        terms.Make(Op::kAdd, sums.bank, sums.items[k], terms.Number(sums.bank, base[k]));
  }
  Decision out;
  out.index = ArgMaxOf(terms, sums.items);
  QUERN_ASSIGN(out.scores, PostTransform(node, sums.items));
  return out;
}

Status Classifier(NodeContext& node) {
  const size_t classes =
      std::max(node.Texts("classlabels_strings").size(), node.Ints("classlabels_int64s").size());
  if (classes < 2) return node.Uncovered("a single class");
  QUERN_ASSIGN(Sums sums, SumsOf(node, "class", classes));
  QUERN_ASSIGN(const std::vector<bool> has, HasScore(node, sums));
  Decision decision;
  if (classes == 2) {
    QUERN_ASSIGN(decision, DecideBinary(node, sums, has));
  } else {
    QUERN_ASSIGN(decision, DecideMulti(node, sums, has));
  }
  QUERN_ASSIGN(SymTensor label,
               LabelOf(node, decision.index, classes, "classlabels_strings", "classlabels_int64s"));
  QUERN_TRY(node.Output(0, std::move(label)));
  return node.Output(1, FloatMatrix(node, std::move(decision.scores)));
}

}  // namespace

Status CompileTreeRegressor(NodeContext& node) { return Regressor(node); }
Status CompileTreeClassifier(NodeContext& node) { return Classifier(node); }

}  // namespace quern::model
