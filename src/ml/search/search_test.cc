#include "ml/search.h"

#include <doctest/doctest.h>

#include <cmath>

#include "ml/search/parzen.h"

namespace quern::ml {
namespace {

Space MakeSpace() {
  return {{"depth", *ParseRange("2..8")},
          {"rate", *ParseRange("log(0.001..1)")},
          {"share", *ParseRange("0.1..0.9")},
          {"rounds", *ParseRange("log(1..500)")},
          {"kind", *ParseRange("[gini, entropy, 3]")}};
}

double Value(const Params& params, const char* name) { return std::get<double>(params.at(name)); }

/// Best at depth 6, rate 0.05, kind gini.
double Objective(const Params& params) {
  const double rate = std::log10(Value(params, "rate")) - std::log10(0.05);
  const bool gini = params.at("kind") == ParamValue(std::string("gini"));
  return -std::pow(Value(params, "depth") - 6, 2) / 10 - rate * rate + (gini ? 0.5 : 0);
}

std::vector<Trial> Search(const Sampler& sampler, size_t batches) {
  std::vector<Trial> history;
  for (size_t b = 0; b < batches; ++b)
    for (Trial& trial : SuggestBatch(sampler, history, kTrialBatch)) {
      trial.value = Objective(trial.params);
      trial.state = Trial::State::kDone;
      history.push_back(std::move(trial));
    }
  return history;
}

double Best(const std::vector<Trial>& trials) {
  double best = -1e9;
  for (const Trial& trial : trials) best = std::max(best, trial.value);
  return best;
}

TEST_CASE("ranges are read and written") {
  for (const char* text : {"2..8", "0.1..0.9", "log(0.01..0.3)", "log(1..100)", "[a, 3, true]"}) {
    const auto range = ParseRange(text);
    REQUIRE(range.has_value());
    CHECK(RangeText(*range) == text);
  }
  CHECK(ParseRange("1.0..3.0")->kind == Range::Kind::kReal);
  CHECK(ParseRange(RangeText(*ParseRange("1.0..3.0")))->kind == Range::Kind::kReal);
  CHECK(ParseRange(" -3 .. 4 ")->low == -3);
  for (const char* text :
       {"", "3", "8..2", "2..2", "log(0..1)", "a..b", "[]", "log(1..2", "1..inf"}) {
    CAPTURE(std::string(text));
    const auto range = ParseRange(text);
    REQUIRE(!range.has_value());
    CHECK(range.error().code == Code::kInvalidArgument);
  }
}

TEST_CASE("a space must fit its learner") {
  CHECK(ValidateSpace("gradient_boosting", {{"max_depth", *ParseRange("2..8")},
                                            {"learning_rate", *ParseRange("log(0.01..0.3)")}})
            .has_value());
  CHECK(ValidateSpace("knn", {{"weights", *ParseRange("[uniform, distance]")}}).has_value());
  const auto error = [](const char* kind, const char* name, const char* range) {
    const auto status = ValidateSpace(kind, {{name, *ParseRange(range)}});
    REQUIRE(!status.has_value());
    return status.error().ToString();
  };
  CHECK(error("gradient_boosting", "max_dept", "2..8").find("max_depth") != std::string::npos);
  CHECK(error("gradient_boosting", "max_depth", "2..80").find("80") != std::string::npos);
  CHECK(error("gradient_boosting", "max_depth", "2.5..8").find("integers") != std::string::npos);
  CHECK(error("knn", "weights", "0.1..0.2").find("list") != std::string::npos);
  CHECK(error("knn", "weights", "[uniform, distanse]").find("distance") != std::string::npos);
  CHECK(error("boosting", "max_depth", "2..8").find("gradient_boosting") != std::string::npos);
}

TEST_CASE("suggestions stay within their ranges and depend on seed and history alone") {
  for (const char* name : {"random", "tpe"}) {
    CAPTURE(std::string(name));
    const auto sampler = MakeSampler(name, MakeSpace(), 3, true);
    const std::vector<Trial> trials = Search(**sampler, 12);
    REQUIRE(trials.size() == 48);
    for (size_t i = 0; i < trials.size(); ++i) {
      const Params& p = trials[i].params;
      CHECK(trials[i].number == i);
      CHECK(Value(p, "depth") == std::round(Value(p, "depth")));
      CHECK((Value(p, "depth") >= 2 && Value(p, "depth") <= 8));
      CHECK((Value(p, "rate") >= 0.001 && Value(p, "rate") <= 1));
      CHECK((Value(p, "rounds") >= 1 && Value(p, "rounds") <= 500));
      CHECK(Value(p, "rounds") == std::round(Value(p, "rounds")));
    }
    CHECK(Search(**MakeSampler(name, MakeSpace(), 3, true), 12).back().params ==
          trials.back().params);
    CHECK(Search(**MakeSampler(name, MakeSpace(), 4, true), 12).back().params !=
          trials.back().params);
  }
  CHECK(!MakeSampler("tpee", MakeSpace(), 3, true).has_value());
}

TEST_CASE("TPE finds the optimum better than chance") {
  Space space = MakeSpace();
  space.erase("share");
  space.erase("rounds");
  double tpe = 0, random = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    tpe += Best(Search(**MakeSampler("tpe", space, seed, true), 12)) / 20;
    random += Best(Search(**MakeSampler("random", space, seed, true), 12)) / 20;
  }
  CHECK(tpe > random + 0.08);
}

TEST_CASE("failed and undefined trials are not learned from") {
  const auto sampler = MakeSampler("tpe", MakeSpace(), 1, true);
  std::vector<Trial> history = Search(**sampler, 5);
  const Params before = (*sampler)->Suggest(history, 99);
  for (const double value : {0.0, std::nan("")}) {
    Trial trial = history.front();
    trial.number = history.back().number + 1;
    trial.state = std::isnan(value) ? Trial::State::kDone : Trial::State::kFailed;
    trial.value = value;
    history.push_back(trial);
  }
  CHECK((*sampler)->Suggest(history, 99) == before);
}

TEST_CASE("the density of a Parzen estimator sums to one") {
  const std::vector<Dimension> dimensions{Dimension(*ParseRange("2..8")),
                                          Dimension(*ParseRange("[a, b, c]"))};
  const ParzenEstimator estimator(dimensions, {{3, 0}, {3, 2}, {7, 0}});
  double total = 0;
  for (int depth = 2; depth <= 8; ++depth)
    for (int k = 0; k < 3; ++k)
      total += std::exp(estimator.LogDensity({static_cast<double>(depth), static_cast<double>(k)}));
  CHECK(total == doctest::Approx(1));
  const std::vector<Dimension> real{Dimension(*ParseRange("log(0.01..10.0)"))};
  const ParzenEstimator one(real, {{0.02}, {5}});
  double area = 0;  // trapezoids in log space, where the density is one
  const double low = std::log(0.01), width = (std::log(10) - low) / 4000;
  for (int i = 0; i <= 4000; ++i)
    area += width * (i == 0 || i == 4000 ? 0.5 : 1.0) *
            std::exp(one.LogDensity({std::exp(low + i * width)}));
  CHECK(area == doctest::Approx(1).epsilon(1e-4));
}

}  // namespace
}  // namespace quern::ml
