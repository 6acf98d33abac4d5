#include "serving/inference.h"

#include <doctest/doctest.h>

#include <cmath>

#include "serving/fake_engine.h"

namespace quern::serving {
namespace {

/// An engine of one input [-1, width] that answers the sum of each row; like a stranger's model.
class MatrixEngine : public model::Engine {
 public:
  explicit MatrixEngine(int64_t width, DataType type = DataType::kFp32) {
    inputs_ = {{"float_input", type, {-1, width}}};
  }
  model::EngineKind kind() const override { return model::EngineKind::kOnnxRuntime; }
  const std::vector<TensorSpec>& inputs() const override { return inputs_; }
  const std::vector<TensorSpec>& outputs() const override { return outputs_; }
  Status Run(std::span<const TensorView> inputs, Arena& arena,
             std::span<TensorView> outputs) const override {
    const TensorView& in = inputs[0];
    const auto rows = static_cast<size_t>(in.shape[0]);
    const auto width = static_cast<size_t>(in.shape[1]);
    std::span<float> sums = arena.Make<float>(rows);
    for (size_t row = 0; row < rows; ++row) {
      sums[row] = 0;
      for (size_t i = 0; i < width; ++i) sums[row] += in.values<float>()[row * width + i];
    }
    outputs[0] = {DataType::kFp32, in.shape.first(1), sums.data()};
    return {};
  }

 private:
  std::vector<TensorSpec> inputs_;
  std::vector<TensorSpec> outputs_{{"variable", DataType::kFp32, {-1}}};
};

/// A model whose package names one class more than its graph scores; the graph says so, or not.
class NarrowEngine : public FakeEngine {
 public:
  explicit NarrowEngine(bool open)
      : FakeEngine(BinarySignature()), outputs_(FakeEngine::outputs()) {
    if (open) outputs_[1].shape = {-1, -1};
  }
  const std::vector<TensorSpec>& outputs() const override { return outputs_; }

 private:
  std::vector<TensorSpec> outputs_;
};

struct InferenceFixture {
  Catalog catalog;
  ManualClock clock{5000};
  InferenceService service{catalog, clock, nullptr, {2, 64}};
  Arena arena;

