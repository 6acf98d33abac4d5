#pragma once
// Kernels over one row's vector of numbers: product with a matrix, softmax, arg max, nearest
// points.
#include <memory>
#include <vector>

#include "model/kernels.h"

namespace quern::model {

/// y = x W, W [inputs, outputs] row-major, in the bank's own type.
std::unique_ptr<Kernel> MakeProduct(Bank bank, std::vector<TermId> inputs,
                                    std::vector<double> weights, size_t outputs);
/// e^(x - max) over its sum.
std::unique_ptr<Kernel> MakeSoftmax(Bank bank, std::vector<TermId> inputs);
/// Position of the largest, the first of equal ones, as an integer. NaN is never larger.
std::unique_ptr<Kernel> MakeArgMax(Bank bank, std::vector<TermId> inputs);
/// The k points with the least squared distance to x, nearest first, equal ones by position:
/// outputs are k distances, then k positions as doubles. `points` per feature.
std::unique_ptr<Kernel> MakeNearest(std::vector<TermId> inputs,
                                    std::vector<std::shared_ptr<const std::vector<double>>> points,
                                    size_t k);

}  // namespace quern::model
