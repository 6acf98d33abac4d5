#include "model/tree_walk.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace quern::model {
namespace {

/// Deep trees are left early once every walk stands on a leaf; this often it is looked at.
constexpr uint32_t kLookEvery = 8;

template <size_t kLanes, class Node, class Feature>
void WalkLanes(const Node* nodes, uint32_t depth, uint32_t* at, Feature feature) {
  uint32_t now[kLanes];
  std::copy_n(at, kLanes, now);
  for (uint32_t done = 0; done < depth;) {
    const uint32_t until = std::min(depth, done + kLookEvery);
    uint32_t moved = 0;
    for (; done < until; ++done) {
      moved = 0;
      for (size_t k = 0; k < kLanes; ++k) {
        const Node node = nodes[now[k]];
        // Arithmetic, where a choice would become a branch that half of all rows mispredict.
        const uint32_t yes = feature(k, node.feature) <= node.threshold ? 1U : 0U;
        const uint32_t no = node.no;
        const uint32_t step = no ^ ((no ^ 1U) & (0U - yes));
        now[k] += step;
        moved |= step;
      }
    }
    if (moved == 0) break;
  }
  std::copy_n(now, kLanes, at);
}

template <class Node>
void PlainTrees(const Node* nodes, const float* x, const uint32_t* roots, const uint32_t* depths,
                size_t groups, uint32_t* at) {
  std::copy_n(roots, groups * kTreesAtOnce, at);
  constexpr size_t kLanes = 8;
  for (size_t g = 0; g < groups; ++g) {
    for (size_t half = 0; half < kTreesAtOnce; half += kLanes) {
      WalkLanes<kLanes>(nodes, depths[g], at + g * kTreesAtOnce + half,
                        [x](size_t, uint32_t feature) { return x[feature]; });
    }
  }
}

template <class Node>
void PlainRows(const Node* nodes, const float* x, unsigned shift, uint32_t root, uint32_t depth,
               size_t rows, uint32_t* at) {
  constexpr size_t kLanes = 8;
  std::fill_n(at, rows, root);
  for (size_t r = 0; r < rows; r += kLanes) {
    WalkLanes<kLanes>(nodes, depth, at + r, [x, shift, r](size_t lane, uint32_t feature) {
      return x[(size_t{feature} << shift) + r + lane];
    });
  }
}

void PlainAdd(const float* values, const uint32_t* at, size_t rows, float* sums) {
  for (size_t r = 0; r < rows; ++r) sums[r] += values[at[r]];
}

constexpr TreeWalks kPlainWalks{InstructionSet::kPlain, "plain", PlainTrees<WalkNode>,
                                PlainRows<WalkNode>, PlainAdd};

#if defined(__x86_64__)

#define QUERN_AVX2 __attribute__((target("avx2,fma")))
#define QUERN_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))

/// The top of a tree, which all rows pass: its nodes are known, so that features are read in a row
/// and nothing is gathered. Node i's children are 2i+1 (yes) and 2i+2 (no).
struct TreeTop {
  static constexpr size_t kLevels = 3;
  static constexpr size_t kInner = 7;
  uint32_t at[15];         // positions; below a leaf, the leaf itself
  const float* x[kInner];  // the feature's rows
  float threshold[kInner];

