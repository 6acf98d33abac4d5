#include "serving/explain.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cmath>

#include "base/fs.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "serving/fake_engine.h"
#include "serving/model_loader.h"

namespace quern::serving {
namespace {

json::value ReadDocument(const std::string& path) {
  const auto text = RealFs().Read(std::string(QUERN_SOURCE_DIR) + path);
  REQUIRE(text.has_value());
  auto parsed = ParseJson(*text, {.name = path});
  REQUIRE(parsed.has_value());
  return *parsed;
}

/// Some rows of the inputs of tests/model/fixtures/NAME.json, in an arena.
std::span<const NamedTensor> RowsOf(const json::value& fixture, const std::vector<size_t>& rows,
                                    Arena& arena) {
  const json::array& inputs = fixture.at("inputs").as_array();
  std::span<NamedTensor> tensors = arena.Make<NamedTensor>(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool text = inputs[i].at("type").as_string() == "BYTES";
    const auto width = inputs[i].at("shape").at(1).to_number<size_t>();
    const json::array& data = inputs[i].at("data").as_array();
    std::span<int64_t> shape = arena.Make<int64_t>(2);
    shape[0] = static_cast<int64_t>(rows.size());
    shape[1] = static_cast<int64_t>(width);
    std::span<double> numbers = arena.Make<double>(rows.size() * width);
    std::span<std::string_view> texts = arena.Make<std::string_view>(rows.size() * width);
    for (size_t k = 0; k < numbers.size(); ++k) {
      const json::value& value = data[rows[k / width] * width + k % width];
      if (text) {
        texts[k] = arena.Copy(value.as_string());
      } else {
        numbers[k] = value.is_string() ? std::nan("") : value.to_number<double>();
      }
    }
    const void* values = text ? static_cast<const void*>(texts.data()) : numbers.data();
    tensors[i] = {arena.Copy(inputs[i].at("name").as_string()),
                  {text ? DataType::kBytes : DataType::kFp64, shape, values}};
  }
  return tensors;
}

ServedModel LoadFixture(const std::string& name, model::EnginePreference engine) {
  ModelFiles files{
      name, "1", std::string(QUERN_SOURCE_DIR) + "/tests/model/fixtures/" + name + ".onnx", engine};
  auto loaded = LoadModel(files, 0);
  REQUIRE_MESSAGE(loaded.has_value(), name);
  return std::move(loaded->served);
}

void CheckCase(const json::value& expected, const Explanation& explained, size_t row) {
  const RowExplanation& got = explained.rows[row];
  // Scores are FP32: 1e-7 of a probability, and more of its log-odds near 0 and 1.
  const double allowed = expected.at("scale").as_string() == "score" ? 2e-6 : 1e-3;
  CHECK(std::abs(got.score - expected.at("score").to_number<double>()) < allowed);
  CHECK(std::abs(got.base_value - expected.at("base_value").to_number<double>()) < allowed);
  CHECK(got.exact);
  CHECK(got.class_index.has_value() == !expected.at("class").is_null());
  if (got.class_index) CHECK(*got.class_index == expected.at("class").to_number<size_t>());
  const json::array& contributions = expected.at("contributions").as_array();
  CHECK(got.reasons.size() == contributions.size());
  double sum = 0;
  for (const Reason& reason : got.reasons) {
    const double wanted = contributions.at(reason.column).to_number<double>();
    CHECK(std::abs(reason.contribution - wanted) < allowed);
    CHECK(reason.standard_error == 0);
    sum += reason.contribution;
  }
  CHECK(std::abs(sum - (got.score - got.base_value)) < 1e-6 * (1 + std::abs(got.score)));
}

/// x, flag, sex of FakeEngine.
struct Rows {
  std::vector<double> x;
  std::vector<double> flag;
  std::vector<std::string_view> sex;
  std::vector<int64_t> shape = {static_cast<int64_t>(x.size())};
  std::vector<NamedTensor> tensors = {{"x", {DataType::kFp64, shape, x.data()}},
                                      {"flag", {DataType::kFp64, shape, flag.data()}},
                                      {"sex", {DataType::kBytes, shape, sex.data()}}};
  InferenceCall Call(std::vector<Parameter> parameters = {}) {
    asked = std::move(parameters);
    InferenceCall call;
    call.inputs = tensors;
    call.parameters = asked;
    return call;
  }
  std::vector<Parameter> asked = {};
};

ServedModelPtr FakeWithBackground() {
  ServedModel served = FakeServed("heart", "1", BinarySignature());
  Rows background{{0, 1, -1, 0.5}, {0, 0, 1, 0}, {"no", "yes", "no", "no"}};
  served.CompareWith(
      MakeBackground(served, background.Call(), Background::Source::kTraining).value());
  return std::make_shared<const ServedModel>(std::move(served));
}

Result<Explanation> Ask(const ServedModelPtr& served, const InferenceCall& call, Arena& arena) {
  QUERN_ASSIGN(const ExplainOptions options, ReadExplainOptions(call.parameters));
  return Explain(served, call, options, arena);
}

std::string Refusal(const ServedModelPtr& served, const InferenceCall& call) {
  Arena arena;
  const auto answer = Ask(served, call, arena);
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == Code::kInvalidArgument);
  return answer.error().message;
}

}  // namespace

