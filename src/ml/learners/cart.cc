#include "ml/learners/cart.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace quern::ml {
namespace {

constexpr float kSameValue = 1e-7f;

/// x <= middle of a and b, written as x < threshold in floats: the smallest float above the middle.
float ThresholdBetween(float a, float b) {
  const double middle = static_cast<double>(a) / 2 + static_cast<double>(b) / 2;
  auto threshold = static_cast<float>(middle);
  while (static_cast<double>(threshold) <= middle)
    threshold = std::nextafter(threshold, std::numeric_limits<float>::infinity());
  return threshold;
}

struct Choice {
  double gain = -std::numeric_limits<double>::infinity();
  size_t column = 0;
  uint32_t left_rank = 0;   // the last rank that goes left
  uint32_t right_rank = 0;  // the next rank that occurs
  bool missing_left = false;
  bool has_missing = false;
};

class Grower {
 public:
  Grower(const RankedColumns& columns, const TrainingSet& rows, const std::vector<double>& weights,
         const CartOptions& options, double leaf_scale, Rng& rng, TreeEnsemble& ensemble)
      : columns_(columns),
        rows_(rows),
        weights_(weights),
        options_(options),
        leaf_scale_(leaf_scale),
        rng_(rng),
        ensemble_(ensemble),
        width_(ensemble.leaf_width),
        regression_(rows.y.task == Task::kRegression),
        order_(columns.columns()) {
    std::iota(order_.begin(), order_.end(), 0u);
    for (uint32_t r = 0; r < columns.rows(); ++r)
      if (weights[r] > 0) rows_in_.push_back(r);
  }

  void Grow() {
    ensemble_.trees.emplace_back();
    Node(0, rows_in_.size(), 0);
  }

 private:
  /// Weighted class sums (or the sum of values) and the weight, in that order.
  using Sums = std::vector<double>;

  void Add(Sums& sums, uint32_t row) const {
    const double w = weights_[row];
    if (regression_) {
      sums[0] += w * rows_.y.values[row];
    } else {
      sums[rows_.y.index[row]] += w;
    }
    sums[width_] += w;
  }

  /// Sum of squares over weight: what a split maximises, for Gini and squared error alike.
  double Proxy(const double* sums) const {
    double squares = 0;
    for (size_t k = 0; k < width_; ++k) squares += sums[k] * sums[k];
    return squares / sums[width_];
  }

  bool Pure(size_t begin, size_t end) const {
    for (size_t i = begin + 1; i < end; ++i)
      if (rows_.Label(rows_in_[i]) != rows_.Label(rows_in_[begin])) return false;
    return true;
  }

  int32_t Node(size_t begin, size_t end, size_t depth) {
    std::vector<TreeNode>& tree = ensemble_.trees.back();
    const auto id = static_cast<int32_t>(tree.size());
    tree.emplace_back();
    const size_t n = end - begin;
    Choice best;
    const bool may_split = (options_.max_depth == 0 || depth < options_.max_depth) &&
                           n >= options_.min_samples_split && n >= 2 * options_.min_samples_leaf &&
                           !Pure(begin, end);
    if (may_split) best = BestSplit(begin, end);
    if (!std::isfinite(best.gain)) {
      MakeLeaf(tree[static_cast<size_t>(id)], begin, end);
      return id;
    }
    const uint32_t* ranks = columns_.ranks(best.column);
    const size_t missing = columns_.values(best.column).size();
    const auto goes_left = [&](uint32_t row) {
      return ranks[row] == missing ? best.missing_left : ranks[row] <= best.left_rank;
    };
    const auto first = rows_in_.begin();
    const auto middle =
        static_cast<size_t>(std::stable_partition(first + static_cast<ptrdiff_t>(begin),
                                                  first + static_cast<ptrdiff_t>(end), goes_left) -
                            first);
    TreeNode node;
    node.feature = static_cast<int32_t>(best.column);
    node.threshold = ThresholdBetween(columns_.Largest(best.column, best.left_rank),
                                      columns_.values(best.column)[best.right_rank]);
    node.missing_left = best.has_missing ? best.missing_left : middle - begin > end - middle;
    node.left = Node(begin, middle, depth + 1);
    node.right = Node(middle, end, depth + 1);
    ensemble_.trees.back()[static_cast<size_t>(id)] = node;
    return id;
  }

