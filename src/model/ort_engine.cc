#include "model/ort_engine.h"

#include <fmt/format.h>

#include <cstring>
#include <optional>

#include "model/onnx_read.h"
#include "model/onnx_types.h"
#include "model/ort_library.h"

namespace quern::model {
namespace {

using ort::Check;
using ort::TheLibrary;

Result<ort::OptionsPtr> MakeOptions() {
  const ort::Api* api = TheLibrary().api;
  ort::SessionOptions* raw = nullptr;
  QUERN_TRY(Check(api->CreateSessionOptions(&raw), Code::kInternal, "session options"));
  ort::OptionsPtr options(raw);
  for (ort::Status* status : {api->SetIntraOpNumThreads(raw, 1), api->SetInterOpNumThreads(raw, 1),
                              api->SetSessionLogSeverityLevel(raw, ort::kLogError),
                              api->SetSessionGraphOptimizationLevel(raw, ort::kOptimizeAll)}) {
    QUERN_TRY(Check(status, Code::kInternal, "session options"));
  }
  return options;
}

Result<TensorSpec> ReadSpec(ort::Session* session, size_t index, bool input) {
  const ort::Library& library = TheLibrary();
  const ort::Api* api = library.api;
  char* name = nullptr;
  QUERN_TRY(Check((input ? api->SessionGetInputName : api->SessionGetOutputName)(
                      session, index, library.allocator, &name),
                  Code::kInternal, "signature"));
  TensorSpec spec;
  spec.name = name;
  QUERN_TRY(Check(api->AllocatorFree(library.allocator, name), Code::kInternal, "signature"));
  ort::TypeInfo* raw = nullptr;
  QUERN_TRY(Check(
      (input ? api->SessionGetInputTypeInfo : api->SessionGetOutputTypeInfo)(session, index, &raw),
      Code::kInternal, "signature"));
  const ort::TypePtr type(raw);
  const ort::TensorInfo* info = nullptr;
  QUERN_TRY(Check(api->CastTypeInfoToTensorInfo(raw, &info), Code::kInternal, "signature"));
  std::optional<DataType> known;
  if (info) {
    ort::ElementType element = 0;
    QUERN_TRY(Check(api->GetTensorElementType(info, &element), Code::kInternal, "signature"));
    known = FromOnnxType(element);
  }
  if (!known) {
    return Fail(Code::kInvalidArgument,
                fmt::format("{} '{}' is a sequence, a map or of a type that cannot be served",
                            input ? "input" : "output", spec.name),
                "export the model with tensors of numbers, booleans or text");
  }
  spec.type = *known;
  size_t rank = 0;
  QUERN_TRY(Check(api->GetDimensionsCount(info, &rank), Code::kInternal, "signature"));
  spec.shape.resize(rank);
  QUERN_TRY(Check(api->GetDimensions(info, spec.shape.data(), rank), Code::kInternal, "signature"));
  return spec;
}

/// The runtime wants every text to end with a NUL.
Status FillTexts(const TensorSpec& spec, const TensorView& view, ort::Value* value, Arena& arena) {
  const auto texts = view.values<std::string_view>();
  const std::span<const char*> pointers = arena.Make<const char*>(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string_view text = texts[i];
    if (text.find('\0') != std::string_view::npos) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("input '{}': text {} holds a NUL character", spec.name, i + 1));
    }
    const std::span<char> copy = arena.Make<char>(text.size() + 1);
    if (!text.empty()) std::memcpy(copy.data(), text.data(), text.size());
    copy[text.size()] = '\0';
    pointers[i] = copy.data();
  }
  return Check(TheLibrary().api->FillStringTensor(value, pointers.data(), pointers.size()),
               Code::kInternal, "input tensor");
}

