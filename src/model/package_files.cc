#include "model/package_files.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "model/onnx_build.h"

namespace quern::model {
namespace {

constexpr const char* kPython = "3.11.7";
constexpr const char* kOnnxVersion = "1.15.0";

/// What a Python without Quern needs to score; any later version does.
constexpr const char* kRequirements[] = {"mlflow>=2.9", "numpy>=1.24", "onnx>=1.15",
                                         "onnxruntime>=1.17"};

json::value TensorEntry(std::string_view name, std::string_view dtype,
                        std::initializer_list<int64_t> shape) {
  json::array sizes;
  for (int64_t size : shape) sizes.emplace_back(size);
  return json::object{{"name", name},
                      {"type", "tensor"},
                      {"tensor-spec", json::object{{"dtype", dtype}, {"shape", std::move(sizes)}}}};
}

std::string InputsJson(const Signature& signature) {
  json::array inputs;
  for (const ml::InputColumn& input : signature.inputs) {
    inputs.push_back(TensorEntry(input.name, input.is_text ? "str" : "float64", {-1, 1}));
  }
  return WriteJson(inputs);
}

std::string OutputsJson(const Signature& signature) {
  if (!signature.classifies()) {
    return WriteJson(json::array{TensorEntry(kPredictionOutput, "float64", {-1, 1})});
  }
  ml::FittedPipeline labels;
  labels.classes = signature.classes;
  labels.numeric_classes = signature.numeric_classes;
  std::string_view dtype = "str";
  if (LabelTypeOf(labels) == LabelType::kInteger) dtype = "int64";
  if (LabelTypeOf(labels) == LabelType::kDouble) dtype = "float64";
  return WriteJson(json::array{TensorEntry(kLabelOutput, dtype, {-1}),
                               TensorEntry(kProbabilitiesOutput, "float64",
                                           {-1, static_cast<int64_t>(signature.classes.size())})});
}

/// A YAML single-quoted scalar.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + "'";
}

/// As Python writes a float: a whole number keeps its ".0", so that NumPy reads doubles.
std::string FloatText(double number) {
  if (!std::isfinite(number)) return "null";
  std::string text = ShortestDouble(number);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

std::string MlmodelText(const Signature& signature, const MlmodelFields& fields) {
  std::string created = fields.created;  // MLflow's form: a space for the T, no Z
  if (const size_t t = created.find('T'); t != std::string::npos) created[t] = ' ';
  if (created.ends_with('Z')) created.pop_back();
  return fmt::format(
      "flavors:\n"
      "  onnx:\n"
      "    code: null\n"
      "    data: model.onnx\n"
      "    onnx_session_options: null\n"
      "    onnx_version: {}\n"
      "    providers:\n"
      "    - CPUExecutionProvider\n"
      "  python_function:\n"
      "    data: model.onnx\n"
      "    env:\n"
      "      conda: conda.yaml\n"
      "      virtualenv: python_env.yaml\n"
      "    loader_module: mlflow.onnx\n"
      "    python_version: {}\n"
      "is_signature_from_type_hint: false\n"
      "metadata:\n"
      "  quern.digest: {}\n"
      "  quern.version: {}\n"
      "mlflow_version: {}\n"
      "model_id: null\n"
      "model_size_bytes: {}\n"
      "model_uuid: {}\n"
      "prompts: null\n"
      "saved_input_example_info:\n"
      "  artifact_path: input_example.json\n"
      "  serving_input_path: serving_input_example.json\n"
      "  type: ndarray\n"
      "signature:\n"
      "  inputs: {}\n"
      "  outputs: {}\n"
      "  params: null\n"
      "type_hint_from_example: false\n"
      "utc_time_created: {}\n",
      kOnnxVersion, kPython, Quoted(fields.digest), Quoted(QUERN_VERSION), kMlflowVersion,
      fields.bytes, Quoted(fields.model_uuid), Quoted(InputsJson(signature)),
      Quoted(OutputsJson(signature)), Quoted(created));
}

Result<std::string> ExampleText(const Signature& signature, const Frame& example) {
  if (example.rows() == 0) {
    return Fail(Code::kInvalidArgument, "a model package needs an example of at least one row");
  }
  std::string out = "{";
  for (const ml::InputColumn& input : signature.inputs) {
    const Column* column = example.Find(input.name);
    if (!column || column->is_text != input.is_text) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("the example has no {} column '{}'",
                              input.is_text ? "text" : "number", input.name));
    }
    out += fmt::format("{}{}: [", out.size() > 1 ? ", " : "", WriteJson(json::string(input.name)));
    for (size_t row = 0; row < example.rows(); ++row) {
      const std::string cell = input.is_text ? WriteJson(json::string(column->texts[row]))
                                             : FloatText(column->numbers[row]);
      out += fmt::format("{}[{}]", row ? ", " : "", cell);
    }
    out += "]";
  }
  return out + "}\n";
}

std::string ServingExampleText(const std::string& example) {
  return "{\"inputs\": " + std::string(Trim(example)) + "}\n";
}

std::string RequirementsText() {
  std::string text;
  for (const char* requirement : kRequirements) text += fmt::format("{}\n", requirement);
  return text;
}

std::string CondaText() {
  std::string text =
      fmt::format("channels:\n- conda-forge\ndependencies:\n- python={}\n- pip\n- pip:\n", kPython);
  for (const char* requirement : kRequirements) text += fmt::format("  - {}\n", requirement);
  return text + "name: mlflow-env\n";
}

std::string PythonEnvText() {
  return fmt::format(
      "python: {}\nbuild_dependencies:\n- pip\n- setuptools\n- wheel\n"
      "dependencies:\n- -r requirements.txt\n",
      kPython);
}

}  // namespace quern::model