  InferenceFixture() {
    REQUIRE(catalog.Add(FakeServed("heart", "1", BinarySignature())));
    REQUIRE(catalog.Add(FakeServed("price", "1", RegressionSignature())));
  }
  ServedModelPtr Matrix(int64_t width, std::vector<std::string> columns) {
    ModelParts parts{"matrix", "1", std::make_shared<MatrixEngine>(width), {}, {}, {}, "", 0};
    if (!columns.empty()) {
      parts.mlflow.emplace();
      for (std::string& name : columns) parts.mlflow->inputs.push_back({name, "double", true});
    }
    return std::make_shared<const ServedModel>(ServedModel::Make(std::move(parts)).value());
  }
  std::string Refusal(const InferenceCall& call) {
    auto answer = service.Infer(call, arena);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == Code::kInvalidArgument);
    return answer.error().message;
  }
};

/// Tensors of a call, kept.
struct Tensors {
  std::vector<NamedTensor> list;
  std::vector<std::vector<int64_t>> shapes;
  Tensors() { shapes.reserve(64); }
  Tensors& Add(std::string_view name, DataType type, std::vector<int64_t> shape, const void* data) {
    shapes.push_back(std::move(shape));
    list.push_back({name, {type, shapes.back(), data}});
    return *this;
  }
};

const double kX[] = {0, std::nan("")};
const int16_t kFlag[] = {1, 0};
const std::string_view kSex[] = {"yes", "no"};

TEST_CASE("columns by name, in any order and of any width of number") {
  InferenceFixture fixture;
  Tensors tensors;
  tensors.Add("sex", DataType::kBytes, {2, 1}, kSex)
      .Add("extra", DataType::kFp64, {7}, kX)
      .Add("flag", DataType::kInt16, {2}, kFlag)
      .Add("x", DataType::kFp64, {2}, kX);
  InferenceCall call;
  call.model = "heart";
  call.inputs = tensors.list;
  auto answer = fixture.service.Infer(call, fixture.arena).value();
  CHECK(answer.rows == 2);
  REQUIRE(answer.outputs.size() == 2);
  CHECK(answer.outputs[0].tensor.values<int64_t>()[0] == 1);
  CHECK(answer.outputs[1].tensor.values<double>()[1] == 1 / (1 + std::exp(-2.0)));
  CHECK(answer.outputs[1].tensor.values<double>()[3] == 0.5);
  CHECK(answer.prediction_ids.empty());
  const ModelMetrics::Totals totals = answer.model->metrics().Sum();
  CHECK(totals.rows == 2);
  CHECK(totals.executions == 1);
  CHECK(totals.missing == std::vector<uint64_t>{1, 0, 0});
  CHECK(totals.classes == std::vector<uint64_t>{0, 2});
  CHECK(totals.last_ms == 5000);
}

TEST_CASE("one matrix for all columns, of numbers or of texts") {
  InferenceFixture fixture;
  const float numbers[] = {1, 2, NAN, 4};
  Tensors tensors;
  tensors.Add("whatever", DataType::kFp32, {2, 2}, numbers);
  InferenceCall call;
  call.model = "price";
  call.inputs = tensors.list;
  auto answer = fixture.service.Infer(call, fixture.arena).value();
  CHECK(answer.outputs[0].tensor.values<double>()[0] == 3);
  CHECK(answer.outputs[0].tensor.values<double>()[1] == 4);
  const std::string_view texts[] = {"1", "true", " yes ", "", "NA", "x"};
  Tensors mixed;
  mixed.Add("in", DataType::kBytes, {2, 3}, texts);
  call.model = "heart";
  call.inputs = mixed.list;
  answer = fixture.service.Infer(call, fixture.arena).value();
  CHECK(answer.outputs[1].tensor.values<double>()[1] == 1 / (1 + std::exp(-3.0)));
  CHECK(answer.outputs[1].tensor.values<double>()[3] == 0.5);
  call.columns_only = true;
  CHECK(fixture.Refusal(call) == "missing input 'x', 'flag', 'sex': the model takes 3 inputs");
}

TEST_CASE("what does not fit is named") {
  InferenceFixture fixture;
  InferenceCall call;
  call.model = "heart";
  auto refused = [&](DataType type, std::vector<int64_t> shape, const void* x) {
    Tensors tensors;
    tensors.Add("x", type, std::move(shape), x)
        .Add("flag", DataType::kInt16, {2}, kFlag)
        .Add("sex", DataType::kBytes, {2}, kSex);
    call.inputs = tensors.list;
    return fixture.Refusal(call);
  };
  const double infinite[] = {1, INFINITY};
  CHECK(refused(DataType::kFp64, {2}, infinite) ==
        "input 'x', row 1: expected a number, got an infinite one");
  CHECK(refused(DataType::kBytes, {2}, kSex) ==
        "input 'x', row 0: expected a number, got the text 'yes'");
  CHECK(refused(DataType::kFp64, {1}, kX) == "input 'flag' has 2 rows, the first one 1");
  CHECK(refused(DataType::kFp64, {1, 2}, kX) ==
        "input 'x' has shape [1,2], a column has [N] or [N,1]");
  Tensors tensors;
  tensors.Add("sex", DataType::kInt16, {2}, kFlag)
      .Add("x", DataType::kFp64, {2}, kX)
      .Add("flag", DataType::kInt16, {2}, kFlag);
  call.inputs = tensors.list;
  CHECK(fixture.Refusal(call) == "input 'sex', row 0: expected text, got the number 1");
  tensors.Add("x", DataType::kFp64, {2}, kX);
  call.inputs = tensors.list;
  CHECK(fixture.Refusal(call) == "input 'x' twice");
  Tensors empty;
  empty.Add("x", DataType::kFp64, {0}, kX)
      .Add("flag", DataType::kInt16, {0}, kFlag)
      .Add("sex", DataType::kBytes, {0}, kSex);
  call.inputs = empty.list;
  CHECK(fixture.Refusal(call) == "the request holds no rows");
  Tensors wide;
  wide.Add("in", DataType::kFp64, {1, 2}, kX);
  call.inputs = wide.list;
  CHECK(fixture.Refusal(call) == "input 'in' has 2 columns, the model takes 3");
  call.model = "lung";
  CHECK(fixture.service.Infer(call, fixture.arena).error().code == Code::kNotFound);
}

TEST_CASE("outputs wanted, parameters of a classifier, a deadline") {
  InferenceFixture fixture;
  Tensors tensors;
  tensors.Add("x", DataType::kFp64, {2}, kX)
      .Add("flag", DataType::kInt16, {2}, kFlag)
      .Add("sex", DataType::kBytes, {2}, kSex);
  InferenceCall call;
  call.model = "heart";
  call.inputs = tensors.list;
  const std::string_view wanted[] = {"probabilities"};
  call.outputs = wanted;
  auto answer = fixture.service.Infer(call, fixture.arena).value();
  REQUIRE(answer.outputs.size() == 1);
  CHECK(answer.outputs[0].name == "probabilities");
  const std::string_view unknown[] = {"labels"};
  call.outputs = unknown;
  CHECK(fixture.Refusal(call) == "unexpected output 'labels'");
  call.outputs = {};
  const Parameter parameters[] = {{"threshold", 0.9}, {"probabilities", false}, {"other", true}};
  call.parameters = parameters;
  answer = fixture.service.Infer(call, fixture.arena).value();
  REQUIRE(answer.outputs.size() == 1);
  CHECK(answer.outputs[0].tensor.values<int64_t>()[0] == 0);
  const Parameter wrong[] = {{"threshold", 1.5}};
  call.parameters = wrong;
  CHECK(fixture.Refusal(call) == "parameter 'threshold' must be a number from 0 to 1");
  call.parameters = {};
  call.deadline = MonotonicSeconds() - 1;
  CHECK(fixture.service.Infer(call, fixture.arena).error().code == Code::kDeadlineExceeded);
}

TEST_CASE("a package of more classes than its graph scores is refused, where the graph says") {
  for (const bool open : {false, true}) {
    ModelParts parts;
    parts.name = "heart";
    parts.engine = std::make_shared<NarrowEngine>(open);
    parts.signature = BinarySignature();
    parts.signature->classes.emplace_back("2");
    parts.signature->task = ml::Task::kMulticlass;
    const auto made = ServedModel::Make(std::move(parts));
    REQUIRE(made.has_value() == open);
    if (open) continue;
    CHECK(made.error().code == Code::kInvalidArgument);
    CHECK(made.error().message ==
          "model 'heart': its signature does not fit its graph: it names 3 classes, the graph "
          "scores 2");
  }
}

TEST_CASE("a large batch is split, and every row answered as by itself") {
  InferenceFixture fixture;
  constexpr size_t kRows = 5000;
  std::vector<double> x(kRows);
  std::vector<std::string_view> sex(kRows, "no");
  for (size_t i = 0; i < kRows; ++i) x[i] = 0.001 * static_cast<double>(i) - 2;
  Tensors tensors;
  tensors.Add("x", DataType::kFp64, {kRows}, x.data())
      .Add("flag", DataType::kFp64, {kRows}, x.data())
      .Add("sex", DataType::kBytes, {kRows}, sex.data());
  InferenceCall call;
  call.model = "heart";
  call.inputs = tensors.list;
  CHECK(fixture.service.MayTakeLong(kRows * 3));
  CHECK_FALSE(fixture.service.MayTakeLong(3));
  auto answer = fixture.service.Infer(call, fixture.arena).value();
  REQUIRE(answer.outputs[1].tensor.elements() == kRows * 2);
  for (size_t i = 0; i < kRows; ++i) {
    REQUIRE(answer.outputs[1].tensor.values<double>()[i * 2 + 1] == 1 / (1 + std::exp(-2 * x[i])));
  }
}

TEST_CASE("a stranger's model of one matrix: by its own name, or by the columns of its signature") {
  InferenceFixture fixture;
  const double a[] = {1, 2};
  const int32_t b[] = {10, 20};
  Tensors columns;
  columns.Add("b", DataType::kInt32, {2}, b).Add("a", DataType::kFp64, {2, 1}, a);
  InferenceCall call;
  call.inputs = columns.list;
  auto answer = fixture.service.Infer(fixture.Matrix(2, {"a", "b"}), call, fixture.arena).value();
  CHECK(answer.outputs[0].tensor.values<float>()[1] == 22);
  auto nameless = fixture.service.Infer(fixture.Matrix(2, {}), call, fixture.arena);
  CHECK(nameless.error().message ==
        "missing input 'float_input': the model takes 1 input, of shape [-1,2]");
  const double matrix[] = {1, 2, 3, 4};
  Tensors whole;
  whole.Add("float_input", DataType::kFp64, {2, 2}, matrix);
  call.inputs = whole.list;
  answer = fixture.service.Infer(fixture.Matrix(2, {}), call, fixture.arena).value();
  CHECK(answer.outputs[0].tensor.values<float>()[1] == 7);
  CHECK(fixture.service.Infer(fixture.Matrix(3, {}), call, fixture.arena).error().message ==
        "input 'float_input' has 2 columns, the model takes 3");
  const std::string_view texts[] = {"1", "2", "3", "4", "5", "six"};
  const double large[] = {1, 2, 3, 1e300, 5, 6};
  const auto refused = [&](DataType type, const void* data) {
    Tensors wrong;
    wrong.Add("float_input", type, {2, 3}, data);
    call.inputs = wrong.list;
    return fixture.service.Infer(fixture.Matrix(3, {}), call, fixture.arena).error().message;
  };
  CHECK(refused(DataType::kBytes, texts) ==
        "input 'float_input', row 1, column 2: expected a number, got the text 'six'");
  CHECK(refused(DataType::kFp64, large) ==
        "input 'float_input', row 1, column 0: 1e+300 does not fit FP32");
  call.inputs = whole.list;
  CHECK(fixture.service.Infer(fixture.Matrix(-1, {}), call, fixture.arena).has_value());
}

}  // namespace
}  // namespace quern::serving
