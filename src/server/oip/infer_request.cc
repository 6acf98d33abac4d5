#include "server/oip/infer_request.h"

#include <algorithm>
#include <array>

#include "server/explaining.h"
#include "server/http/arena_list.h"
#include "server/http/json_parameters.h"
#include "server/oip/tensor_reader.h"
#include "serving/input_binding.h"

namespace quern::server::oip {
namespace {

using Kind = JsonCursor::Kind;
using model::DataType;
using serving::NamedTensor;
using serving::Parameter;

std::unexpected<Error> Bad(std::string what) {
  return Fail(Code::kInvalidArgument, std::move(what));
}

/// Reads a request front to back. What comes before what it depends on is read when the rest of its
/// object is known.
class Reader {
 public:
  Reader(std::string_view json, std::string_view tensors, Arena& arena)
      : cursor_(json, arena),
        tensors_(tensors),
        arena_(arena),
        inputs_(arena),
        outputs_(arena),
        wishes_(arena),
        parameters_(arena) {}

  Result<InferRequest> Run() {
    if (cursor_.Peek() == Kind::kNone) return Syntax("expected a JSON object");
    if (cursor_.Peek() != Kind::kObject) return Bad("the request body must be a JSON object");
    std::string_view key;
    for (cursor_.EnterObject(); cursor_.NextKey(&key);) QUERN_TRY(Member(key));
    if (!cursor_.Finish()) return Syntax();
    if (inputs_.empty()) return Bad("'inputs' must be a list of tensors");
    if (!tensors_.empty()) {
      return Bad("unexpected additional input data: " + std::to_string(tensors_.size()) +
                 " bytes after the last tensor");
    }
    return Finish();
  }

 private:
  struct Wish {
    std::optional<bool> binary;
  };

  std::unexpected<Error> Syntax(const char* problem = "expected a value") {
    cursor_.Refuse(problem);
    return Bad("the request body is not valid JSON: " + cursor_.Problem());
  }
  std::unexpected<Error> Twice(std::string_view key) {
    return Bad("the request body is not valid JSON: the key " + serving::Quoted(key) +
               " stands there twice");
  }

  Status Member(std::string_view key) {
    static constexpr std::array<std::string_view, 4> kKnown = {"id", "inputs", "outputs",
                                                               "parameters"};
    const auto known = std::find(kKnown.begin(), kKnown.end(), key);
    if (known == kKnown.end()) return cursor_.Skip() ? Status() : Syntax();
    bool& seen = seen_[static_cast<size_t>(known - kKnown.begin())];
    if (seen) return Twice(key);
    seen = true;
    if (cursor_.Peek() == Kind::kNull && key != "inputs") {
      return cursor_.Null() ? Status() : Syntax();
    }
    if (key == "id") return Id();
    if (key == "parameters") return Parameters(nullptr);
    const bool list = cursor_.Peek() == Kind::kArray;
    if (key == "inputs" && !list) return Bad("'inputs' must be a list of tensors");
    if (!list) return Bad("'outputs' must be a list");
    for (cursor_.EnterArray(); cursor_.NextItem();) {
      QUERN_TRY(key == "inputs" ? Input() : Output());
    }
    return cursor_.failed() ? Syntax() : Status();
  }

  Status Id() {
    std::string_view id;
    if (cursor_.Peek() != Kind::kString) return Bad("'id' must be text");
    if (!cursor_.String(&id)) return Syntax();
    request_.call.id = id;
    return {};
  }

  /// What an input's parameters say.
  struct InputParameters {
    std::string_view content_type;
    std::optional<int64_t> binary_size;
    std::optional<bool> binary;
  };

  /// Of the request if `of` is null, else of an input or output.
  Status Parameters(InputParameters* of) {
    if (cursor_.Peek() == Kind::kNull) return cursor_.Null() ? Status() : Syntax();
    if (cursor_.Peek() != Kind::kObject) return Bad("'parameters' must be an object");
    std::string_view key;
    for (cursor_.EnterObject(); cursor_.NextKey(&key);) {
      Parameter parameter{key, false};
      bool scalar = false;
      if (!ReadScalar(cursor_, &parameter.value, &scalar)) return Syntax();
      if (!scalar) continue;
      QUERN_TRY(of == nullptr ? RequestParameter(parameter) : TensorParameter(parameter, of));
    }
    return cursor_.failed() ? Syntax() : Status();
  }

