#include <algorithm>
#include <cmath>
#include <utility>

#include "ml/score.h"

namespace quern::ml {
namespace {

using Neighbour = std::pair<double, size_t>;  // squared distance, row

/// The k nearest, ties to the lower row: summed differences squared, so that equal rows are at 0.
void Nearest(const KnnModel& model, const double* row, std::vector<Neighbour>& found) {
  const size_t n = model.targets.size();
  found.resize(n);
  for (size_t i = 0; i < n; ++i) {
    const double* point = &model.points[i * model.features];
    double sum = 0;
    for (size_t c = 0; c < model.features; ++c) {
      const double d = row[c] - point[c];
      sum += d * d;
    }
    found[i] = {sum, i};
  }
  const auto end = found.begin() + static_cast<ptrdiff_t>(std::min(model.k, n));
  std::partial_sort(found.begin(), end, found.end());
  found.erase(end, found.end());
}

/// Uniform or inverse distance; if some are at distance 0, those alone vote (as scikit-learn).
std::vector<double> Votes(const KnnModel& model, const std::vector<Neighbour>& found) {
  std::vector<double> votes;
  const bool exact = found.front().first == 0;
  for (const auto& [distance, row] : found) {
    double vote = 1;
    if (model.distance_weights)
      vote = exact ? (distance == 0 ? 1.0 : 0.0) : 1 / std::sqrt(distance);
    votes.push_back(vote);
  }
  return votes;
}

}  // namespace

std::vector<double> KnnOutputs(const KnnModel& model, const Matrix& matrix, size_t classes) {
  const size_t outputs = std::max<size_t>(classes, 1);
  std::vector<double> out(matrix.rows * outputs);
  std::vector<Neighbour> found;
  for (size_t r = 0; r < matrix.rows; ++r) {
    Nearest(model, &matrix.values[r * matrix.cols], found);
    const std::vector<double> votes = Votes(model, found);
    double* y = &out[r * outputs];
    double total = 0;
    for (size_t i = 0; i < found.size(); ++i) {
      const double target = model.targets[found[i].second];
      total += votes[i];
      if (classes == 0) {
        y[0] += votes[i] * target;
      } else {
        y[static_cast<size_t>(target)] += votes[i];
      }
    }
    for (size_t k = 0; k < outputs; ++k) y[k] /= total;
  }
  return out;
}

}  // namespace quern::ml
