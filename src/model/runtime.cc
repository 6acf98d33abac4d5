#include "model/runtime.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "model/ort_api.h"

namespace quern::model {
namespace {

/// What the process shares: the table, the environment, the CPU's memory. Made once, never
/// destroyed, since sessions may outlive static destructors.
struct Library {
  const ort::Api* api = nullptr;
  ort::Env* env = nullptr;
  ort::MemoryInfo* memory = nullptr;
  ort::Allocator* allocator = nullptr;
  std::string problem;
};

std::string TakeMessage(const ort::Api* api, ort::Status* status) {
  std::string message = api->GetErrorMessage(status);
  api->ReleaseStatus(status);
  return message;
}

Library OpenLibrary() {
  Library library;
  const ort::ApiBase* base = OrtGetApiBase();
  library.api = base->GetApi(ort::kApiVersion);
  if (!library.api) {
    library.problem = fmt::format("ONNX Runtime {} does not serve API {}", base->GetVersionString(),
                                  ort::kApiVersion);
    return library;
  }
  const ort::Api* api = library.api;
  ort::Status* status = api->CreateEnv(ort::kLogError, "quern", &library.env);
  if (!status) {
    status = api->CreateCpuMemoryInfo(ort::kArenaAllocator, ort::kMemTypeDefault, &library.memory);
  }
  if (!status) status = api->GetAllocatorWithDefaultOptions(&library.allocator);
  if (status) library.problem = TakeMessage(api, status);
  return library;
}

const Library& TheLibrary() {
  static const Library& library = *new Library(OpenLibrary());
  return library;
}

Status Ok(ort::Status* status, Code code, std::string_view what) {
  if (!status) return {};
  return Fail(code, fmt::format("{}: {}", what, TakeMessage(TheLibrary().api, status)));
}

/// Owns a handle of the library.
template <class T, auto kRelease>
struct Releaser {
  void operator()(T* handle) const { (TheLibrary().api->*kRelease)(handle); }
};
using SessionPtr = std::unique_ptr<ort::Session, Releaser<ort::Session, &ort::Api::ReleaseSession>>;
using OptionsPtr = std::unique_ptr<ort::SessionOptions,
                                   Releaser<ort::SessionOptions, &ort::Api::ReleaseSessionOptions>>;
using ValuePtr = std::unique_ptr<ort::Value, Releaser<ort::Value, &ort::Api::ReleaseValue>>;
using TypePtr = std::unique_ptr<ort::TypeInfo, Releaser<ort::TypeInfo, &ort::Api::ReleaseTypeInfo>>;
using TensorInfoPtr =
    std::unique_ptr<ort::TensorInfo, Releaser<ort::TensorInfo, &ort::Api::ReleaseTensorInfo>>;

ElementType FromOrt(ort::ElementType type) {
  switch (type) {
    case ort::kDouble:
      return ElementType::kDouble;
    case ort::kFloat:
      return ElementType::kFloat;
    case ort::kInt64:
      return ElementType::kInt64;
    case ort::kInt32:
      return ElementType::kInt32;
    case ort::kBool:
      return ElementType::kBool;
    case ort::kString:
      return ElementType::kString;
    default:
      return ElementType::kOther;
  }
}

Result<OptionsPtr> MakeOptions() {
  const ort::Api* api = TheLibrary().api;
  ort::SessionOptions* raw = nullptr;
  QUERN_TRY(Ok(api->CreateSessionOptions(&raw), Code::kInternal, "session options"));
  OptionsPtr options(raw);
  QUERN_TRY(Ok(api->SetIntraOpNumThreads(raw, 1), Code::kInternal, "session options"));
  QUERN_TRY(Ok(api->SetInterOpNumThreads(raw, 1), Code::kInternal, "session options"));
  QUERN_TRY(
      Ok(api->SetSessionLogSeverityLevel(raw, ort::kLogError), Code::kInternal, "session options"));
  QUERN_TRY(Ok(api->SetSessionGraphOptimizationLevel(raw, ort::kOptimizeAll), Code::kInternal,
               "session options"));
  return options;
}

Result<TensorSpec> ReadSpec(ort::Session* session, size_t index, bool input) {
  const Library& library = TheLibrary();
  const ort::Api* api = library.api;
  char* name = nullptr;
  QUERN_TRY(Ok((input ? api->SessionGetInputName : api->SessionGetOutputName)(
                   session, index, library.allocator, &name),
               Code::kInternal, "signature"));
  TensorSpec spec;
  spec.name = name;
  QUERN_TRY(Ok(api->AllocatorFree(library.allocator, name), Code::kInternal, "signature"));
  ort::TypeInfo* raw = nullptr;
  QUERN_TRY(Ok(
      (input ? api->SessionGetInputTypeInfo : api->SessionGetOutputTypeInfo)(session, index, &raw),
      Code::kInternal, "signature"));
  TypePtr type(raw);
  const ort::TensorInfo* info = nullptr;
  QUERN_TRY(Ok(api->CastTypeInfoToTensorInfo(raw, &info), Code::kInternal, "signature"));
  if (!info) return spec;  // a sequence or a map: kOther
  ort::ElementType element = ort::kUndefined;
  QUERN_TRY(Ok(api->GetTensorElementType(info, &element), Code::kInternal, "signature"));
  spec.type = FromOrt(element);
  size_t rank = 0;
  QUERN_TRY(Ok(api->GetDimensionsCount(info, &rank), Code::kInternal, "signature"));
  spec.shape.resize(rank);
  QUERN_TRY(Ok(api->GetDimensions(info, spec.shape.data(), rank), Code::kInternal, "signature"));
  return spec;
}

Result<ValuePtr> MakeInput(const InputView& view, int64_t rows) {
  const Library& library = TheLibrary();
  const int64_t shape[2] = {rows, 1};
  ort::Value* raw = nullptr;
  if (const auto* numbers = std::get_if<std::span<const double>>(&view)) {
    // The runtime does not write to inputs; its signature only lacks the const.
    auto* data = const_cast<double*>(numbers->data());
    QUERN_TRY(Ok(library.api->CreateTensorWithDataAsOrtValue(
                     library.memory, data, numbers->size_bytes(), shape, 2, ort::kDouble, &raw),
                 Code::kInternal, "input tensor"));
    return ValuePtr(raw);
  }
  const auto& texts = std::get<std::span<const std::string>>(view);
  QUERN_TRY(Ok(library.api->CreateTensorAsOrtValue(library.allocator, shape, 2, ort::kString, &raw),
               Code::kInternal, "input tensor"));
  ValuePtr value(raw);
  std::vector<const char*> pointers(texts.size());
  std::transform(texts.begin(), texts.end(), pointers.begin(),
                 [](const std::string& text) { return text.c_str(); });
  QUERN_TRY(Ok(library.api->FillStringTensor(raw, pointers.data(), pointers.size()),
               Code::kInternal, "input tensor"));
  return value;
}

Result<std::vector<std::string>> ReadTexts(ort::Value* value, size_t count) {
  const ort::Api* api = TheLibrary().api;
  size_t bytes = 0;
  QUERN_TRY(Ok(api->GetStringTensorDataLength(value, &bytes), Code::kInternal, "text output"));
  std::string buffer(bytes, '\0');
  std::vector<size_t> offsets(count + 1, bytes);
  QUERN_TRY(Ok(api->GetStringTensorContent(value, buffer.data(), bytes, offsets.data(), count),
               Code::kInternal, "text output"));
  std::vector<std::string> texts(count);
  for (size_t i = 0; i < count; ++i) {
    texts[i] = buffer.substr(offsets[i], offsets[i + 1] - offsets[i]);
  }
  return texts;
}

template <class From, class To>
std::vector<To> CopyAs(const void* data, size_t count) {
  const From* from = static_cast<const From*>(data);
  return std::vector<To>(from, from + count);
}

Result<Tensor> ReadOutput(ort::Value* value, const TensorSpec& spec) {
  const ort::Api* api = TheLibrary().api;
  ort::TensorInfo* raw = nullptr;
  QUERN_TRY(Ok(api->GetTensorTypeAndShape(value, &raw), Code::kInternal, spec.name));
  TensorInfoPtr info(raw);
  size_t rank = 0;
  size_t count = 0;
  QUERN_TRY(Ok(api->GetDimensionsCount(raw, &rank), Code::kInternal, spec.name));
  Tensor tensor;
  tensor.shape.resize(rank);
  QUERN_TRY(Ok(api->GetDimensions(raw, tensor.shape.data(), rank), Code::kInternal, spec.name));
  QUERN_TRY(Ok(api->GetTensorShapeElementCount(raw, &count), Code::kInternal, spec.name));
  if (spec.type == ElementType::kString) {
    QUERN_ASSIGN(tensor.values, ReadTexts(value, count));
    return tensor;
  }
  void* data = nullptr;
  QUERN_TRY(Ok(api->GetTensorMutableData(value, &data), Code::kInternal, spec.name));
  switch (spec.type) {
    case ElementType::kDouble:
      tensor.values = CopyAs<double, double>(data, count);
      break;
    case ElementType::kFloat:
      tensor.values = CopyAs<float, double>(data, count);
      break;
    case ElementType::kInt64:
      tensor.values = CopyAs<int64_t, int64_t>(data, count);
      break;
    case ElementType::kInt32:
      tensor.values = CopyAs<int32_t, int64_t>(data, count);
      break;
    case ElementType::kBool:
      tensor.values = CopyAs<bool, int64_t>(data, count);
      break;
    default:
      return Fail(Code::kUnimplemented,
                  fmt::format("output '{}' is of a type that is not read here", spec.name),
                  "export the model with float, double, integer, boolean or text outputs");
  }
  return tensor;
}

}  // namespace

struct OnnxModel::State {
  SessionPtr session;
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  std::vector<const char*> input_names;  // into `inputs`
  std::vector<const char*> output_names;