  void MakeLeaf(TreeNode& node, size_t begin, size_t end) {
    Sums sums(width_ + 1);
    for (size_t i = begin; i < end; ++i) Add(sums, rows_in_[i]);
    node.leaf = static_cast<int32_t>(ensemble_.leaves.size() / width_);
    for (size_t k = 0; k < width_; ++k)
      ensemble_.leaves.push_back(static_cast<float>(sums[k] / sums[width_] * leaf_scale_));
  }

  /// Columns in order, or so many at random, and more of them while none varies in these rows.
  Choice BestSplit(size_t begin, size_t end) {
    Choice best;
    const size_t all = order_.size();
    const size_t wanted = options_.max_features == 0 ? all : options_.max_features;
    bool varies = false;
    for (size_t i = 0; i < all && (i < wanted || !varies); ++i) {
      if (wanted < all) std::swap(order_[i], order_[i + rng_.Below(all - i)]);
      varies = TryColumn(order_[i], begin, end, best) || varies;
    }
    return best;
  }

  /// Gathers sums per rank; true if the column varies in these rows.
  bool TryColumn(size_t column, size_t begin, size_t end, Choice& best) {
    const uint32_t* ranks = columns_.ranks(column);
    const size_t distinct = columns_.values(column).size();
    const size_t stride = width_ + 1;
    present_.clear();
    if (distinct <= 4 * (end - begin)) {
      GatherByCount(ranks, distinct, begin, end);
    } else {
      GatherBySort(ranks, begin, end);
    }
    Sums missing(stride);
    size_t missing_rows = 0;
    if (!present_.empty() && present_.back().rank == distinct) {
      missing.assign(present_.back().sums, present_.back().sums + stride);
      missing_rows = present_.back().rows;
      present_.pop_back();
    }
    if (present_.size() >= 2) {
      Scan(column, end - begin, missing, missing_rows, false, best);
      if (missing_rows > 0) Scan(column, end - begin, missing, missing_rows, true, best);
    }
    return present_.size() >= 2;
  }

  void Scan(size_t column, size_t n, const Sums& missing, size_t missing_rows, bool missing_left,
            Choice& best) {
    const size_t stride = width_ + 1;
    left_.assign(stride, 0.0);
    right_.assign(stride, 0.0);
    for (const Cell& cell : present_)
      for (size_t k = 0; k < stride; ++k) right_[k] += cell.sums[k];
    Sums& side = missing_left ? left_ : right_;
    for (size_t k = 0; k < stride; ++k) side[k] += missing[k];
    size_t left_rows = missing_left ? missing_rows : 0;
    for (size_t i = 0; i + 1 < present_.size(); ++i) {
      for (size_t k = 0; k < stride; ++k) {
        left_[k] += present_[i].sums[k];
        right_[k] -= present_[i].sums[k];
      }
      left_rows += present_[i].rows;
      if (left_rows < options_.min_samples_leaf || n - left_rows < options_.min_samples_leaf)
        continue;
      const double gain = Proxy(left_.data()) + Proxy(right_.data());
      // Sums in another order differ in the last bits: only a real gain replaces an earlier split.
      if (gain > best.gain + 1e-12 * std::abs(best.gain) || !std::isfinite(best.gain))
        best = {gain,         column,          present_[i].rank, present_[i + 1].rank,
                missing_left, missing_rows > 0};
    }
  }

  struct Cell {
    uint32_t rank;
    size_t rows;
    const double* sums;
  };

  void GatherByCount(const uint32_t* ranks, size_t distinct, size_t begin, size_t end) {
    const size_t stride = width_ + 1;
    counts_.assign(distinct + 1, 0);
    table_.assign((distinct + 1) * stride, 0.0);
    for (size_t i = begin; i < end; ++i) AddTo(ranks[rows_in_[i]], rows_in_[i]);
    for (uint32_t rank = 0; rank <= distinct; ++rank)
      if (counts_[rank] > 0) present_.push_back({rank, counts_[rank], &table_[rank * stride]});
  }