Result<ort::ValuePtr> MakeInput(const TensorSpec& spec, const TensorView& view, Arena& arena) {
  const ort::Library& library = TheLibrary();
  ort::Value* raw = nullptr;
  if (view.type == DataType::kBytes) {
    QUERN_TRY(
        Check(library.api->CreateTensorAsOrtValue(library.allocator, view.shape.data(),
                                                  view.shape.size(), OnnxType(view.type), &raw),
              Code::kInternal, "input tensor"));
    ort::ValuePtr value(raw);
    QUERN_TRY(FillTexts(spec, view, raw, arena));
    return value;
  }
  static char nothing = 0;  // the runtime refuses a null pointer even for no elements
  // It does not write to inputs; its signature only lacks the const.
  void* data = view.data ? const_cast<void*>(view.data) : &nothing;
  QUERN_TRY(Check(library.api->CreateTensorWithDataAsOrtValue(
                      library.memory, data, view.elements() * ElementSize(view.type),
                      view.shape.data(), view.shape.size(), OnnxType(view.type), &raw),
                  Code::kInternal, "input tensor"));
  return ort::ValuePtr(raw);
}

Result<const void*> ReadTexts(ort::Value* value, size_t count, Arena& arena) {
  const ort::Api* api = TheLibrary().api;
  size_t bytes = 0;
  QUERN_TRY(Check(api->GetStringTensorDataLength(value, &bytes), Code::kInternal, "text output"));
  const std::span<char> buffer = arena.Make<char>(bytes + 1);
  const std::span<size_t> offsets = arena.Make<size_t>(count + 1);
  QUERN_TRY(Check(api->GetStringTensorContent(value, buffer.data(), bytes, offsets.data(), count),
                  Code::kInternal, "text output"));
  offsets[count] = bytes;
  const std::span<std::string_view> texts = arena.Make<std::string_view>(count);
  for (size_t i = 0; i < count; ++i) {
    texts[i] = {buffer.data() + offsets[i], offsets[i + 1] - offsets[i]};
  }
  return texts.data();
}

Result<TensorView> ReadOutput(ort::Value* value, const TensorSpec& spec, Arena& arena) {
  const ort::Api* api = TheLibrary().api;
  ort::TensorInfo* raw = nullptr;
  QUERN_TRY(Check(api->GetTensorTypeAndShape(value, &raw), Code::kInternal, spec.name));
  const ort::TensorInfoPtr info(raw);
  size_t rank = 0;
  size_t count = 0;
  QUERN_TRY(Check(api->GetDimensionsCount(raw, &rank), Code::kInternal, spec.name));
  const std::span<int64_t> shape = arena.Make<int64_t>(rank);
  QUERN_TRY(Check(api->GetDimensions(raw, shape.data(), rank), Code::kInternal, spec.name));
  QUERN_TRY(Check(api->GetTensorShapeElementCount(raw, &count), Code::kInternal, spec.name));
  TensorView view{spec.type, shape, nullptr};
  if (spec.type == DataType::kBytes) {
    QUERN_ASSIGN(view.data, ReadTexts(value, count, arena));
    return view;
  }
  void* data = nullptr;
  QUERN_TRY(Check(api->GetTensorMutableData(value, &data), Code::kInternal, spec.name));
  const std::span<uint64_t> copy = arena.Make<uint64_t>((count * ElementSize(spec.type) + 7) / 8);
  if (count > 0) std::memcpy(copy.data(), data, count * ElementSize(spec.type));
  view.data = copy.data();
  return view;
}

class OnnxRuntimeEngine : public Engine {
 public:
  EngineKind kind() const override { return EngineKind::kOnnxRuntime; }
  const std::vector<TensorSpec>& inputs() const override { return inputs_; }
  const std::vector<TensorSpec>& outputs() const override { return outputs_; }

  static Result<std::shared_ptr<const Engine>> Make(ort::SessionPtr session) {
    auto engine = std::make_shared<OnnxRuntimeEngine>();
    engine->session_ = std::move(session);
    QUERN_TRY(engine->ReadSignature());
    return engine;
  }

  Status Run(std::span<const TensorView> views, Arena& arena,
             std::span<TensorView> outputs) const override {
    QUERN_ASSIGN(const size_t rows, CheckInputs(inputs_, views));
    if (rows > 0) return RunRows(views, arena, outputs);
    return RunEmpty(arena, outputs);
  }