  Status RequestParameter(const Parameter& parameter) {
    if (parameter.name == "content_type") {
      const auto* type = std::get_if<std::string_view>(&parameter.value);
      if (type == nullptr || (*type != "pd" && *type != "np" && *type != "str")) {
        return Bad("content_type of a request must be 'pd', 'np' or 'str'");
      }
      request_.call.columns_only = *type == "pd";
      return {};
    }
    if (parameter.name == "binary_data_output") {
      const bool* wanted = std::get_if<bool>(&parameter.value);
      if (wanted == nullptr) return Bad("parameter 'binary_data_output' must be true or false");
      request_.binary_by_default = *wanted;
      return {};
    }
    if (parameter.name == "timeout") {
      const auto* micros = std::get_if<int64_t>(&parameter.value);
      if (micros == nullptr || *micros < 0) {
        return Bad("parameter 'timeout' must be a whole number of microseconds");
      }
      request_.timeout = static_cast<double>(*micros) * 1e-6;
      return {};
    }
    if (parameter.name == kExplainParameter) {
      QUERN_ASSIGN(request_.explain, ReadExplainParameter(parameter.value));
      return {};
    }
    parameters_.Add(parameter);
    return {};
  }

  Status TensorParameter(const Parameter& parameter, InputParameters* of) {
    if (parameter.name == "content_type") {
      const auto* type = std::get_if<std::string_view>(&parameter.value);
      if (type == nullptr) return Bad("parameter 'content_type' must be text");
      of->content_type = *type;
    } else if (parameter.name == "binary_data_size") {
      const auto* size = std::get_if<int64_t>(&parameter.value);
      if (size == nullptr || *size < 0) {
        return Bad("parameter 'binary_data_size' must be a number of bytes");
      }
      of->binary_size = *size;
    } else if (parameter.name == "binary_data") {
      const bool* wanted = std::get_if<bool>(&parameter.value);
      if (wanted == nullptr) return Bad("parameter 'binary_data' must be true or false");
      of->binary = *wanted;
    }
    return {};
  }

  Status Output() {
    if (cursor_.Peek() != Kind::kObject) return Bad("an entry of 'outputs' has no 'name'");
    std::string_view key;
    std::string_view name;
    bool named = false;
    InputParameters parameters;
    for (cursor_.EnterObject(); cursor_.NextKey(&key);) {
      if (key == "name" && cursor_.Peek() == Kind::kString) {
        if (named) return Twice(key);
        named = true;
        if (!cursor_.String(&name)) return Syntax();
      } else if (key == "parameters") {
        QUERN_TRY(Parameters(&parameters));
      } else if (!cursor_.Skip()) {
        return Syntax();
      }
    }
    if (cursor_.failed()) return Syntax();
    if (!named) return Bad("an entry of 'outputs' has no 'name'");
    outputs_.Add(name);
    wishes_.Add({parameters.binary});
    return {};
  }

  /// What is known of an input so far.
  struct Draft {
    TensorHead head;
    bool named = false;
    bool typed = false;
    bool shaped = false;
    bool has_data = false;
    std::string_view unknown_type;
    InputParameters parameters;
    std::optional<size_t> data_at;  // read later
    std::optional<model::TensorView> data;
  };

  Status Input() {
    if (cursor_.Peek() != Kind::kObject) return Bad("an entry of 'inputs' is no object");
    Draft draft;
    std::string_view key;
    for (cursor_.EnterObject(); cursor_.NextKey(&key);) QUERN_TRY(InputMember(key, draft));
    if (cursor_.failed()) return Syntax();
    QUERN_TRY(CheckDraft(draft));
    if (draft.parameters.binary_size) {
      QUERN_TRY(Binary(draft));
    } else if (!draft.data) {
      if (!draft.data_at) return BadTensor(draft.head.name, "'data' must be a list");
      const JsonCursor behind = cursor_;
      cursor_.Seek(*draft.data_at);
      QUERN_ASSIGN(draft.data, ReadJsonData(draft.head, cursor_, arena_));
      cursor_ = behind;
    }
    if (draft.parameters.content_type == "base64") {
      QUERN_TRY(DecodeBase64(draft.head.name, *draft.data, arena_));
    }
    inputs_.Add({draft.head.name, *draft.data});
    return {};
  }

  Status InputMember(std::string_view key, Draft& draft) {
    if (key == "name") {
      if (draft.named) return Twice(key);
      if (cursor_.Peek() != Kind::kString) return Bad("an entry of 'inputs' has no 'name'");
      draft.named = true;
      return cursor_.String(&draft.head.name) ? Status() : Syntax();
    }
    if (key == "datatype") {
      if (draft.typed) return Twice(key);
      return Datatype(draft);
    }
    if (key == "shape") {
      if (draft.shaped) return Twice(key);
      return Shape(draft);
    }
    if (key == "parameters") return Parameters(&draft.parameters);
    if (key != "data") return cursor_.Skip() ? Status() : Syntax();
    if (draft.has_data) return Twice(key);
    draft.has_data = true;
    const bool ready = draft.named && draft.typed && draft.shaped;
    if (!ready) {
      draft.data_at = cursor_.Offset();
      return cursor_.Skip() ? Status() : Syntax();
    }
    QUERN_TRY(CheckDraft(draft));
    QUERN_ASSIGN(draft.data, ReadJsonData(draft.head, cursor_, arena_));
    return {};
  }

