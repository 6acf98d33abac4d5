#include "serving/log_schema.h"

#include <algorithm>

#include "base/text.h"

namespace quern::serving {
namespace {

bool Names(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

Status CheckLogPolicy(const LogPolicy& policy) {
  if (!(policy.share >= 0 && policy.share <= 1)) {
    return Fail(Code::kInvalidArgument,
                "the logged share must be between 0 and 1, got " + ShortestDouble(policy.share));
  }
  if (Names(policy.columns, "") || Names(policy.hashed, "")) {
    return Fail(Code::kInvalidArgument, "a logged column has no name");
  }
  if (!policy.hashed.empty() && policy.key.empty()) {
    return Fail(Code::kInvalidArgument, "columns are to be hashed and there is no key");
  }
  return {};
}

LogSchema MakeLogSchema(const ServedModel& model, const LogPolicy& policy) {
  LogSchema schema{model.name(), model.version(), {}, {}, {}};
  const auto add = [&](const std::string& name, DataType type, size_t input,
                       std::optional<size_t> column) {
    const bool hashed = Names(policy.hashed, name);
    if (!hashed && !policy.columns.empty() && !Names(policy.columns, name)) return;
    schema.fields.push_back({name, hashed ? DataType::kBytes : type, input, column, hashed});
  };
  const std::vector<TensorSpec>& inputs = model.engine().inputs();
  if (model.form() == InputForm::kMatrix && model.named_columns()) {
    for (size_t c = 0; c < model.columns().size(); ++c) {
      add(model.columns()[c].name, inputs[0].type, 0, c);
    }
  } else {
    for (size_t i = 0; i < inputs.size(); ++i) add(inputs[i].name, inputs[i].type, i, {});
  }
  const std::vector<TensorSpec>& outputs = model.engine().outputs();
  if (model.score_output()) schema.scores = outputs[*model.score_output()].type;
  if (model.label_output()) schema.label = outputs[*model.label_output()].type;
  return schema;
}

}  // namespace quern::serving
