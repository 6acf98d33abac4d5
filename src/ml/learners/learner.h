#pragma once
// What every learner is: a kind, its parameters, declared once, and a function from training rows
// to a fitted model. Private to ml/.
#include <string>
#include <vector>

#include "base/random.h"
#include "ml/fit.h"

namespace quern::ml {

/// Prepared training rows. Borrowed for the duration of a fit.
struct TrainingSet {
  const Matrix& x;
  const Target& y;
  std::vector<double> weights;  // per row, from the class weights; all 1 without
  std::vector<std::string>& warnings;
  const CancelToken* cancel = nullptr;

  size_t classes() const { return y.task == Task::kRegression ? 0 : y.classes.size(); }
  /// Class index or value as a number.
  double Label(size_t row) const {
    return y.task == Task::kRegression ? y.values[row] : static_cast<double>(y.index[row]);
  }
  bool weighted() const;
};

/// Parameters with defaults filled in, already validated.
class ParamReader {
 public:
  explicit ParamReader(const Params& params) : params_(params) {}
  double Number(const std::string& name) const;
  size_t Count(const std::string& name) const;
  const std::string& Text(const std::string& name) const;

 private:
  const Params& params_;
};

struct Learner {
  std::string kind;
  std::vector<Task> tasks;
  bool takes_missing = false;  // NaN in the matrix
  std::vector<ParamDoc> params;
  Result<FittedModel> (*fit)(const TrainingSet& rows, const ParamReader& params, Rng rng);
};

Learner DummyLearner();
Learner LogisticLearner();
Learner LinearLearner();
Learner DecisionTreeLearner();
Learner RandomForestLearner();
Learner GradientBoostingLearner();
Learner KnnLearner();

/// All of them, in the order in which they are offered.
const std::vector<Learner>& Learners();
/// The learner of that kind, or null.
const Learner* FindLearner(const std::string& kind);

ParamDoc IntegerParam(std::string name, double fallback, double low, double high, std::string doc);
ParamDoc NumberParam(std::string name, double fallback, double low, double high, std::string doc);
ParamDoc TextParam(std::string name, std::string fallback, std::vector<std::string> choices,
                   std::string doc);

}  // namespace quern::ml
