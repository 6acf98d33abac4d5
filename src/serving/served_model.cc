#include "serving/served_model.h"

#include <algorithm>
#include <numeric>

#include "base/text.h"

namespace quern::serving {
namespace {

bool IsFloat(DataType type) {
  return type == DataType::kFp16 || type == DataType::kBf16 || type == DataType::kFp32 ||
         type == DataType::kFp64;
}

/// [N] or [N,1].
bool IsColumn(const TensorSpec& spec) {
  return !spec.shape.empty() && spec.shape[0] < 0 &&
         (spec.shape.size() == 1 || (spec.shape.size() == 2 && spec.shape[1] == 1));
}

/// Values that each row of an output has, as far as the graph says; -1: it leaves that open.
int64_t WidthOf(const TensorSpec& spec) {
  if (spec.shape.size() == 1) return 1;
  return spec.shape.size() == 2 ? spec.shape[1] : -1;
}

std::vector<std::string> Names(const std::vector<TensorSpec>& specs) {
  std::vector<std::string> names;
  for (const TensorSpec& spec : specs) names.push_back(spec.name);
  return names;
}

template <class Items>
std::vector<uint32_t> SortedByName(const Items& items) {
  std::vector<uint32_t> order(items.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return items[a].name < items[b].name; });
  return order;
}

template <class Items>
std::optional<size_t> Search(const Items& items, const std::vector<uint32_t>& order,
                             std::string_view name, size_t guess) {
  if (guess < items.size() && items[guess].name == name) return guess;
  auto found = std::lower_bound(order.begin(), order.end(), name,
                                [&](uint32_t i, std::string_view n) { return items[i].name < n; });
  if (found == order.end() || items[*found].name != name) return std::nullopt;
  return *found;
}

std::unexpected<Error> Disagrees(const ModelParts& parts, std::string what) {
  return Fail(
      Code::kInvalidArgument,
      "model '" + parts.name + "': its signature does not fit its graph: " + std::move(what),
      "save the model again, with the signature that it has");
}

}  // namespace

Result<ServedModel> ServedModel::Make(ModelParts parts) {
  ServedModel served(std::move(parts));
  QUERN_TRY(served.ChooseForm());
  QUERN_TRY(served.ChooseOutputs());
  served.IndexNames();
  std::vector<std::string> columns;
  for (const InputColumn& column : served.columns_) columns.push_back(column.name);
  const auto& signature = served.parts_.signature;
  served.metrics_ = std::make_shared<ModelMetrics>(
      columns, signature ? signature->classes : std::vector<std::string>());
  return served;
}

Status ServedModel::ChooseForm() {
  const std::vector<TensorSpec>& inputs = parts_.engine->inputs();
  if (parts_.signature) {
    const auto& wanted = parts_.signature->inputs;
    bool same = wanted.size() == inputs.size();
    for (size_t i = 0; same && i < inputs.size(); ++i) {
      same = inputs[i].name == wanted[i].name && IsColumn(inputs[i]) &&
             (inputs[i].type == DataType::kBytes) == wanted[i].is_text;
    }
    if (!same) return Disagrees(parts_, "the inputs differ");
  }
  if (!inputs.empty() && std::all_of(inputs.begin(), inputs.end(), IsColumn)) {
    form_ = InputForm::kColumns;
    named_columns_ = true;
    for (const TensorSpec& input : inputs) {
      columns_.push_back({input.name, input.type == DataType::kBytes, false});
    }
    if (!parts_.mlflow) return {};
    for (const MlflowSignature::Column& column : parts_.mlflow->inputs) {
      for (InputColumn& mine : columns_) {
        if (mine.name == column.name) mine.optional = !column.required;
      }
    }
    return {};
  }
  if (inputs.size() == 1 && inputs[0].shape.size() == 2 && inputs[0].shape[0] < 0) {
    form_ = InputForm::kMatrix;
    return NameMatrixColumns(inputs[0].shape[1] < 0 ? 0 : static_cast<size_t>(inputs[0].shape[1]));
  }
  return {};
}

Status ServedModel::NameMatrixColumns(size_t width) {
  const bool is_text = parts_.engine->inputs()[0].type == DataType::kBytes;
  if (!parts_.mlflow || parts_.mlflow->tensors || parts_.mlflow->inputs.empty()) {
    columns_.assign(width, {"", is_text, false});
    return {};
  }
  if (width != 0 && parts_.mlflow->inputs.size() != width) {
    return Disagrees(parts_, "it names " + std::to_string(parts_.mlflow->inputs.size()) +
                                 " columns, the graph takes " + std::to_string(width));
  }
  named_columns_ = true;
  for (const MlflowSignature::Column& column : parts_.mlflow->inputs) {
    columns_.push_back({column.name, is_text, !column.required});
  }
  return {};
}

Status ServedModel::ChooseOutputs() {
  const std::vector<TensorSpec>& outputs = parts_.engine->outputs();
  const std::vector<TensorSpec>& inputs = parts_.engine->inputs();
  row_wise_ = form_ != InputForm::kTensors;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const TensorSpec& output = outputs[i];
    row_wise_ = row_wise_ && !output.shape.empty() && output.shape[0] < 0;
    const bool per_row = output.shape.size() == 1 || output.shape.size() == 2;
    if (!per_row) continue;
    if (IsFloat(output.type)) {
      if (!score_output_) score_output_ = i;
    } else if (!label_output_) {
      label_output_ = i;
    }
  }
  // A graph of someone else's may look at the batch as a whole.
  row_wise_ = row_wise_ && !inputs.empty() &&
              (parts_.signature || parts_.engine->kind() == model::EngineKind::kCompiled);
  if (!parts_.signature) return {};
  const bool classifies = parts_.signature->classifies();
  label_output_ = classifies ? FindOutput("label") : std::nullopt;
  score_output_ = FindOutput(classifies ? "probabilities" : "prediction");
  if (!score_output_ || (classifies && !label_output_) ||
      outputs[*score_output_].type != DataType::kFp64) {
    return Disagrees(
        parts_, "it lacks an output of its kind of model; it has " + Join(Names(outputs), ", "));
  }
  const int64_t width = WidthOf(outputs[*score_output_]);
  const size_t classes = parts_.signature->classes.size();
  if (classifies && width >= 0 && static_cast<size_t>(width) != classes) {
    return Disagrees(parts_, "it names " + std::to_string(classes) + " classes, the graph scores " +
                                 std::to_string(width));
  }
  return {};
}

void ServedModel::IndexNames() {
  inputs_by_name_ = SortedByName(parts_.engine->inputs());
  if (named_columns_) columns_by_name_ = SortedByName(columns_);
}

std::optional<size_t> ServedModel::FindColumn(std::string_view name, size_t guess) const {
  if (!named_columns_) return std::nullopt;
  return Search(columns_, columns_by_name_, name, guess);
}

std::optional<size_t> ServedModel::FindInput(std::string_view name, size_t guess) const {
  return Search(parts_.engine->inputs(), inputs_by_name_, name, guess);
}

std::optional<size_t> ServedModel::FindOutput(std::string_view name) const {
  const std::vector<TensorSpec>& outputs = parts_.engine->outputs();
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].name == name) return i;
  }
  return std::nullopt;
}

}  // namespace quern::serving
