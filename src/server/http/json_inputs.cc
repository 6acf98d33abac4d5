#include "server/http/json_inputs.h"

#include "server/http/json_table.h"

namespace quern::server {
namespace {

using Kind = JsonCursor::Kind;
using serving::NamedTensor;

std::unexpected<Error> Invalid(std::string what) {
  return Fail(Code::kInvalidArgument, "Invalid input. " + std::move(what));
}

}  // namespace

Status JsonInputs::ReadInstances(std::string_view field) {
  if (cursor_.Peek() != Kind::kArray) {
    return Invalid("'" + std::string(field) + "' must be a list. Got " + KindName(cursor_.Peek()) +
                   ".");
  }
  if (served_.form() == serving::InputForm::kTensors) return ReadTensors(field);
  JsonCursor ahead = cursor_;
  const bool objects = ahead.EnterArray() && ahead.NextItem() && ahead.Peek() == Kind::kObject;
  if (objects) return ReadRecords(cursor_, table_, field);
  return ReadNamelessRows(cursor_, table_, field);
}

Status JsonInputs::ReadInputs(std::string_view field) {
  if (cursor_.Peek() == Kind::kArray) return ReadInstances(field);
  if (cursor_.Peek() != Kind::kObject) {
    return Invalid("'" + std::string(field) + "' must be a list or a dictionary. Got " +
                   KindName(cursor_.Peek()) + ".");
  }
  if (served_.form() == serving::InputForm::kTensors) return ReadTensors(field);
  if (served_.form() == serving::InputForm::kMatrix) {
    JsonCursor ahead = cursor_;
    std::string_view key;
    const bool whole =
        ahead.EnterObject() && ahead.NextKey(&key) && key == served_.engine().inputs()[0].name;
    if (whole) return ReadTensors(field);
  }
  return ReadColumns(cursor_, table_);
}

Status JsonInputs::ReadTensors(std::string_view field) {
  const auto& specs = served_.engine().inputs();
  ArenaList<NamedTensor> tensors(arena_, specs.size());
  if (cursor_.Peek() == Kind::kArray) {
    if (specs.size() != 1) {
      return Invalid("'" + std::string(field) + "' must be a dictionary of " +
                     std::to_string(specs.size()) + " tensors by name. Got list.");
    }
    QUERN_ASSIGN(const model::TensorView view, ReadNested(cursor_, specs[0].name, arena_));
    tensors.Add({specs[0].name, view});
  } else {
    std::string_view key;
    for (cursor_.EnterObject(); cursor_.NextKey(&key);) {
      QUERN_ASSIGN(const model::TensorView view, ReadNested(cursor_, key, arena_));
      tensors.Add({key, view});
    }
    if (cursor_.failed()) return BadJson(cursor_);
  }
  tensors_ = tensors.items();
  return {};
}

void JsonInputs::Finish(serving::InferenceCall* call) {
  call->inputs = tensors_ ? *tensors_ : table_.Finish();
  call->columns_only = !tensors_ && table_.named();
}

}  // namespace quern::server
