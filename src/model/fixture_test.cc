// Models of the field's exporters (tests/model/fixtures, made by its make_*.py), by both engines,
// against what ONNX Runtime answered in Python, or the framework that exported them.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <filesystem>

#include "base/fs.h"
#include "base/json.h"
#include "base/text.h"
#include "model/compiled_engine.h"
#include "model/onnx_file.h"
#include "model/ort_engine.h"
#include "tests/model/engine_compare.h"

namespace quern::model {
namespace {

const std::string kFolder = std::string(QUERN_SOURCE_DIR) + "/tests/model/fixtures";

/// A tensor as the fixture has it, with memory of its own.
class Stored {
 public:
  explicit Stored(const json::value& value) {
    const json::object& object = value.as_object();
    name_ = std::string(object.at("name").as_string());
    for (const json::value& d : object.at("shape").as_array())
      shape_.push_back(d.to_number<int64_t>());
    type_ = *ParseDataType(object.at("type").as_string());
    const json::array& data = object.at("data").as_array();
    bytes_.resize(data.size() * ElementSize(type_) / 8 + 1);
    texts_.reserve(data.size());
    for (size_t i = 0; i < data.size(); ++i) Put(i, data[i]);
  }
  const std::string& name() const { return name_; }
  TensorView view() const { return {type_, shape_, bytes_.data()}; }

 private:
  template <class T>
  void PutAs(size_t i, T value) {
    std::memcpy(reinterpret_cast<char*>(bytes_.data()) + i * sizeof(T), &value, sizeof(T));
  }
  void Put(size_t i, const json::value& value) {
    if (type_ == DataType::kBytes) {
      texts_.emplace_back(value.as_string());
      return PutAs(i, std::string_view(texts_.back()));
    }
    const double number = value.is_bool()     ? (value.as_bool() ? 1.0 : 0.0)
                          : value.is_string() ? std::strtod(value.as_string().c_str(), nullptr)
                                              : value.to_number<double>();
    switch (type_) {
      case DataType::kFp64:
        return PutAs(i, number);
      case DataType::kFp32:
        return PutAs(i, static_cast<float>(number));
      case DataType::kInt64:
      case DataType::kUint64:
        return PutAs(i, static_cast<int64_t>(number));
      case DataType::kInt32:
      case DataType::kUint32:
        return PutAs(i, static_cast<int32_t>(number));
      case DataType::kInt16:
      case DataType::kUint16:
        return PutAs(i, static_cast<int16_t>(number));
      // Half precision: the bits of 0, 1 and 100.
      case DataType::kFp16:
        return PutAs(i, static_cast<uint16_t>(number == 0 ? 0 : number == 1 ? 0x3C00 : 0x5640));
      default:
        return PutAs(i, static_cast<int8_t>(number));
    }
  }

