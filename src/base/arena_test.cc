#include "base/arena.h"

#include <doctest/doctest.h>

#include <cstdint>

namespace quern {

TEST_CASE("arena: pieces are aligned, apart from each other, and hold what is written") {
  Arena arena(64);
  std::vector<std::span<double>> pieces;
  for (size_t i = 0; i < 40; ++i) {
    arena.Make<char>(i % 3 + 1);
    std::span<double> piece = arena.Make<double>(i);
    CHECK(reinterpret_cast<uintptr_t>(piece.data()) % alignof(double) == 0);
    for (double& value : piece) value = static_cast<double>(i);
    pieces.push_back(piece);
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    for (double value : pieces[i]) REQUIRE(value == static_cast<double>(i));
  }
}

TEST_CASE("arena: the same demand after a reset finds the same memory") {
  Arena arena(64);
  arena.Make<double>(100);
  arena.Make<double>(100);
  arena.Reset();
  const double* first = arena.Make<double>(100).data();
  const double* second = arena.Make<double>(90).data();
  arena.Reset();
  CHECK(arena.Make<double>(100).data() == first);
  CHECK(arena.Make<double>(90).data() == second);
}

TEST_CASE("arena: a reset gives back what is above the limit, and the arena goes on") {
  Arena arena(64);
  arena.Make<char>(1 << 20);
  arena.Reset(1024);
  std::string_view copy = arena.Copy("kept");
  CHECK(copy == "kept");
  CHECK(arena.Copy("").empty());
}

}  // namespace quern
