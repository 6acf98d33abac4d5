#include "base/random.h"

#include <bit>
#include <cmath>

#include "base/digest.h"

namespace quern {
namespace {

uint64_t SplitMix(uint64_t& x) {
  x += 0x9e3779b97f4a7c15ull;
  uint64_t z = x;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

}  // namespace

Rng::Rng(uint64_t seed) : seed_(seed) {
  for (uint64_t& word : state_) word = SplitMix(seed);
}

uint64_t Rng::Next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double Rng::Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

uint64_t Rng::Below(uint64_t n) {
  // Rejection keeps it unbiased: drop the tail that does not fill a whole multiple of n.
  const uint64_t limit = (~uint64_t{0} - n + 1) % n;
  uint64_t x = Next();
  while (x < limit) x = Next();
  return x % n;
}

double Rng::Normal() {
  for (;;) {
    const double u = 2 * Uniform() - 1;
    const double v = 2 * Uniform() - 1;
    const double s = u * u + v * v;
    if (s > 0 && s < 1) return u * std::sqrt(-2 * std::log(s) / s);
  }
}

Rng Rng::Fork(std::string_view tag) const { return Rng(Hash64(tag, seed_)); }

Rng Rng::Fork(uint64_t tag) const {
  uint64_t x = seed_ ^ (tag * 0xd1342543de82ef95ull + 0x632be59bd9b4e019ull);
  return Rng(SplitMix(x));
}

std::vector<uint32_t> Rng::Permutation(size_t n) {
  std::vector<uint32_t> order(n);
  for (size_t i = 0; i < n; ++i) order[i] = static_cast<uint32_t>(i);
  Shuffle(std::span<uint32_t>(order));
  return order;
}

}  // namespace quern