TEST_CASE("explanations are those of the definition, and of shap's exact explainer") {
  const json::value reference = ReadDocument("/tests/parity/data/explain.json");
  std::vector<size_t> background;
  for (const json::value& row : reference.at("background").as_array()) {
    background.push_back(row.to_number<size_t>());
  }
  for (const model::EnginePreference engine :
       {model::EnginePreference::kCompiled, model::EnginePreference::kOnnxRuntime}) {
    std::string name;
    json::value fixture;
    ServedModelPtr served;
    size_t cases = 0;
    for (const json::value& expected : reference.at("cases").as_array()) {
      Arena arena;
      if (const std::string_view next = expected.at("model").as_string(); next != name) {
        name = next;
        fixture = ReadDocument("/tests/model/fixtures/" + name + ".json");
        ServedModel loaded = LoadFixture(name, engine);
        InferenceCall rows;
        rows.inputs = RowsOf(fixture, background, arena);
        loaded.CompareWith(MakeBackground(loaded, rows, Background::Source::kExample).value());
        served = std::make_shared<const ServedModel>(std::move(loaded));
      }
      InferenceCall call;
      call.inputs = RowsOf(fixture, {expected.at("row").to_number<size_t>()}, arena);
      ExplainOptions options;
      options.log_odds = expected.at("scale").as_string() == "log_odds";
      const auto explained = Explain(served, call, options, arena);
      REQUIRE(explained.has_value());
      INFO(name, " row ", expected.at("row").to_number<size_t>());
      CheckCase(expected, *explained, 0);
      ++cases;
    }
    CHECK(cases == 44);
  }
}

TEST_CASE("a row's reasons, the strongest first, add up to its score") {
  const ServedModelPtr served = FakeWithBackground();
  Arena arena;
  Rows rows{{3, 0}, {1, 0}, {"no", "yes"}};
  const auto answer = Ask(served, rows.Call(), arena);
  REQUIRE(answer.has_value());
  REQUIRE(answer->rows.size() == 2);
  CHECK(answer->rows[0].score == doctest::Approx(1 / (1 + std::exp(-4))));
  CHECK(answer->rows[0].class_index == std::optional<size_t>(1));
  CHECK(answer->rows[0].background_rows == 4);
  CHECK(answer->rows[0].reasons[0].column == 0);
  CHECK(answer->labels->values<int64_t>()[0] == 1);
  CHECK(answer->source == Background::Source::kTraining);
  for (const RowExplanation& row : answer->rows) {
    double sum = 0;
    double last = INFINITY;
    for (const Reason& reason : row.reasons) {
      sum += reason.contribution;
      CHECK(std::abs(reason.contribution) <= last);
      last = std::abs(reason.contribution);
    }
    CHECK(sum == doctest::Approx(row.score - row.base_value).epsilon(1e-12));
  }
  const auto fewer = Ask(served, rows.Call({{"top", int64_t{1}}}), arena);
  REQUIRE(fewer.has_value());
  CHECK(fewer->rows[0].reasons.size() == 1);
  CHECK(fewer->rows[0].rest_columns == 2);
  CHECK(fewer->rows[0].rest + fewer->rows[0].reasons[0].contribution ==
        doctest::Approx(fewer->rows[0].score - fewer->rows[0].base_value));
  CHECK(served->metrics().Sum().explained == 4);
  CHECK(served->metrics().Sum().rows == 0);  // no prediction
}

TEST_CASE("log-odds of a logistic score are its weighted distances") {
  const ServedModelPtr served = FakeWithBackground();
  Arena arena;
  Rows rows{{3}, {1}, {"yes"}};
  const auto answer = Ask(served, rows.Call({{"scale", std::string_view("log_odds")}}), arena);
  REQUIRE(answer.has_value());
  CHECK(answer->rows[0].score == doctest::Approx(5));
  const double expected[] = {3 - 0.125, 0.75, 0.75};
  for (const Reason& reason : answer->rows[0].reasons) {
    CHECK(reason.contribution == doctest::Approx(expected[reason.column]));
  }
}