  Status Datatype(Draft& draft) {
    std::string_view text;
    if (cursor_.Peek() != Kind::kString) {
      return BadTensor(draft.head.name, "'datatype' must be text");
    }
    if (!cursor_.String(&text)) return Syntax();
    draft.typed = true;
    const auto type = model::ParseDataType(text);
    if (!type) {
      draft.unknown_type = text;
    } else {
      draft.head.type = *type;
    }
    return {};
  }

  Status Shape(Draft& draft) {
    if (cursor_.Peek() != Kind::kArray) {
      return BadTensor(draft.head.name, "'shape' must be a list");
    }
    draft.shaped = true;
    ArenaList<int64_t> shape(arena_, 4);
    for (cursor_.EnterArray(); cursor_.NextItem();) {
      JsonNumber number;
      if (cursor_.Peek() == Kind::kNone) return Syntax();
      const bool good = cursor_.Peek() == Kind::kNumber && cursor_.Number(&number) && number.whole;
      if (cursor_.failed()) return Syntax();
      if (!good || (number.negative && number.magnitude != 0)) {
        return BadTensor(draft.head.name, "'shape' must hold whole numbers from 0");
      }
      // What is beyond any tensor need not be told apart.
      shape.Add(static_cast<int64_t>(std::min<uint64_t>(number.magnitude, uint64_t{1} << 62)));
    }
    if (cursor_.failed()) return Syntax();
    draft.head.shape = shape.items();
    return {};
  }

  Status CheckDraft(Draft& draft) {
    if (!draft.named) return Bad("an entry of 'inputs' has no 'name'");
    TensorHead& head = draft.head;
    if (!draft.shaped) return BadTensor(head.name, "'shape' must be a list");
    QUERN_TRY(CheckShape(head.name, head.shape, &head.elements));
    if (!draft.typed) return BadTensor(head.name, "'datatype' must be text");
    if (!draft.unknown_type.empty()) {
      return BadTensor(head.name, "unknown datatype " + serving::Quoted(draft.unknown_type));
    }
    const std::string_view content = draft.parameters.content_type;
    static constexpr std::array<std::string_view, 6> kContent = {"",    "np",     "pd",
                                                                 "str", "base64", "datetime"};
    if (std::find(kContent.begin(), kContent.end(), content) == kContent.end()) {
      return BadTensor(head.name, "unknown content_type " + serving::Quoted(content) +
                                      "; known: np, pd, str, base64, datetime");
    }
    if (draft.parameters.binary_size && draft.has_data) {
      return BadTensor(head.name, "has both 'data' and 'binary_data_size'");
    }
    return {};
  }

  Status Binary(Draft& draft) {
    const auto size = static_cast<size_t>(*draft.parameters.binary_size);
    if (size > tensors_.size()) {
      return Bad("unexpected size for input " + serving::Quoted(draft.head.name) + ", expecting " +
                 std::to_string(size - tensors_.size()) + " additional bytes");
    }
    QUERN_ASSIGN(draft.data, ReadBinaryData(draft.head, tensors_.substr(0, size), arena_));
    tensors_.remove_prefix(size);
    return {};
  }

  Result<InferRequest> Finish() {
    request_.call.inputs = inputs_.items();
    request_.call.outputs = outputs_.items();
    request_.call.parameters = parameters_.items();
    std::span<bool> binary = arena_.Make<bool>(wishes_.size());
    for (size_t i = 0; i < binary.size(); ++i) {
      binary[i] = wishes_[i].binary.value_or(request_.binary_by_default);
    }
    request_.binary = binary;
    return request_;
  }

  JsonCursor cursor_;
  std::string_view tensors_;
  Arena& arena_;
  InferRequest request_;
  std::array<bool, 4> seen_{};
  ArenaList<NamedTensor> inputs_;
  ArenaList<std::string_view> outputs_;
  ArenaList<Wish> wishes_;
  ArenaList<Parameter> parameters_;
};

}  // namespace

Result<InferRequest> ReadInferRequest(std::string_view json, std::string_view tensors,
                                      Arena& arena) {
  return Reader(json, tensors, arena).Run();
}

}  // namespace quern::server::oip
