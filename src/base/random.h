#pragma once
// Reproducible random numbers: xoshiro256** (Blackman & Vigna) seeded by splitmix64. Same seed,
// same stream on every machine; independent streams are forked by a tag, so results do not depend
// on the number of threads or the order of work.
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace quern {

/// Not thread-safe: one per task, forked from its parent's.
class Rng {
 public:
  explicit Rng(uint64_t seed);
  uint64_t Next();
  /// Uniform in [0, 1), 53 bits.
  double Uniform();
  /// Uniform integer in [0, n), unbiased; n > 0.
  uint64_t Below(uint64_t n);
  /// Standard normal (polar method, no hidden state).
  double Normal();
  /// A stream of its own, a function of this generator's seed and `tag`, not of its position.
  Rng Fork(std::string_view tag) const;
  Rng Fork(uint64_t tag) const;

  template <class T>
  void Shuffle(std::span<T> items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[Below(i)]);
  }
  /// 0 … n-1 in random order.
  std::vector<uint32_t> Permutation(size_t n);

 private:
  uint64_t seed_;
  uint64_t state_[4];
};

}  // namespace quern
