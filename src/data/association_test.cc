#include "data/association.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cmath>

#include "base/fs.h"
#include "base/json.h"
#include "data/suggest.h"

namespace quern::data {
namespace {

json::value Reference() {
  auto text = RealFs().Read(QUERN_SOURCE_DIR "/tests/parity/data/data_profile.json");
  REQUIRE(text.has_value());
  auto parsed = ParseJson(*text);
  REQUIRE(parsed.has_value());
  return *parsed;
}

std::vector<double> Numbers(const json::value& list) {
  std::vector<double> out;
  for (const json::value& one : list.as_array()) {
    out.push_back(one.is_null() ? NAN : one.to_number<double>());
  }
  return out;
}

std::vector<int32_t> Codes(const json::value& list) {
  std::vector<int32_t> out;
  for (const json::value& one : list.as_array()) out.push_back(one.to_number<int32_t>());
  return out;
}

doctest::Approx Near(const json::value& expected) {
  return doctest::Approx(expected.to_number<double>()).epsilon(1e-10);
}

TEST_CASE("measures agree with pandas, SciPy and scikit-learn on ties and missing values") {
  const json::value reference = Reference().at("synthetic");
  const auto a = Numbers(reference.at("a")), b = Numbers(reference.at("b"));
  const auto g = Codes(reference.at("g")), h = Codes(reference.at("h"));
  CHECK(Pearson(a, b).value() == Near(reference.at("pearson")));
  CHECK(Spearman(a, SortOrder(a), b, SortOrder(b)).value() == Near(reference.at("spearman")));
  CHECK(CramersV(g, h).value() == Near(reference.at("cramers_v")));
  CHECK(CorrelationRatio(g, b).value() == Near(reference.at("correlation_ratio")));
  std::vector<int32_t> labels;
  for (int32_t code : g) labels.push_back(code > 1 ? 1 : 0);
  CHECK(RocAuc(a, SortOrder(a), labels).value() == Near(reference.at("auc")));
  const json::value& wilson = reference.at("wilson_173_of_200");
  CHECK(WilsonLower(173, 200) == Near(wilson.as_array()[0]));
}

TEST_CASE("what does not exist is nothing, not a number") {
  const std::vector<double> constant = {1, 1, 1}, rising = {1, 2, 3}, none = {NAN, NAN, NAN};
  CHECK(!Pearson(constant, rising));
  CHECK(!Pearson(none, rising));
  CHECK(!Spearman(constant, SortOrder(constant), rising, SortOrder(rising)));
  const std::vector<int32_t> one_group = {0, 0, 0}, missing = {-1, -1, -1}, groups = {0, 1, 0};
  CHECK(!CramersV(one_group, groups));
  CHECK(!CramersV(missing, groups));
  CHECK(!CorrelationRatio(one_group, rising));
  CHECK(!CorrelationRatio(groups, constant));
  CHECK(!RocAuc(rising, SortOrder(rising), one_group));
  CHECK(!Pearson({}, {}));
}

TEST_CASE("a code that never occurs in complete pairs does not count as a category") {
  const std::vector<int32_t> a = {0, 0, 3, 3, -1}, b = {1, 1, 0, 0, 2};
  const std::vector<int32_t> dense_a = {0, 0, 1, 1}, dense_b = {1, 1, 0, 0};
  CHECK(CramersV(a, b).value() == CramersV(dense_a, dense_b).value());
}

}  // namespace
}  // namespace quern::data