  void GatherBySort(const uint32_t* ranks, size_t begin, size_t end) {
    sorted_.clear();
    for (size_t i = begin; i < end; ++i) sorted_.emplace_back(ranks[rows_in_[i]], rows_in_[i]);
    std::sort(sorted_.begin(), sorted_.end());
    const size_t stride = width_ + 1;
    counts_.assign(sorted_.size(), 0);
    table_.assign(sorted_.size() * stride, 0.0);
    size_t cells = 0;
    for (size_t i = 0; i < sorted_.size(); ++i) {
      if (i == 0 || sorted_[i].first != sorted_[i - 1].first) {
        present_.push_back({sorted_[i].first, 0, &table_[cells * stride]});
        ++cells;
      }
      AddTo(cells - 1, sorted_[i].second);
      ++present_.back().rows;
    }
  }

  void AddTo(size_t cell, uint32_t row) {
    double* sums = &table_[cell * (width_ + 1)];
    const double w = weights_[row];
    if (regression_) {
      sums[0] += w * rows_.y.values[row];
    } else {
      sums[rows_.y.index[row]] += w;
    }
    sums[width_] += w;
    ++counts_[cell];
  }

  const RankedColumns& columns_;
  const TrainingSet& rows_;
  const std::vector<double>& weights_;
  const CartOptions& options_;
  double leaf_scale_;
  Rng& rng_;
  TreeEnsemble& ensemble_;
  size_t width_;
  bool regression_;
  std::vector<uint32_t> order_;    // columns
  std::vector<uint32_t> rows_in_;  // rows, each node's contiguous
  std::vector<Cell> present_;
  std::vector<size_t> counts_;
  std::vector<double> table_;
  Sums left_, right_;
  std::vector<std::pair<uint32_t, uint32_t>> sorted_;
};

}  // namespace

RankedColumns::RankedColumns(const Matrix& matrix)
    : rows_(matrix.rows),
      values_(matrix.cols),
      largest_(matrix.cols),
      ranks_(matrix.rows * matrix.cols) {
  std::vector<std::pair<float, uint32_t>> sorted;
  for (size_t c = 0; c < matrix.cols; ++c) {
    sorted.clear();
    uint32_t* ranks = &ranks_[c * rows_];
    for (uint32_t r = 0; r < rows_; ++r) {
      const auto value = static_cast<float>(matrix.at(r, c));
      if (!std::isnan(value)) sorted.emplace_back(value, r);
      ranks[r] = std::numeric_limits<uint32_t>::max();
    }
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [value, row] : sorted) {
      if (values_[c].empty() || value > largest_[c].back() + kSameValue) {
        values_[c].push_back(value);
        largest_[c].push_back(value);
      }
      largest_[c].back() = value;
      ranks[row] = static_cast<uint32_t>(values_[c].size() - 1);
    }
    for (uint32_t r = 0; r < rows_; ++r)
      if (ranks[r] == std::numeric_limits<uint32_t>::max())
        ranks[r] = static_cast<uint32_t>(values_[c].size());
  }
}

void GrowTree(const RankedColumns& columns, const TrainingSet& rows,
              const std::vector<double>& weights, const CartOptions& options, double leaf_scale,
              Rng& rng, TreeEnsemble& ensemble) {
  Grower(columns, rows, weights, options, leaf_scale, rng, ensemble).Grow();
}

TreeEnsemble EmptyEnsemble(const TrainingSet& rows) {
  TreeEnsemble ensemble;
  ensemble.leaf_width = std::max<size_t>(rows.classes(), 1);
  ensemble.outputs = ensemble.leaf_width;
  ensemble.base.assign(ensemble.outputs, 0.0f);
  ensemble.link = Link::kIdentity;
  return ensemble;
}

}  // namespace quern::ml
