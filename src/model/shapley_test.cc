#include "model/shapley.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "base/random.h"

namespace quern::model {
namespace {

using Row = std::vector<double>;
using Score = double (*)(const Row&);

/// Explains `row` by a function; counts what it is asked.
struct ShapleyFixture {
  Score score;
  Row row;
  std::vector<Row> background;
  size_t asked = 0;
  size_t widest = 0;

  Result<ShapleyValues> Explain(ShapleyOptions options) {
    ShapleyGame game;
    game.columns = row.size();
    game.score = score(row);
    std::vector<double> scores;
    std::vector<uint8_t> differs;
    for (const Row& b : background) {
      scores.push_back(score(b));
      for (size_t c = 0; c < row.size(); ++c) differs.push_back(row[c] != b[c] ? 1 : 0);
    }
    game.background = scores;
    game.differs = differs;
    game.evaluate = [&](const MixedRows& mixed, std::span<double> out) -> Status {
      asked += out.size();
      widest = std::max(widest, out.size());
      for (size_t i = 0; i < out.size(); ++i) {
        Row mix = background[mixed.background[i]];
        for (size_t c = 0; c < row.size(); ++c) {
          if (mixed.taken[i * row.size() + c] != 0) mix[c] = row[c];
        }
        out[i] = score(mix);
      }
      return {};
    };
    return EstimateShapley(game, options);
  }
  double Base() const {
    double sum = 0;
    for (const Row& b : background) sum += score(b);
    return sum / static_cast<double>(background.size());
  }
};

std::vector<Row> RandomRows(size_t count, size_t columns, uint64_t seed) {
  Rng rng(seed);
  std::vector<Row> rows(count, Row(columns));
  for (Row& row : rows) {
    for (double& value : row) value = rng.Normal();
  }
  return rows;
}

double Sum(const ShapleyValues& values) {
  double sum = 0;
  for (const Contribution& column : values.columns) sum += column.value;
  return sum;
}

/// Column 0 and 1 alike, 2 a dummy, the rest entangled.
double Entangled(const Row& x) {
  double sum = x[0] * x[1] + std::sin(x[0] + x[1]);
  for (size_t i = 3; i + 1 < x.size(); ++i) sum += x[i] * x[i + 1] - 0.5 * x[i];
  return 1 / (1 + std::exp(-sum));
}

double Linear(const Row& x) {
  double sum = 7;
  for (size_t i = 0; i < x.size(); ++i) sum += (static_cast<double>(i) - 2) * x[i];
  return sum;
}

}  // namespace

TEST_CASE("of a linear score each column owes its weight times its distance from the mean") {
  for (const size_t evaluations : {size_t{100'000}, size_t{2'000}}) {
    ShapleyFixture fixture{Linear, RandomRows(1, 8, 1)[0], RandomRows(30, 8, 2)};
    const auto values = fixture.Explain({evaluations, 5});
    REQUIRE(values.has_value());
    CHECK(values->exact == (evaluations == 100'000));
    for (size_t c = 0; c < 8; ++c) {
      double mean = 0;
      for (const Row& b : fixture.background) mean += b[c] / 30;
      const double expected = (static_cast<double>(c) - 2) * (fixture.row[c] - mean);
      CHECK(values->columns[c].value == doctest::Approx(expected).epsilon(1e-9));
      CHECK(values->columns[c].standard_error < 1e-9);  // every order says the same
    }
  }
}

TEST_CASE("contributions add up, a dummy owes nothing, equal columns owe alike") {
  for (const size_t evaluations : {size_t{400'000}, size_t{3'000}}) {
    ShapleyFixture fixture{Entangled, RandomRows(1, 9, 3)[0], RandomRows(40, 9, 4)};
    fixture.row[1] = fixture.row[0];
    for (Row& b : fixture.background) b[1] = b[0];
    const auto values = fixture.Explain({evaluations, 11});
    REQUIRE(values.has_value());
    CHECK(values->base_value == doctest::Approx(fixture.Base()).epsilon(1e-12));
    CHECK(std::abs(Sum(*values) - (Entangled(fixture.row) - fixture.Base())) < 1e-12);
    CHECK(std::abs(values->columns[2].value) < 1e-12);
    const double apart = std::abs(values->columns[0].value - values->columns[1].value);
    CHECK(apart <=
          1e-12 + 5 * (values->columns[0].standard_error + values->columns[1].standard_error));
    CHECK(values->exact == (evaluations == 400'000));
    CHECK(values->evaluations == fixture.asked);
    CHECK(fixture.asked <= evaluations);
    CHECK(fixture.widest <= 1024);
    CHECK(values->background_rows == 40);
  }
}

TEST_CASE("samples agree with the enumeration within what they say of themselves") {
  ShapleyFixture fixture{Entangled, RandomRows(1, 10, 5)[0], RandomRows(20, 10, 6)};
  const auto exact = fixture.Explain({100'000, 0});
  REQUIRE(exact.has_value());
  REQUIRE(exact->exact);
  size_t within = 0;
  double squares = 0;
  constexpr size_t kSeeds = 200;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto sampled = fixture.Explain({4'000, seed});
    REQUIRE(sampled.has_value());
    CHECK_FALSE(sampled->exact);
    for (const size_t c : {0, 4, 6, 9}) {
      const double off = sampled->columns[c].value - exact->columns[c].value;
      const double z = off / sampled->columns[c].standard_error;
      within += std::abs(z) < 1.96 ? 1 : 0;
      squares += z * z;
    }
  }
  // Eleven pairs a game, twenty games: nearly normal.
  CHECK(static_cast<double>(within) / (4 * kSeeds) > 0.91);
  CHECK(static_cast<double>(within) / (4 * kSeeds) < 0.98);
  CHECK(squares / (4 * kSeeds) == doctest::Approx(1).epsilon(0.2));
  const auto again = fixture.Explain({4'000, 3});
  const auto same = fixture.Explain({4'000, 3});
  for (size_t c = 0; c < 10; ++c) CHECK(again->columns[c].value == same->columns[c].value);
}

TEST_CASE("columns with equal values make games small") {
  ShapleyFixture fixture{Entangled, RandomRows(1, 40, 7)[0], {}};
  fixture.background.assign(3, fixture.row);
  fixture.background[0][5] = 4;
  for (const size_t c : {6, 7, 9}) fixture.background[1][c] = -2;
  const auto values = fixture.Explain({10, 0});
  REQUIRE(values.has_value());
  CHECK(values->exact);
  CHECK(values->evaluations == 6);
  CHECK(values->columns[0].value == 0);
  CHECK(std::abs(Sum(*values) - (Entangled(fixture.row) - fixture.Base())) < 1e-12);
}

TEST_CASE("few evaluations use few rows of the background, too few are refused") {
  ShapleyFixture fixture{Entangled, RandomRows(1, 50, 8)[0], RandomRows(60, 50, 9)};
  const auto values = fixture.Explain({2'200, 0});
  REQUIRE(values.has_value());
  CHECK(values->background_rows == 11);  // two pairs of 98 rows each
  CHECK(values->evaluations == 2'156);
  CHECK(values->base_value ==
        doctest::Approx(ShapleyFixture{
            Entangled, fixture.row, {fixture.background.begin(), fixture.background.begin() + 11}}
                            .Base()));
  const auto refused = fixture.Explain({1'900, 0});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::kInvalidArgument);
  CHECK(refused.error().message ==
        "max_evaluations is 1900, but to explain a row takes 1960 at least");
  fixture.background.clear();
  CHECK_FALSE(fixture.Explain({100, 0}).has_value());
}

TEST_CASE("wide tables are scored in small blocks") {
  ShapleyFixture fixture{Linear, RandomRows(1, 3'000, 10)[0], RandomRows(2, 3'000, 11)};
  const auto values = fixture.Explain({30'000, 0});
  REQUIRE(values.has_value());
  CHECK(values->background_rows == 2);
  CHECK(values->evaluations == 5 * 5'998);  // the second game has what the first leaves
  CHECK(fixture.widest == (size_t{1} << 20) / 3'000);
  CHECK(std::abs(Sum(*values) - (Linear(fixture.row) - fixture.Base())) < 1e-5);
  CHECK(values->columns[7].value ==
        doctest::Approx(
            5 * (fixture.row[7] - (fixture.background[0][7] + fixture.background[1][7]) / 2)));
}

TEST_CASE("what the model fails at is the answer") {
  ShapleyGame game;
  game.columns = 2;
  const std::vector<double> background{0.0};
  const std::vector<uint8_t> differs{1, 1};
  game.background = background;
  game.differs = differs;
  game.evaluate = [](const MixedRows&, std::span<double>) -> Status {
    return Fail(Code::kDeadlineExceeded, "late");
  };
  CHECK(EstimateShapley(game, {}).error().code == Code::kDeadlineExceeded);
}

}  // namespace quern::model