  TreeTop(const WalkNode* nodes, const float* from, unsigned shift, uint32_t root) {
    at[0] = root;
    for (size_t i = 0; i < kInner; ++i) {
      const WalkNode node = nodes[at[i]];
      x[i] = from + (size_t{node.feature} << shift);
      threshold[i] = node.threshold;
      at[2 * i + 1] = at[i] + (node.no != 0 ? 1U : 0U);
      at[2 * i + 2] = at[i] + node.no;
    }
  }
};

/// Where x has the features of a step: feature << by, plus the lane.
struct Place8 {
  __m128i by;
  __m256i lane;
};

/// One step of eight walks.
template <bool kPlaced>
QUERN_AVX2 inline __attribute__((always_inline)) void Step8(const WalkNode* nodes, const float* x,
                                                            __m256i& now, const Place8& place) {
  const auto* base = reinterpret_cast<const int*>(nodes);
  const __m256 threshold = _mm256_castsi256_ps(_mm256_i32gather_epi32(base, now, 8));
  const __m256i rest = _mm256_i32gather_epi32(base + 1, now, 8);
  __m256i feature = _mm256_and_si256(rest, _mm256_set1_epi32(0xFFFF));
  if (kPlaced) feature = _mm256_add_epi32(_mm256_sll_epi32(feature, place.by), place.lane);
  const __m256 value = _mm256_i32gather_ps(x, feature, 4);
  const __m256 yes = _mm256_cmp_ps(value, threshold, _CMP_LE_OQ);
  const __m256i no = _mm256_srli_epi32(rest, 16);
  const __m256i step = _mm256_blendv_epi8(no, _mm256_set1_epi32(1), _mm256_castps_si256(yes));
  now = _mm256_add_epi32(now, step);
}

QUERN_AVX2 void Avx2Trees(const WalkNode* nodes, const float* x, const uint32_t* roots,
                          const uint32_t* depths, size_t groups, uint32_t* at) {
  const Place8 same{};
  for (size_t g = 0; g < groups; ++g) {
    const auto* from = reinterpret_cast<const __m256i*>(roots + g * kTreesAtOnce);
    auto* to = reinterpret_cast<__m256i*>(at + g * kTreesAtOnce);
    __m256i a = _mm256_loadu_si256(from);
    __m256i b = _mm256_loadu_si256(from + 1);
    for (uint32_t d = 0; d < depths[g]; ++d) {
      Step8<false>(nodes, x, a, same);
      Step8<false>(nodes, x, b, same);
    }
    _mm256_storeu_si256(to, a);
    _mm256_storeu_si256(to + 1, b);
  }
}

QUERN_AVX2 inline __attribute__((always_inline)) void Enter8(const TreeTop& top, size_t row,
                                                             __m256i& now) {
  __m256 yes[TreeTop::kInner];
  for (size_t i = 0; i < TreeTop::kInner; ++i) {
    yes[i] = _mm256_cmp_ps(_mm256_loadu_ps(top.x[i] + row), _mm256_set1_ps(top.threshold[i]),
                           _CMP_LE_OQ);
  }
  const __m256 second = _mm256_blendv_ps(yes[2], yes[1], yes[0]);
  __m256 pair[4];
  for (size_t p = 0; p < 4; ++p) {
    const __m256i yes_at = _mm256_set1_epi32(static_cast<int>(top.at[7 + 2 * p]));
    const __m256i no_at = _mm256_set1_epi32(static_cast<int>(top.at[8 + 2 * p]));
    pair[p] = _mm256_blendv_ps(_mm256_castsi256_ps(no_at), _mm256_castsi256_ps(yes_at), yes[3 + p]);
  }
  const __m256 left = _mm256_blendv_ps(pair[1], pair[0], second);
  const __m256 right = _mm256_blendv_ps(pair[3], pair[2], second);
  now = _mm256_castps_si256(_mm256_blendv_ps(right, left, yes[0]));
}

QUERN_AVX2 void Avx2Rows(const WalkNode* nodes, const float* x, unsigned shift, uint32_t root,
                         uint32_t depth, size_t rows, uint32_t* at) {
  const Place8 place{_mm_cvtsi32_si128(static_cast<int>(shift)),
                     _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)};
  const TreeTop top(nodes, x, shift, root);
  for (size_t r = 0; r < rows; r += 16) {
    __m256i a;
    __m256i b;
    Enter8(top, r, a);
    Enter8(top, r + 8, b);
    for (uint32_t d = TreeTop::kLevels; d < depth; ++d) {
      const __m256i before = _mm256_add_epi32(a, b);
      Step8<true>(nodes, x + r, a, place);
      Step8<true>(nodes, x + r + 8, b, place);
      if (d % kLookEvery == kLookEvery - 1) {
        const __m256i moved = _mm256_xor_si256(before, _mm256_add_epi32(a, b));
        if (_mm256_testz_si256(moved, moved)) break;
      }
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(at + r), a);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(at + r + 8), b);
  }
}

QUERN_AVX2 void Avx2Add(const float* values, const uint32_t* at, size_t rows, float* sums) {
  for (size_t r = 0; r < rows; r += 8) {
    const __m256i now = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + r));
    _mm256_storeu_ps(sums + r,
                     _mm256_add_ps(_mm256_loadu_ps(sums + r), _mm256_i32gather_ps(values, now, 4)));
  }
}

struct Place16 {
  __m128i by;
  __m512i lane;
};

template <bool kPlaced>
QUERN_AVX512 inline __attribute__((always_inline)) void Step16(const WalkNode* nodes,
                                                               const float* x, __m512i& now,
                                                               const Place16& place) {
  const auto* base = reinterpret_cast<const int*>(nodes);
  const __m512 threshold = _mm512_castsi512_ps(_mm512_i32gather_epi32(now, base, 8));
  const __m512i rest = _mm512_i32gather_epi32(now, base + 1, 8);
  __m512i feature = _mm512_and_si512(rest, _mm512_set1_epi32(0xFFFF));
  if (kPlaced) feature = _mm512_add_epi32(_mm512_sll_epi32(feature, place.by), place.lane);
  const __m512 value = _mm512_i32gather_ps(feature, x, 4);
  const __mmask16 yes = _mm512_cmp_ps_mask(value, threshold, _CMP_LE_OQ);
  const __m512i no = _mm512_srli_epi32(rest, 16);
  now = _mm512_add_epi32(now, _mm512_mask_mov_epi32(no, yes, _mm512_set1_epi32(1)));
}