 private:
  Status ReadSignature() {
    const ort::Api* api = TheLibrary().api;
    size_t input_count = 0;
    size_t output_count = 0;
    QUERN_TRY(Check(api->SessionGetInputCount(session_.get(), &input_count), Code::kInternal,
                    "signature"));
    QUERN_TRY(Check(api->SessionGetOutputCount(session_.get(), &output_count), Code::kInternal,
                    "signature"));
    for (size_t i = 0; i < input_count; ++i) {
      QUERN_ASSIGN(TensorSpec spec, ReadSpec(session_.get(), i, true));
      inputs_.push_back(std::move(spec));
    }
    for (size_t i = 0; i < output_count; ++i) {
      QUERN_ASSIGN(TensorSpec spec, ReadSpec(session_.get(), i, false));
      outputs_.push_back(std::move(spec));
    }
    for (const TensorSpec& spec : inputs_) input_names_.push_back(spec.name.c_str());
    for (const TensorSpec& spec : outputs_) output_names_.push_back(spec.name.c_str());
    return {};
  }

  Status RunRows(std::span<const TensorView> views, Arena& arena,
                 std::span<TensorView> outputs) const {
    std::vector<ort::ValuePtr> owned;
    owned.reserve(views.size() + outputs_.size());
    const std::span<const ort::Value*> inputs = arena.Make<const ort::Value*>(views.size());
    for (size_t i = 0; i < views.size(); ++i) {
      QUERN_ASSIGN(ort::ValuePtr value, MakeInput(inputs_[i], views[i], arena));
      inputs[i] = value.get();
      owned.push_back(std::move(value));
    }
    const std::span<ort::Value*> raw = arena.Make<ort::Value*>(outputs_.size());
    std::fill(raw.begin(), raw.end(), nullptr);
    const Status run =
        Check(TheLibrary().api->Run(session_.get(), nullptr, input_names_.data(), inputs.data(),
                                    inputs.size(), output_names_.data(), raw.size(), raw.data()),
              Code::kInternal, "inference");
    for (ort::Value* value : raw) owned.emplace_back(value);
    QUERN_TRY(run);
    for (size_t i = 0; i < raw.size(); ++i) {
      QUERN_ASSIGN(outputs[i], ReadOutput(raw[i], outputs_[i], arena));
    }
    return {};
  }

  /// Operators disagree on whether a batch may be empty: one row of zeros tells the outputs'
  /// shapes, and none of it is answered.
  Status RunEmpty(Arena& arena, std::span<TensorView> outputs) const {
    const std::span<TensorView> views = arena.Make<TensorView>(inputs_.size());
    for (size_t i = 0; i < views.size(); ++i) {
      const std::span<int64_t> shape = arena.Make<int64_t>(inputs_[i].shape.size());
      for (size_t d = 0; d < shape.size(); ++d)
        shape[d] = std::max<int64_t>(inputs_[i].shape[d], 1);
      views[i] = {inputs_[i].type, shape, nullptr};
      const size_t words = (views[i].elements() * ElementSize(views[i].type) + 7) / 8;
      const std::span<uint64_t> zeros = arena.Make<uint64_t>(words);
      std::fill(zeros.begin(), zeros.end(), 0);
      views[i].data = zeros.data();
    }
    QUERN_TRY(RunRows(views, arena, outputs));
    for (TensorView& view : outputs) {
      if (view.shape.empty()) continue;
      const std::span<int64_t> shape = arena.Make<int64_t>(view.shape.size());
      std::copy(view.shape.begin(), view.shape.end(), shape.begin());
      shape[0] = 0;
      view.shape = shape;
    }
    return {};
  }

  ort::SessionPtr session_;
  std::vector<TensorSpec> inputs_;
  std::vector<TensorSpec> outputs_;
  std::vector<const char*> input_names_;  // into inputs_
  std::vector<const char*> output_names_;
};

}  // namespace

Result<std::shared_ptr<const Engine>> MakeOnnxRuntimeEngine(std::string_view onnx) {
  QUERN_TRY(ort::CheckLibrary());
  const ort::Library& library = TheLibrary();
  QUERN_ASSIGN(const ort::OptionsPtr options, MakeOptions());
  const std::optional<std::string> plain = WithoutZipMap(onnx);
  if (plain) onnx = *plain;
  ort::Session* raw = nullptr;
  QUERN_TRY(Check(library.api->CreateSessionFromArray(library.env, onnx.data(), onnx.size(),
                                                      options.get(), &raw),
                  Code::kInvalidArgument, "ONNX Runtime does not load the model"));
  return OnnxRuntimeEngine::Make(ort::SessionPtr(raw));
}

}  // namespace quern::model
