// The trees read back from XGBoost answer what XGBoost answers.
#include <doctest/doctest.h>

#include "base/random.h"
#include "ml/learners/ubjson.h"
#include "ml/learners/xgboost.h"
#include "ml/score.h"
#include "ml/test_data.h"

namespace quern::ml {
namespace {

using namespace testing;

struct Data {
  Matrix x;
  std::vector<float> labels;
};

/// A fifth of the values is missing; labels are `classes` classes, or numbers for 0.
Data Make(size_t classes) {
  Rng rng(21);
  Data data{{400, 6, {}}, {}};
  for (size_t r = 0; r < 400; ++r) {
    double signal = 0;
    for (size_t c = 0; c < 6; ++c) {
      const double v = rng.Normal();
      signal += c < 3 ? v : 0;
      data.x.values.push_back(rng.Uniform() < 0.2 ? std::nan("") : v);
    }
    const double noisy = signal + rng.Normal();
    if (classes == 0) {
      data.labels.push_back(static_cast<float>(100 + 5 * noisy));
    } else {
      const double step = 3.0 / static_cast<double>(classes);
      const double k = std::floor((noisy + 1.5) / step);
      data.labels.push_back(
          static_cast<float>(std::clamp(k, 0.0, static_cast<double>(classes - 1))));
    }
  }
  return data;
}

void Compare(size_t classes, std::map<std::string, std::string> params) {
  const Data data = Make(classes);
  params.merge(std::map<std::string, std::string>{
      {"tree_method", "hist"}, {"nthread", "1"}, {"max_depth", "5"}, {"subsample", "0.7"}});
  const auto booster = Booster::Train(data.x, data.labels, {}, params, 40, nullptr);
  REQUIRE_MESSAGE(booster.has_value(), (booster ? "" : booster.error().ToString()));
  const auto trees = ReadBoostedTrees(*booster->Save());
  REQUIRE_MESSAGE(trees.has_value(), (trees ? "" : trees.error().ToString()));
  const auto theirs = booster->Predict(data.x);
  REQUIRE(theirs.has_value());
  std::vector<double> ours = Outputs(*trees, data.x, classes);
  // Values near 100 have steps of 1e-5 in float: compare them relatively.
  std::vector<double> expected(theirs->begin(), theirs->end());
  if (classes == 0)
    for (std::vector<double>* list : {&ours, &expected})
      for (double& v : *list) v /= 100;
  CHECK(Distance(ours, expected) <= 1e-6);
}

TEST_CASE("boosted trees score as XGBoost does") {
  SUBCASE("binary") { Compare(2, {{"objective", "binary:logistic"}}); }
  SUBCASE("multiclass") { Compare(4, {{"objective", "multi:softprob"}, {"num_class", "4"}}); }
  SUBCASE("regression") { Compare(0, {{"objective", "reg:squarederror"}}); }
}

TEST_CASE("an objective that is not ours is refused, library errors are values") {
  const Data data = Make(0);
  const auto other =
      Booster::Train(data.x, data.labels, {}, {{"objective", "reg:gamma"}}, 1, nullptr);
  REQUIRE(other.has_value());
  CHECK(!ReadBoostedTrees(*other->Save()).has_value());
  const auto bad = Booster::Train(data.x, data.labels, {}, {{"objective", "none"}}, 1, nullptr);
  REQUIRE(!bad.has_value());
  CHECK(bad.error().message.find("xgboost") != std::string::npos);
}

TEST_CASE("damaged UBJSON is an error at every length") {
  const Data data = Make(2);
  const auto booster =
      Booster::Train(data.x, data.labels, {}, {{"objective", "binary:logistic"}}, 1, nullptr);
  const std::string whole = *booster->Save();
  CHECK(ParseUbjson(whole).has_value());
  for (size_t n = 0; n < whole.size(); n += 7) CHECK(!ParseUbjson(whole.substr(0, n)).has_value());
  CHECK(!ParseUbjson(whole + "x").has_value());
  CHECK(!ParseUbjson(std::string(100, '[')).has_value());
}

}  // namespace
}  // namespace quern::ml