QUERN_AVX512 inline __attribute__((always_inline)) void Enter16(const TreeTop& top, size_t row,
                                                                __m512i& now) {
  __mmask16 yes[TreeTop::kInner];
  for (size_t i = 0; i < TreeTop::kInner; ++i) {
    yes[i] = _mm512_cmp_ps_mask(_mm512_loadu_ps(top.x[i] + row), _mm512_set1_ps(top.threshold[i]),
                                _CMP_LE_OQ);
  }
  const __mmask16 first = yes[0];
  const __mmask16 second = (first & yes[1]) | (~first & yes[2]);
  // Leaves of the top, two at a time: which of a pair, then which pair.
  __m512i pair[4];
  for (size_t p = 0; p < 4; ++p) {
    pair[p] =
        _mm512_mask_mov_epi32(_mm512_set1_epi32(static_cast<int>(top.at[8 + 2 * p])), yes[3 + p],
                              _mm512_set1_epi32(static_cast<int>(top.at[7 + 2 * p])));
  }
  const __m512i left = _mm512_mask_mov_epi32(pair[1], second, pair[0]);
  const __m512i right = _mm512_mask_mov_epi32(pair[3], second, pair[2]);
  now = _mm512_mask_mov_epi32(right, first, left);
}

QUERN_AVX512 void Avx512Rows(const WalkNode* nodes, const float* x, unsigned shift, uint32_t root,
                             uint32_t depth, size_t rows, uint32_t* at) {
  const Place16 place{_mm_cvtsi32_si128(static_cast<int>(shift)),
                      _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)};
  const TreeTop top(nodes, x, shift, root);
  for (size_t r = 0; r < rows; r += 32) {
    // An odd half block walks its rows twice.
    const size_t second = r + 16 < rows ? r + 16 : r;
    __m512i a;
    __m512i b;
    Enter16(top, r, a);
    Enter16(top, second, b);
    for (uint32_t d = TreeTop::kLevels; d < depth; ++d) {
      const __m512i before = _mm512_add_epi32(a, b);
      Step16<true>(nodes, x + r, a, place);
      Step16<true>(nodes, x + second, b, place);
      if (d % kLookEvery == kLookEvery - 1 &&
          _mm512_cmpeq_epi32_mask(before, _mm512_add_epi32(a, b)) == 0xFFFF) {
        break;
      }
    }
    _mm512_storeu_si512(at + r, a);
    _mm512_storeu_si512(at + second, b);
  }
}

QUERN_AVX512 void Avx512Trees(const WalkNode* nodes, const float* x, const uint32_t* roots,
                              const uint32_t* depths, size_t groups, uint32_t* at) {
  const Place16 same{};
  for (size_t g = 0; g < groups; ++g) {
    __m512i a = _mm512_loadu_si512(roots + g * kTreesAtOnce);
    for (uint32_t d = 0; d < depths[g]; ++d) Step16<false>(nodes, x, a, same);
    _mm512_storeu_si512(at + g * kTreesAtOnce, a);
  }
}

QUERN_AVX512 void Avx512Add(const float* values, const uint32_t* at, size_t rows, float* sums) {
  for (size_t r = 0; r < rows; r += 16) {
    const __m512i now = _mm512_loadu_si512(at + r);
    _mm512_storeu_ps(sums + r,
                     _mm512_add_ps(_mm512_loadu_ps(sums + r), _mm512_i32gather_ps(now, values, 4)));
  }
}

constexpr TreeWalks kAvx2Walks{InstructionSet::kAvx2, "avx2", Avx2Trees, Avx2Rows, Avx2Add};
constexpr TreeWalks kAvx512Walks{InstructionSet::kAvx512, "avx512", Avx512Trees, Avx512Rows,
                                 Avx512Add};

bool Has(InstructionSet set) {
  __builtin_cpu_init();
  if (set == InstructionSet::kAvx2) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  }
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

#endif

}  // namespace

const TreeWalks& WalksOf(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512 && Has(set)) return kAvx512Walks;
  if (set == InstructionSet::kAvx2 && Has(set)) return kAvx2Walks;
#endif
  (void)set;
  return kPlainWalks;
}

const TreeWalks& BestWalks() {
  static const TreeWalks best = [] {
    const TreeWalks& wide = WalksOf(InstructionSet::kAvx512);
    return wide.set == InstructionSet::kAvx512 ? wide : WalksOf(InstructionSet::kAvx2);
  }();
  return best;
}

void WalkTreesWide(const WideWalkNode* nodes, const float* x, const uint32_t* roots,
                   const uint32_t* depths, size_t groups, uint32_t* at) {
  PlainTrees(nodes, x, roots, depths, groups, at);
}

void WalkRowsWide(const WideWalkNode* nodes, const float* x, unsigned shift, uint32_t root,
                  uint32_t depth, size_t rows, uint32_t* at) {
  PlainRows(nodes, x, shift, root, depth, rows, at);
}

}  // namespace quern::model
