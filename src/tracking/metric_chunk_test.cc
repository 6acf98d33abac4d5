#include "tracking/metric_chunk.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace quern::tracking {
namespace {

std::vector<Point> Wild(Rng& rng, size_t count) {
  constexpr auto kMost = std::numeric_limits<int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<int64_t>::min();
  const std::vector<int64_t> edges{0, 1, -1, kMost, kLeast, kMost - 1, kLeast + 1};
  const std::vector<double> values{
      0, -0.0, 1e-320, std::numeric_limits<double>::max(), std::nan(""), 0.1};
  std::vector<Point> points;
  for (size_t i = 0; i < count; ++i) {
    points.push_back({edges[rng.Below(edges.size())], edges[rng.Below(edges.size())],
                      values[rng.Below(values.size())]});
  }
  return points;
}

}  // namespace

TEST_CASE("a chunk gives back what it was given") {
  Rng rng(7);
  for (const size_t count : {0u, 1u, 2u, 100u, 3000u}) {
    const auto points = Wild(rng, count);
    const std::string bytes = EncodeChunk(points);
    const auto back = DecodeChunk(bytes);
    REQUIRE(back);
    REQUIRE(back->size() == count);
    const auto steps = DecodeSteps(bytes);
    REQUIRE(steps->size() == count);
    for (size_t i = 0; i < count; ++i) {
      CHECK(Same(points[i], (*back)[i]));
      CHECK(std::signbit(points[i].value) == std::signbit((*back)[i].value));
      CHECK((*steps)[i] == points[i].step);
    }
  }
}

TEST_CASE("a usual series takes about ten bytes a point") {
  std::vector<Point> points;
  for (int i = 0; i < 1000; ++i) points.push_back({1700000000000 + i * 250, i, 1.0 / (i + 1)});
  CHECK(EncodeChunk(points).size() < 1000 * 11 + 16);
}

TEST_CASE("a damaged chunk is refused or read, never more than its bytes hold") {
  Rng rng(11);
  const std::string good = EncodeChunk(Wild(rng, 50));
  for (size_t length = 0; length < good.size(); ++length) {
    CHECK_FALSE(DecodeChunk(good.substr(0, length)));
  }
  CHECK(DecodeChunk("").error().code == Code::kDataLoss);
  CHECK_FALSE(DecodeChunk("\x02"));
  CHECK_FALSE(DecodeChunk(std::string("\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10)));
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = good;
    for (uint64_t flips = 1 + rng.Below(4); flips > 0; --flips) {
      bytes[rng.Below(bytes.size())] = static_cast<char>(rng.Below(256));
    }
    if (const auto points = DecodeChunk(bytes)) CHECK(points->size() <= bytes.size() / 10);
    if (const auto steps = DecodeSteps(bytes)) CHECK(steps->size() <= bytes.size() / 10);
  }
}

}  // namespace quern::tracking
