// Every version of the walks, also those that this processor would not choose, against one loop.
#include "model/tree_walk.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"

namespace quern::model {
namespace {

constexpr size_t kFeatures = 5;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// A tree in pre-order, of at most `depth` levels; some branches end early. Returns its depth.
template <class Node>
uint32_t Grow(std::vector<Node>& nodes, Rng& rng, uint32_t depth) {
  const size_t at = nodes.size();
  nodes.push_back({kNan, 0, 0});
  if (depth == 0 || rng.Below(12) == 0) return 0;
  nodes[at].threshold = static_cast<float>(rng.Below(9)) / 2 - 2;
  nodes[at].feature = static_cast<decltype(Node::feature)>(rng.Below(kFeatures));
  const uint32_t yes = Grow(nodes, rng, depth - 1);
  nodes[at].no = static_cast<decltype(Node::no)>(nodes.size() - at);
  return 1 + std::max(yes, Grow(nodes, rng, depth - 1));
}

template <class Node>
uint32_t LeafOf(const std::vector<Node>& nodes, uint32_t root, const std::vector<float>& row) {
  uint32_t at = root;
  while (nodes[at].no != 0) at += row[nodes[at].feature] <= nodes[at].threshold ? 1 : nodes[at].no;
  return at;
}

std::vector<float> RandomRow(Rng& rng) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  static const float kOdd[] = {kNan, kInfinity, -kInfinity, -0.0F, 1e-45F};
  std::vector<float> row(kFeatures);
  for (float& x : row) {
    x = rng.Below(5) == 0 ? kOdd[rng.Below(5)] : static_cast<float>(rng.Below(9)) / 2 - 2;
  }
  return row;
}

/// Trees of one group each, and their depths.
template <class Node>
struct Forest {
  std::vector<Node> nodes;
  std::vector<uint32_t> roots;
  std::vector<uint32_t> depths;

  Forest(Rng& rng, uint32_t depth, size_t groups) {
    for (size_t g = 0; g < groups; ++g) {
      depths.push_back(0);
      for (size_t t = 0; t < kTreesAtOnce; ++t) {
        roots.push_back(static_cast<uint32_t>(nodes.size()));
        depths.back() = std::max(depths.back(), Grow(nodes, rng, depth));
      }
    }
  }
};

template <class Node, class Trees>
void CheckTrees(Rng& rng, const Forest<Node>& forest, Trees walk) {
  for (int i = 0; i < 20; ++i) {
    const std::vector<float> row = RandomRow(rng);
    std::vector<uint32_t> at(forest.roots.size());
    walk(forest.nodes.data(), row.data(), forest.roots.data(), forest.depths.data(),
         forest.depths.size(), at.data());
    for (size_t t = 0; t < at.size(); ++t) {
      REQUIRE(at[t] == LeafOf(forest.nodes, forest.roots[t], row));
    }
  }
}

template <class Node, class Rows>
void CheckRows(Rng& rng, const Forest<Node>& forest, Rows walk) {
  constexpr unsigned kShift = 7;
  for (const size_t count : {16, 32, 48, 128}) {
    std::vector<float> x(kFeatures << kShift, kNan);
    std::vector<std::vector<float>> rows;
    for (size_t r = 0; r < count; ++r) {
      rows.push_back(RandomRow(rng));
      for (size_t f = 0; f < kFeatures; ++f) x[(f << kShift) + r] = rows[r][f];
    }
    for (size_t t = 0; t < forest.roots.size(); ++t) {
      std::vector<uint32_t> at(count);
      walk(forest.nodes.data(), x.data(), kShift, forest.roots[t], forest.depths[t / kTreesAtOnce],
           count, at.data());
      for (size_t r = 0; r < count; ++r) {
        REQUIRE(at[r] == LeafOf(forest.nodes, forest.roots[t], rows[r]));
      }
    }
  }
}

TEST_CASE("tree walks: every instruction set finds the leaves of a plain loop") {
  size_t sets = 0;
  for (const InstructionSet set :
       {InstructionSet::kPlain, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    const TreeWalks& walks = WalksOf(set);
    if (walks.set != set) continue;  // not on this processor
    ++sets;
    CAPTURE(walks.name);
    Rng rng(11);
    for (const uint32_t depth : {0, 1, 2, 3, 4, 7, 8, 9, 12}) {
      CAPTURE(depth);
      const Forest<WalkNode> forest(rng, depth, depth > 8 ? 1 : 3);
      if (forest.nodes.size() > 60'000) continue;
      CheckTrees(rng, forest, walks.trees);
      CheckRows(rng, forest, walks.rows);
    }
    std::vector<float> values(100);
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) / 8;
    std::vector<uint32_t> at(48);
    for (uint32_t& one : at) one = static_cast<uint32_t>(rng.Below(values.size()));
    std::vector<float> sums(48, 0.25F);
    walks.add(values.data(), at.data(), at.size(), sums.data());
    for (size_t r = 0; r < at.size(); ++r) REQUIRE(sums[r] == 0.25F + values[at[r]]);
  }
  CHECK(sets >= 1);
}

TEST_CASE("tree walks: the wide ones, beyond what a narrow node holds") {
  Rng rng(12);
  const Forest<WideWalkNode> forest(rng, 17, 1);
  CHECK(forest.nodes.size() > 65'536);
  CheckTrees(rng, forest, WalkTreesWide);
  CheckRows(rng, forest, WalkRowsWide);
}

}  // namespace
}  // namespace quern::model