TEST_CASE("a missing value is a value: two are alike, one against a number is a difference") {
  ServedModel served = FakeServed("price", "1", RegressionSignature());
  std::vector<double> a{std::nan(""), 2};
  std::vector<double> b{5, 7};
  std::vector<int64_t> shape{2};
  std::vector<NamedTensor> tensors{{"a", {DataType::kFp64, shape, a.data()}},
                                   {"b", {DataType::kFp64, shape, b.data()}}};
  InferenceCall call;
  call.inputs = tensors;
  served.CompareWith(MakeBackground(served, call, Background::Source::kExample).value());
  const auto shared = std::make_shared<const ServedModel>(std::move(served));
  Arena arena;
  const auto answer = Ask(shared, call, arena);
  REQUIRE(answer.has_value());
  CHECK_FALSE(answer->rows[0].class_index.has_value());
  CHECK(answer->labels == nullptr);
  CHECK(answer->source == Background::Source::kExample);
  // Missing counts as 0 in the fake engine: against itself nothing, against 2 a loss of 2.
  CHECK(answer->rows[0].reasons[0].contribution == doctest::Approx(-1));
  CHECK(answer->rows[0].reasons[0].column == 0);
  CHECK(answer->rows[0].reasons[1].contribution == doctest::Approx(-1));
  CHECK(Refusal(shared, [&] {
          InferenceCall odd = call;
          static const Parameter kScale{"scale", std::string_view("log_odds")};
          odd.parameters = {&kScale, 1};
          return odd;
        }()) == "model 'price' takes no parameter 'scale': 'log_odds'");
}

TEST_CASE("what cannot be explained is refused, with the reason") {
  const ServedModelPtr served = FakeWithBackground();
  Rows rows{{3}, {1}, {"yes"}};
  CHECK(Refusal(served, rows.Call({{"topp", int64_t{1}}})) == "unknown parameter 'topp'");
  for (const ParameterValue& value :
       {ParameterValue(int64_t{0}), ParameterValue(int64_t{-1}), ParameterValue(2.5),
        ParameterValue(true), ParameterValue(std::string_view("3"))}) {
    CHECK(Refusal(served, rows.Call({{"top", value}})) ==
          "parameter 'top' must be a whole number from 1 to 1000000");
  }
  CHECK(Refusal(served, rows.Call({{"max_evaluations", int64_t{1'000'001}}})) ==
        "parameter 'max_evaluations' must be a whole number from 1 to 1000000");
  CHECK(Refusal(served, rows.Call({{"seed", int64_t{-5}}})).starts_with("parameter 'seed' must"));
  CHECK(Refusal(served, rows.Call({{"scale", std::string_view("logit")}})) ==
        "parameter 'scale' must be 'score' or 'log_odds'");
  CHECK(Refusal(served, rows.Call({{"max_evaluations", int64_t{1}}})) ==
        "max_evaluations is 1, but to explain a row takes 16 at least");

  Rows many{std::vector<double>(101), std::vector<double>(101),
            std::vector<std::string_view>(101, "no")};
  CHECK(Refusal(served, many.Call()) == "101 rows are too many to explain in one request");
  Rows some{std::vector<double>(11), std::vector<double>(11),
            std::vector<std::string_view>(11, "no")};
  CHECK(Refusal(served, some.Call({{"max_evaluations", int64_t{1'000'000}}})) ==
        "11 rows of 1000000 evaluations are too much for one request");

  const auto bare =
      std::make_shared<const ServedModel>(FakeServed("heart", "1", BinarySignature()));
  CHECK(Refusal(bare, rows.Call()).starts_with("model 'heart' has no rows to compare with"));
  ModelParts parts;
  parts.name = "closed";
  parts.engine = std::make_shared<FakeEngine>(BinarySignature());
  parts.signature = BinarySignature();
  parts.leaves_out_background = true;
  const auto closed =
      std::make_shared<const ServedModel>(ServedModel::Make(std::move(parts)).value());
  CHECK(Refusal(closed, rows.Call()) ==
        "model 'closed' was packaged without background rows (deployment: explanations: false)");

  InferenceCall late = rows.Call();
  late.deadline = MonotonicSeconds() - 1;
  Arena arena;
  CHECK(Ask(served, late, arena).error().code == Code::kDeadlineExceeded);
}

}  // namespace quern::serving
