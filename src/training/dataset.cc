#include "training/dataset.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/text.h"

namespace quern::training {
namespace {

/// Distinct labels: numbers by value, text by bytes.
std::vector<std::string> Classes(const Column& labels) {
  std::vector<std::string> out;
  if (labels.is_text) {
    const std::set<std::string> distinct(labels.texts.begin(), labels.texts.end());
    out.assign(distinct.begin(), distinct.end());
  } else {
    const std::set<double> distinct(labels.numbers.begin(), labels.numbers.end());
    for (double value : distinct) out.push_back(ShortestDouble(value));
  }
  return out;
}

ml::Task InferTask(const Column& labels, size_t classes) {
  if (classes == 2) return ml::Task::kBinary;
  if (labels.is_text) return ml::Task::kMulticlass;
  const bool whole = std::all_of(labels.numbers.begin(), labels.numbers.end(),
                                 [](double v) { return v == std::floor(v); });
  return whole && classes <= 10 ? ml::Task::kMulticlass : ml::Task::kRegression;
}

Status PutPositiveLast(std::vector<std::string>& classes, const std::string& positive) {
  if (!positive.empty()) {
    // "1.0" declares the class 1.
    const auto number = ParseDouble(positive);
    for (size_t i = 0; i < classes.size(); ++i) {
      if (classes[i] == positive || (number && ParseDouble(classes[i]) == number)) {
        std::swap(classes[i], classes.back());
        return {};
      }
    }
    return Fail(Code::kInvalidArgument, "no row has the positive class '" + positive + "'",
                "the classes are " + Join(classes, " and "));
  }
  for (size_t i = 0; i < classes.size(); ++i) {
    const std::string lower = ToLower(classes[i]);
    if (lower == "1" || lower == "true" || lower == "yes") std::swap(classes[i], classes.back());
  }
  return {};
}

Status CheckSpread(const Column& labels) {
  const bool varies = std::any_of(labels.numbers.begin(), labels.numbers.end(),
                                  [&](double value) { return value != labels.numbers.front(); });
  if (varies) return {};
  return Fail(Code::kInvalidArgument,
              "target '" + labels.name + "' has one value only: " +
                  (labels.numbers.empty()
                       ? "no rows"
                       : "'" + ShortestDouble(labels.numbers.front()) + "' in every row"),
              "check the target's expression and the source");
}

}  // namespace

std::string LabelText(const Column& labels, size_t row) {
  return labels.is_text ? labels.texts[row] : ShortestDouble(labels.numbers[row]);
}

Dataset TakeRows(const Dataset& dataset, std::span<const uint32_t> rows) {
  const auto take = [&](const std::optional<Column>& column) {
    if (!column) return std::optional<Column>();
    return std::optional<Column>(std::move(Frame{{*column}}.Take(rows).columns.front()));
  };
  return {dataset.rows.Take(rows), dataset.target.Take(rows), take(dataset.groups),
          take(dataset.times)};
}

Result<ml::Target> MakeTarget(const Column& labels, const std::string& task,
                              const std::string& positive) {
  size_t missing = 0;
  for (size_t row = 0; row < labels.size(); ++row) missing += labels.Missing(row) ? 1 : 0;
  if (missing > 0) {
    return Fail(Code::kInvalidArgument,
                std::to_string(missing) + " of " + std::to_string(labels.size()) +
                    " rows have no target '" + labels.name + "'",
                "drop these rows from the source, or give the target expression a value for them");
  }
  ml::Target target;
  std::vector<std::string> classes = Classes(labels);
  target.task = task == "binary"       ? ml::Task::kBinary
                : task == "multiclass" ? ml::Task::kMulticlass
                : task == "regression" ? ml::Task::kRegression
                                       : InferTask(labels, classes.size());
  if (target.task == ml::Task::kRegression) {
    if (labels.is_text) {
      return Fail(Code::kInvalidArgument, "target '" + labels.name + "' is text, not a number",
                  "declare task: binary or multiclass");
    }
    QUERN_TRY(CheckSpread(labels));
    target.values = labels.numbers;
    return target;
  }
  if (classes.size() < 2) {
    return Fail(Code::kInvalidArgument,
                "target '" + labels.name + "' has one class only: " +
                    (classes.empty() ? "no rows" : "'" + classes.front() + "' in every row"),
                "check the target's expression and the source");
  }
  if (target.task == ml::Task::kBinary) {
    if (classes.size() != 2) {
      return Fail(Code::kInvalidArgument,
                  "target '" + labels.name + "' has " + std::to_string(classes.size()) +
                      " classes, a binary task needs 2",
                  "declare task: multiclass, or an expression such as \"" + labels.name + " > 0\"");
    }
    QUERN_TRY(PutPositiveLast(classes, positive));
  }
  target.classes = classes;
  target.numeric_classes = !labels.is_text;
  std::map<std::string, uint32_t> index;
  for (size_t i = 0; i < classes.size(); ++i) index[classes[i]] = static_cast<uint32_t>(i);
  for (size_t row = 0; row < labels.size(); ++row) {
    target.index.push_back(index.at(LabelText(labels, row)));
  }
  return target;
}

Result<KnownLabels> LabelsFor(const Column& labels, const ml::FittedPipeline& model) {
  const bool number = model.task == ml::Task::kRegression;
  if (number && labels.is_text) {
    return Fail(Code::kInvalidArgument,
                "label '" + labels.name + "' is text, but the model predicts a number",
                "give the target's expression a number in every source");
  }
  KnownLabels known;
  known.target.task = model.task;
  known.target.classes = model.classes;
  known.target.numeric_classes = model.numeric_classes;
  for (size_t row = 0; row < labels.size(); ++row) {
    if (labels.Missing(row)) continue;
    if (number) {
      known.target.values.push_back(labels.numbers[row]);
    } else {
      const std::string text = LabelText(labels, row);
      const auto found = std::find(model.classes.begin(), model.classes.end(), text);
      if (found == model.classes.end()) {
        ++known.unknown[text];
        continue;
      }
      known.target.index.push_back(static_cast<uint32_t>(found - model.classes.begin()));
    }
    known.rows.push_back(static_cast<uint32_t>(row));
  }
  return known;
}

}  // namespace quern::training
