#include "ml/metrics.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "ml/metrics/view.h"

namespace quern::ml {
namespace {

using Compute = double (*)(const RowView&);

template <double (LabelCounts::*Of)() const>
double Labels(const RowView& view) {
  return (LabelCounts(view).*Of)();
}

struct Entry {
  MetricInfo info;
  Compute compute;
};

const std::vector<Entry>& Table() {
  using L = LabelCounts;
  static const std::vector<Task> both{Task::kBinary, Task::kMulticlass};
  static const std::vector<Task> regression{Task::kRegression};
  static const std::vector<Entry> table{
      {{"roc_auc", both, true, true,
        "Area under the ROC curve, ties counted half; several classes: one against rest, macro."},
       RocAuc},
      {{"pr_auc", both, true, true,
        "Average precision: precision summed over steps of recall; several classes: macro."},
       AveragePrecision},
      {{"accuracy", both, true, false, "Share of labels that are right."}, Labels<&L::Accuracy>},
      {{"balanced_accuracy", both, true, false, "Mean recall over the classes that occur."},
       Labels<&L::BalancedAccuracy>},
      {{"precision", both, true, false, "TP / (TP + FP); 0 if nothing is predicted positive."},
       Labels<&L::Precision>},
      {{"recall", both, true, false, "TP / (TP + FN), also called sensitivity."},
       Labels<&L::Recall>},
      {{"specificity", both, true, false, "TN / (TN + FP)."}, Labels<&L::Specificity>},
      {{"f1", both, true, false, "Harmonic mean of precision and recall."}, Labels<&L::F1>},
      {{"mcc", both, true, false, "Matthews correlation, in its k-class form; 0 if undefined."},
       Labels<&L::Mcc>},
      {{"log_loss", both, false, true, "Mean negative log-likelihood, natural logarithm."},
       LogLoss},
      {{"brier", both, false, true,
        "Mean squared error of probabilities; binary on the scale 0 to 1, else summed over "
        "classes."},
       Brier},
      {{"ece", both, false, true,
        "Expected calibration error: |confidence - accuracy| over 15 bins of equal width, "
        "weighted."},
       ExpectedCalibrationError},
      {{"rmse", regression, false, false, "Root of the mean squared error.", true}, Rmse},
      {{"mae", regression, false, false, "Mean absolute error.", true}, Mae},
      {{"r2", regression, true, false, "Share of the target's variance that is explained."}, R2},
      {{"mape", regression, false, false, "Mean absolute error relative to the target."}, Mape},
  };
  return table;
}

std::string TaskName(Task task) {
  if (task == Task::kBinary) return "binary classification";
  return task == Task::kMulticlass ? "multiclass classification" : "regression";
}

Status CheckLengths(const Target& target, const Scores& scores, std::span<const uint32_t> rows,
                    std::span<const double> weights) {
  const size_t n = target.rows();
  const bool fits = target.task == Task::kRegression
                        ? scores.predictions.size() == n
                        : scores.labels.size() == n && scores.classes == target.classes.size() &&
                              scores.probabilities.size() == n * scores.classes;
  if (!fits)
    return Fail(Code::kInvalidArgument, "scores do not fit the target's " + std::to_string(n) +
                                            " rows and " + std::to_string(target.classes.size()) +
                                            " classes");
  if (!weights.empty() && weights.size() != n)
    return Fail(Code::kInvalidArgument,
                std::to_string(weights.size()) + " weights for " + std::to_string(n) + " rows");
  for (const uint32_t row : rows)
    if (row >= n)
      return Fail(Code::kInvalidArgument,
                  "row " + std::to_string(row) + " of " + std::to_string(n) + " rows");
  return {};
}

}  // namespace

bool MetricInfo::For(Task task) const {
  return std::find(tasks.begin(), tasks.end(), task) != tasks.end();
}

const std::vector<MetricInfo>& Metrics() {
  static const std::vector<MetricInfo> infos = [] {
    std::vector<MetricInfo> all;
    for (const Entry& entry : Table()) all.push_back(entry.info);
    return all;
  }();
  return infos;
}

const MetricInfo* FindMetric(std::string_view name) {
  for (const MetricInfo& info : Metrics())
    if (info.name == name) return &info;
  return nullptr;
}

std::vector<std::string> MetricNames(Task task) {
  std::vector<std::string> names;
  for (const MetricInfo& info : Metrics())
    if (info.For(task)) names.push_back(info.name);
  return names;
}

Result<double> Metric(std::string_view name, const Target& target, const Scores& scores,
                      std::span<const uint32_t> rows, std::span<const double> weights) {
  for (const Entry& entry : Table()) {
    if (entry.info.name != name) continue;
    if (!entry.info.For(target.task))
      return Fail(Code::kInvalidArgument,
                  "metric '" + std::string(name) + "' is not one of " + TaskName(target.task),
                  "metrics of this task: " + Join(MetricNames(target.task), ", "));
    QUERN_TRY(CheckLengths(target, scores, rows, weights));
    const RowView view{target, scores, rows, weights};
    if (view.size() == 0) return std::numeric_limits<double>::quiet_NaN();
    return entry.compute(view);
  }
  return Fail(Code::kInvalidArgument, "no metric '" + std::string(name) + "'",
              SuggestName(name, MetricNames(target.task)));
}

}  // namespace quern::ml
