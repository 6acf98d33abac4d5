#pragma once
// Walks through decision trees, the hottest loops of the compiled engine: one version per
// instruction set, chosen when the program starts.
#include <cstddef>
#include <cstdint>

namespace quern::model {

/// A tree in pre-order: the node that "yes" leads to follows its parent. Rows go there if
/// x[feature] <= threshold, else `no` nodes further. A leaf has the threshold NaN and no = 0, so
/// that further steps stay: walks take a fixed number of steps and never branch.
struct WalkNode {
  float threshold;
  uint16_t feature;
  uint16_t no;
};
static_assert(sizeof(WalkNode) == 8);

/// The same for trees or rows too large for it.
struct WideWalkNode {
  float threshold;
  uint32_t feature;
  uint32_t no;
};

/// Trees of a group of WalkTrees, walked side by side.
inline constexpr size_t kTreesAtOnce = 16;

/// One row through many trees: at[i] is the leaf of the tree whose root is roots[i]. Group g is
/// roots [g * kTreesAtOnce, (g + 1) * kTreesAtOnce), each at most depths[g] steps deep.
using WalkTrees = void (*)(const WalkNode* nodes, const float* x, const uint32_t* roots,
                           const uint32_t* depths, size_t groups, uint32_t* at);
/// Many rows through one tree: at[r] is the leaf of row r, whose feature f is x[(f << shift) + r].
/// `rows` is a multiple of 16.
using WalkRows = void (*)(const WalkNode* nodes, const float* x, unsigned shift, uint32_t root,
                          uint32_t depth, size_t rows, uint32_t* at);
/// sums[r] += values[at[r]]; `rows` is a multiple of 16.
using AddLeaves = void (*)(const float* values, const uint32_t* at, size_t rows, float* sums);

enum class InstructionSet { kPlain, kAvx2, kAvx512 };

struct TreeWalks {
  InstructionSet set = InstructionSet::kPlain;
  const char* name = "plain";
  WalkTrees trees = nullptr;
  WalkRows rows = nullptr;
  AddLeaves add = nullptr;
};

/// Those of a set; the plain ones if this processor lacks it.
const TreeWalks& WalksOf(InstructionSet set);
/// The fastest ones that this processor has.
const TreeWalks& BestWalks();

/// The plain walks over wide nodes.
void WalkTreesWide(const WideWalkNode* nodes, const float* x, const uint32_t* roots,
                   const uint32_t* depths, size_t groups, uint32_t* at);
void WalkRowsWide(const WideWalkNode* nodes, const float* x, unsigned shift, uint32_t root,
                  uint32_t depth, size_t rows, uint32_t* at);

}  // namespace quern::model
