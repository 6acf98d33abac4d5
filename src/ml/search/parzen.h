#pragma once
// Parzen estimators over a search space: a mixture of products, one kernel per observation and a
// prior (Optuna 5's multivariate TPE). Private to ml/search.
#include <cmath>
#include <vector>

#include "base/random.h"
#include "ml/search.h"

namespace quern::ml {

/// One dimension of the space in its internal scale: logarithmic ranges in logs, choices by index.
struct Dimension {
  explicit Dimension(const Range& range);
  bool choice = false;
  bool log = false;
  bool integer = false;
  double low = 0;  // outer bounds in internal scale: half a step outside of integers
  double high = 0;
  double first = 0;  // the declared bounds, as given
  double last = 0;
  size_t choices = 0;

  /// From a parameter's number (or choice index) to the internal scale and back, rounded and
  /// clipped.
  double ToInternal(double value) const { return log ? std::log(value) : value; }
  double FromInternal(double x) const;
};

/// A point of the space: numbers, or indices of choices, one per dimension.
using Point = std::vector<double>;

class ParzenEstimator {
 public:
  /// `observations` from old to new; older ones than the last 25 weigh less.
  ParzenEstimator(const std::vector<Dimension>& dimensions, const std::vector<Point>& observations);
  Point Sample(Rng& rng) const;
  double LogDensity(const Point& point) const;

 private:
  struct Kernels {           // of one dimension, the prior last
    std::vector<double> mu;  // numbers
    std::vector<double> sigma;
    std::vector<double> shares;  // choices: kernels x choices
  };
  Kernels Numeric(const Dimension& dimension, const std::vector<Point>& points, size_t d) const;
  Kernels Categorical(const Dimension& dimension, const std::vector<Point>& points, size_t d) const;
  double LogKernel(size_t dimension, size_t kernel, double value) const;

  const std::vector<Dimension>& dimensions_;
  std::vector<double> weights_;
  std::vector<Kernels> kernels_;
};

/// A uniform draw (in internal scale).
double SampleUniform(const Dimension& dimension, Rng& rng);

}  // namespace quern::ml
