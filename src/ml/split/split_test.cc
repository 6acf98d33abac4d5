#include "ml/split.h"

#include <doctest/doctest.h>

#include <numeric>

#include "ml/test_data.h"

namespace quern::ml {
namespace {

using namespace testing;

Target Classes(const std::vector<size_t>& counts) {
  Target target;
  target.task = counts.size() == 2 ? Task::kBinary : Task::kMulticlass;
  for (size_t k = 0; k < counts.size(); ++k) {
    target.classes.push_back("c" + std::to_string(k));
    target.index.insert(target.index.end(), counts[k], static_cast<uint32_t>(k));
  }
  return target;
}

size_t CountClass(const Target& target, const std::vector<uint32_t>& rows, uint32_t k) {
  size_t n = 0;
  for (const uint32_t row : rows) n += target.index[row] == k;
  return n;
}

/// Each row is tested once per repeat, and never trained on where it is tested.
void CheckPartition(const std::vector<Split>& splits, size_t rows, size_t repeats) {
  std::vector<size_t> tested(rows);
  for (const Split& split : splits) {
    for (const uint32_t row : split.test) ++tested[row];
    CHECK(split.train == Others(rows, split.test));
  }
  for (const size_t n : tested) CHECK(n == repeats);
}

TEST_CASE("stratified folds share out every class evenly") {
  const Target target = Classes({23, 11, 7});
  SplitSpec spec;
  spec.repeats = 3;
  const auto splits = Folds(spec, target, Rng(4));
  REQUIRE(splits.has_value());
  REQUIRE(splits->size() == 15);
  CheckPartition(*splits, 41, 3);
  for (const Split& split : *splits)
    for (uint32_t k = 0; k < 3; ++k) {
      const size_t all = CountClass(target, split.train, k) + CountClass(target, split.test, k);
      const size_t test = CountClass(target, split.test, k);
      CHECK(test >= all / 5);
      CHECK(test <= all / 5 + 1);
    }
  CHECK((*splits)[0].test != (*splits)[5].test);
  CHECK((*Folds(spec, target, Rng(4)))[7].test == (*splits)[7].test);
  CHECK((*Folds(spec, target, Rng(5)))[0].test != (*splits)[0].test);
}

TEST_CASE("more folds than rows of a class is an error that names both") {
  const auto splits = StratifiedKFold(Classes({20, 3}), 5, Rng(1));
  REQUIRE(!splits.has_value());
  CHECK(splits.error().code == Code::kInvalidArgument);
  CHECK(splits.error().message == "5 folds, but class 'c1' has only 3 rows");
  CHECK(!KFold(3, 4, Rng(1)).has_value());
  CHECK(!KFold(3, 1, Rng(1)).has_value());
}

TEST_CASE("plain folds and hold-outs have the sizes asked for") {
  const auto splits = KFold(11, 3, Rng(2));
  CheckPartition(*splits, 11, 1);
  CHECK((*splits)[0].test.size() == 4);
  CHECK((*splits)[2].test.size() == 3);
  const Target target = Classes({70, 33});
  const auto split = HoldOut({}, target, Rng(3));
  REQUIRE(split.has_value());
  CHECK(split->test.size() == 21);
  CHECK(CountClass(target, split->test, 1) == 7);
  CHECK(split->train == Others(103, split->test));
  CHECK(!StratifiedHoldOut(Classes({70, 1}), 0.2, Rng(1)).has_value());
  CHECK(!PlainHoldOut(10, 1.5, Rng(1)).has_value());
}

TEST_CASE("groups stay together; the allocation is scikit-learn's") {
  const json::value fixture = Fixture("ml_transform.json");
  const std::vector<uint32_t> groups = Indices(fixture.at("groups"));
  const auto splits = GroupKFold(groups, 4);
  REQUIRE(splits.has_value());
  for (size_t f = 0; f < 4; ++f)
    CHECK((*splits)[f].test == Indices(fixture.at("group_folds").at(f)));
  Target target = Classes({30, 30});
  Column column{"site", false, {}, {}};
  for (const uint32_t g : groups) column.numbers.push_back(g);
  SplitSpec spec;
  spec.folds = 3;
  spec.groups = &column;
  const auto folds = Folds(spec, target, Rng(6));
  REQUIRE(folds.has_value());
  CheckPartition(*folds, 60, 1);
  const auto apart = [&](const Split& split) {
    for (const uint32_t a : split.test)
      for (const uint32_t b : split.train) CHECK(groups[a] != groups[b]);
  };
  for (const Split& split : *folds) apart(split);
  const auto split = HoldOut(spec, target, Rng(6));
  REQUIRE(split.has_value());
  apart(*split);
  CHECK(split->test.size() >= 6);
  CHECK(split->test.size() <= 20);
  CHECK(!GroupKFold(groups, 13).has_value());
}

TEST_CASE("time splits train on the past alone") {
  const Column days{
      "day", true, {}, {"2020-03", "2020-01", "2020-02", "2020-05", "2020-04", "2020-06"}};
  SplitSpec spec;
  spec.folds = 2;
  spec.times = &days;
  const Target target = Classes({3, 3});
  const auto folds = Folds(spec, target, Rng(1));
  REQUIRE(folds.has_value());
  CHECK((*folds)[0].train == std::vector<uint32_t>{1, 2});
  CHECK((*folds)[0].test == std::vector<uint32_t>{0, 4});
  CHECK((*folds)[1].train == std::vector<uint32_t>{0, 1, 2, 4});
  CHECK((*folds)[1].test == std::vector<uint32_t>{3, 5});
  CHECK(HoldOut(spec, target, Rng(1))->test == std::vector<uint32_t>{3, 5});
  spec.repeats = 2;
  CHECK(!Folds(spec, target, Rng(1)).has_value());
  spec.repeats = 1;
  spec.groups = &days;
  CHECK(!Folds(spec, target, Rng(1)).has_value());
  std::vector<uint32_t> order(10);
  std::iota(order.begin(), order.end(), 0u);
  CHECK((*TimeSeriesSplit(order, 3, 1))[0].train == std::vector<uint32_t>{0, 1, 2});
  CHECK(!TimeSeriesSplit(order, 3, 4).has_value());
  CHECK(!TimeOrder({"day", true, {}, {"2020", ""}}).has_value());
}

TEST_CASE("missing groups are groups of their own") {
  CHECK(GroupIds({"g", true, {}, {"a", "", "b", "a", ""}}) == std::vector<uint32_t>{0, 1, 2, 0, 3});
}

}  // namespace
}  // namespace quern::ml