  Status ReadSignature() {
    const ort::Api* api = TheLibrary().api;
    size_t input_count = 0;
    size_t output_count = 0;
    QUERN_TRY(
        Ok(api->SessionGetInputCount(session.get(), &input_count), Code::kInternal, "signature"));
    QUERN_TRY(
        Ok(api->SessionGetOutputCount(session.get(), &output_count), Code::kInternal, "signature"));
    for (size_t i = 0; i < input_count; ++i) {
      QUERN_ASSIGN(TensorSpec spec, ReadSpec(session.get(), i, true));
      inputs.push_back(std::move(spec));
    }
    for (size_t i = 0; i < output_count; ++i) {
      QUERN_ASSIGN(TensorSpec spec, ReadSpec(session.get(), i, false));
      outputs.push_back(std::move(spec));
    }
    for (const TensorSpec& spec : inputs) input_names.push_back(spec.name.c_str());
    for (const TensorSpec& spec : outputs) output_names.push_back(spec.name.c_str());
    return {};
  }
};

std::string_view ElementTypeName(ElementType type) {
  switch (type) {
    case ElementType::kDouble:
      return "float64";
    case ElementType::kFloat:
      return "float32";
    case ElementType::kInt64:
      return "int64";
    case ElementType::kInt32:
      return "int32";
    case ElementType::kBool:
      return "bool";
    case ElementType::kString:
      return "str";
    case ElementType::kOther:
      break;
  }
  return "other";
}

std::string RuntimeVersion() { return OrtGetApiBase()->GetVersionString(); }

OnnxModel::OnnxModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
OnnxModel::~OnnxModel() = default;
const std::vector<TensorSpec>& OnnxModel::inputs() const { return state_->inputs; }
const std::vector<TensorSpec>& OnnxModel::outputs() const { return state_->outputs; }

Result<std::unique_ptr<OnnxModel>> OnnxModel::Load(std::string_view bytes) {
  const Library& library = TheLibrary();
  if (!library.problem.empty()) {
    return Fail(Code::kFailedPrecondition, library.problem, "install ONNX Runtime 1.17 or newer");
  }
  QUERN_ASSIGN(OptionsPtr options, MakeOptions());
  ort::Session* raw = nullptr;
  QUERN_TRY(Ok(library.api->CreateSessionFromArray(library.env, bytes.data(), bytes.size(),
                                                   options.get(), &raw),
               Code::kInvalidArgument, "ONNX Runtime does not load the model"));
  auto state = std::make_unique<State>();
  state->session.reset(raw);
  QUERN_TRY(state->ReadSignature());
  return std::unique_ptr<OnnxModel>(new OnnxModel(std::move(state)));
}

Result<std::unique_ptr<OnnxModel>> OnnxModel::LoadFile(const std::string& path) {
  const Library& library = TheLibrary();
  if (!library.problem.empty()) {
    return Fail(Code::kFailedPrecondition, library.problem, "install ONNX Runtime 1.17 or newer");
  }
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    return Fail(Code::kNotFound, fmt::format("no model file '{}'", path));
  }
  QUERN_ASSIGN(OptionsPtr options, MakeOptions());
  ort::Session* raw = nullptr;
  QUERN_TRY(Ok(library.api->CreateSession(library.env, path.c_str(), options.get(), &raw),
               Code::kInvalidArgument, fmt::format("ONNX Runtime does not load '{}'", path)));
  auto state = std::make_unique<State>();
  state->session.reset(raw);
  QUERN_TRY(state->ReadSignature());
  return std::unique_ptr<OnnxModel>(new OnnxModel(std::move(state)));
}