  std::string name_;
  DataType type_ = DataType::kFp64;
  std::vector<int64_t> shape_;
  std::vector<uint64_t> bytes_;
  std::vector<std::string> texts_;
};

/// Rows, and what is to be answered.
struct Case {
  std::vector<Stored> inputs;
  std::vector<Stored> outputs;
};

struct Fixture {
  std::string onnx;
  std::string engine;
  std::vector<Case> cases;  // of different sizes where dimensions are open
};

Case ReadCase(const json::value& value) {
  Case read;
  for (const json::value& v : value.at("inputs").as_array()) read.inputs.emplace_back(v);
  for (const json::value& v : value.at("outputs").as_array()) read.outputs.emplace_back(v);
  return read;
}

Fixture Read(const std::string& name) {
  const auto text = RealFs().Read(kFolder + "/" + name + ".json");
  const auto onnx = ReadOnnxFile(kFolder + "/" + name + ".onnx", RealFs());
  REQUIRE(text.has_value());
  REQUIRE(onnx.has_value());
  const auto parsed = ParseJson(*text, {.name = name});
  REQUIRE(parsed.has_value());
  const json::object& document = parsed->as_object();
  Fixture fixture;
  fixture.onnx = *onnx;
  fixture.engine = std::string(document.at("engine").as_string());
  fixture.cases.push_back(ReadCase(*parsed));
  if (const json::value* other = document.if_contains("other"))
    fixture.cases.push_back(ReadCase(*other));
  return fixture;
}

/// What the engine answers for rows [first, first + count) of the case, against what is to be.
std::string Answer(const Engine& engine, const Case& wanted, size_t first, size_t count) {
  Arena arena;
  const auto part = [&](const TensorView& whole) {
    const std::span<int64_t> shape = arena.Make<int64_t>(whole.shape.size());
    std::copy(whole.shape.begin(), whole.shape.end(), shape.begin());
    const size_t row = whole.elements() / static_cast<size_t>(shape[0]) * ElementSize(whole.type);
    shape[0] = static_cast<int64_t>(count);
    return TensorView{whole.type, shape, static_cast<const char*>(whole.data) + first * row};
  };
  std::vector<TensorView> inputs;
  for (const TensorSpec& spec : engine.inputs()) {
    const auto found = std::find_if(wanted.inputs.begin(), wanted.inputs.end(),
                                    [&](const Stored& s) { return s.name() == spec.name; });
    if (found == wanted.inputs.end()) return "no input " + spec.name;
    inputs.push_back(part(found->view()));
  }
  std::vector<TensorView> outputs(engine.outputs().size());
  const Status run = engine.Run(inputs, arena, outputs);
  if (!run) return run.error().ToString();
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (engine.outputs()[i].name != wanted.outputs[i].name()) return "an output's name";
    const std::string difference = testing::Difference(outputs[i], part(wanted.outputs[i].view()));
    if (!difference.empty()) return engine.outputs()[i].name + ": " + difference;
  }
  return "";
}

void CheckEngine(const Engine& engine, const Fixture& fixture) {
  for (const Case& wanted : fixture.cases) {
    const auto rows = static_cast<size_t>(wanted.inputs[0].view().shape[0]);
    CHECK(Answer(engine, wanted, 0, rows) == "");
    for (size_t row = 0; row < rows; ++row) CHECK(Answer(engine, wanted, row, 1) == "");
  }
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".onnx") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST_CASE("Exported models: ONNX Runtime answers what was answered in Python") {
  REQUIRE(Names().size() > 20);
  for (const std::string& name : Names()) {
    CAPTURE(name);
    const Fixture fixture = Read(name);
    const auto engine = MakeOnnxRuntimeEngine(fixture.onnx);
    REQUIRE_MESSAGE(engine.has_value(), engine.error().ToString());
    CheckEngine(**engine, fixture);
  }
}

TEST_CASE("Exported tabular models are compiled and answer the same") {
  for (const std::string& name : Names()) {
    CAPTURE(name);
    const Fixture fixture = Read(name);
    const auto compiled = CompileModel(fixture.onnx);
    if (fixture.engine == "compiled") {
      CHECK_MESSAGE(compiled.has_value(), compiled.error().ToString());
    }
    if (fixture.engine == "onnxruntime") {
      REQUIRE(!compiled.has_value());
      CHECK(compiled.error().code == Code::kUnimplemented);
    }
    if (compiled) CheckEngine(*compiled->engine, fixture);
  }
}

TEST_CASE("Inputs of another type, rank or width are refused by name, by both engines") {
  const Fixture fixture = Read("skl_logistic_binary");
  const std::shared_ptr<const Engine> engines[] = {CompileModel(fixture.onnx)->engine,
                                                   *MakeOnnxRuntimeEngine(fixture.onnx)};
  const std::vector<double> doubles(10);
  const std::vector<float> floats(10);
  const std::vector<int64_t> wide = {2, 5};
  const std::vector<int64_t> narrow = {2, 4};
  const std::vector<int64_t> flat = {10};
  for (const auto& engine : engines) {
    for (const TensorView& view : {TensorView{DataType::kFp64, wide, doubles.data()},
                                   TensorView{DataType::kFp32, narrow, floats.data()},
                                   TensorView{DataType::kFp32, flat, floats.data()}}) {
      Arena arena;
      std::vector<TensorView> outputs(engine->outputs().size());
      const Status run = engine->Run({&view, 1}, arena, outputs);
      REQUIRE(!run.has_value());
      CHECK(run.error().code == Code::kInvalidArgument);
      CHECK(run.error().message.find("input 'X' is FP32") != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace quern::model
