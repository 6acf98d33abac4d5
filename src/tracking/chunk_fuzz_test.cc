// Random changes of the chunks under tests/fuzz/chunk: no bytes crash the reader, and what it takes
// is what the writer writes.
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/fuzz_test.h"
#include "tracking/metric_chunk.h"

namespace quern::tracking {
namespace {

constexpr int kMutations = 30'000;
const std::vector<std::string> kPieces = {std::string(1, '\0'),
                                          std::string(1, '\1'),
                                          "\x7f",
                                          "\x80",
                                          "\xff",
                                          "\x80\x01",
                                          std::string(8, '\0'),
                                          std::string(8, '\xff'),
                                          "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                                          "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"};

bool SameBits(const Point& a, const Point& b) {
  return a.step == b.step && a.time_ms == b.time_ms &&
         std::memcmp(&a.value, &b.value, sizeof(double)) == 0;
}

}  // namespace

TEST_CASE("the chunks of the corpus are sound") {
  for (const std::string& bytes : testing::Corpus(QUERN_SOURCE_DIR, "chunk")) {
    const auto points = DecodeChunk(bytes);
    REQUIRE(points);
    CHECK(EncodeChunk(*points) == bytes);
  }
}

TEST_CASE("no bytes crash the reader of chunks") {
  const auto corpus = testing::Corpus(QUERN_SOURCE_DIR, "chunk");
  Rng rng(20'265);
  int taken = 0;
  for (int i = 0; i < kMutations; ++i) {
    const std::string bytes = testing::Mutated(corpus, kPieces, rng);
    const auto points = DecodeChunk(bytes);
    const auto steps = DecodeSteps(bytes);
    if (!points) {
      CHECK(points.error().code == Code::kDataLoss);
      continue;
    }
    ++taken;
    REQUIRE(steps);
    REQUIRE(steps->size() == points->size());
    const auto again = DecodeChunk(EncodeChunk(*points));
    REQUIRE(again);
    REQUIRE(again->size() == points->size());
    bool same = true;
    for (size_t at = 0; at < points->size(); ++at) {
      same = same && (*steps)[at] == (*points)[at].step && SameBits((*points)[at], (*again)[at]);
    }
    CHECK(same);
  }
  CHECK(taken > kMutations / 50);
  CHECK(taken < kMutations);
}

}  // namespace quern::tracking