Result<std::vector<Tensor>> OnnxModel::Run(std::span<const InputView> views, size_t rows) const {
  const State& state = *state_;
  if (views.size() != state.inputs.size()) {
    return Fail(Code::kInvalidArgument, fmt::format("the model takes {} inputs, got {}",
                                                    state.inputs.size(), views.size()));
  }
  std::vector<ValuePtr> values;
  std::vector<const ort::Value*> inputs;
  for (size_t i = 0; i < views.size(); ++i) {
    const TensorSpec& spec = state.inputs[i];
    const bool is_text = std::holds_alternative<std::span<const std::string>>(views[i]);
    const size_t size = std::visit([](const auto& view) { return view.size(); }, views[i]);
    if (spec.type != (is_text ? ElementType::kString : ElementType::kDouble)) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("input '{}' is {}, got {}", spec.name, ElementTypeName(spec.type),
                              is_text ? "str" : "float64"));
    }
    if (size != rows || rows == 0) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("input '{}' has {} values for {} rows", spec.name, size, rows));
    }
    QUERN_ASSIGN(ValuePtr value, MakeInput(views[i], static_cast<int64_t>(rows)));
    inputs.push_back(value.get());
    values.push_back(std::move(value));
  }
  std::vector<ort::Value*> raw(state.outputs.size(), nullptr);
  Status run = Ok(
      TheLibrary().api->Run(state.session.get(), nullptr, state.input_names.data(), inputs.data(),
                            inputs.size(), state.output_names.data(), raw.size(), raw.data()),
      Code::kInternal, "inference");
  std::vector<ValuePtr> owned;
  for (ort::Value* value : raw) owned.emplace_back(value);
  QUERN_TRY(run);
  std::vector<Tensor> outputs;
  for (size_t i = 0; i < owned.size(); ++i) {
    QUERN_ASSIGN(Tensor tensor, ReadOutput(owned[i].get(), state.outputs[i]));
    outputs.push_back(std::move(tensor));
  }
  return outputs;
}

}  // namespace quern::model
