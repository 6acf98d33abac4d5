#include "serving/database_sink.h"

#include <string>

#include "base/text.h"
#include "serving/convert.h"
#include "serving/json_text.h"

namespace quern::serving {
namespace {

/// Elements per row.
size_t Width(const TensorView& tensor, size_t rows) {
  return rows == 0 ? 0 : tensor.elements() / rows;
}

void AppendElement(std::string* out, const TensorView& tensor, size_t index) {
  if (tensor.type == DataType::kBytes) {
    const std::string_view text = tensor.values<std::string_view>()[index];
    if (text.empty() || FindInvalidUtf8(text)) {
      out->append("null");
    } else {
      AppendJsonText(out, text);
    }
  } else if (tensor.type == DataType::kFp64 || tensor.type == DataType::kFp32) {
    AppendJsonNumber(out, NumberAt(tensor.type, tensor.data, index));
  } else {
    out->append(NumberText(tensor.type, tensor.data, index));
  }
}

/// Of one row: `{column: value}`; a tensor of several values is a list under its name.
std::string FeaturesJson(const ScoredCall& scored, size_t row) {
  const std::vector<InputColumn>& columns = scored.model.columns();
  const std::vector<TensorSpec>& specs = scored.model.engine().inputs();
  const bool matrix = scored.model.form() == InputForm::kMatrix && scored.model.named_columns();
  std::string out = "{";
  for (size_t i = 0; i < scored.inputs.size(); ++i) {
    const TensorView& input = scored.inputs[i];
    const size_t width = Width(input, scored.rows);
    for (size_t c = 0; matrix && c < width; ++c) {
      if (out.size() > 1) out += ',';
      AppendJsonText(&out, columns[c].name);
      out += ':';
      AppendElement(&out, input, row * width + c);
    }
    if (matrix) break;
    if (out.size() > 1) out += ',';
    AppendJsonText(&out, specs[i].name);
    out += ':';
    if (width == 1) {
      AppendElement(&out, input, row);
    } else {
      AppendJsonList(&out, width, [&](size_t c) { AppendElement(&out, input, row * width + c); });
    }
  }
  return out + "}";
}

std::string ScoresJson(const ScoredCall& scored, size_t row) {
  std::string out;
  if (!scored.model.score_output()) return "[]";
  const TensorView& scores = scored.outputs[*scored.model.score_output()];
  const size_t width = Width(scores, scored.rows);
  AppendJsonList(&out, width, [&](size_t i) { AppendElement(&out, scores, row * width + i); });
  return out;
}

/// The class label, or the predicted number in its shortest form.
std::string DecisionText(const ScoredCall& scored, size_t row) {
  auto index = scored.model.label_output();
  if (!index) index = scored.model.score_output();
  if (!index || Width(scored.outputs[*index], scored.rows) == 0) return "";
  const TensorView& output = scored.outputs[*index];
  const size_t at = row * Width(output, scored.rows);
  if (output.type == DataType::kBytes) {
    return std::string(output.values<std::string_view>()[at]);
  }
  return NumberText(output.type, output.data, at);
}

}  // namespace

Result<std::span<const std::string_view>> DatabaseSink::Log(const ScoredCall& scored,
                                                            Arena& arena) {
  PredictionBatch batch;
  batch.request_id = scored.call.id.value_or("");
  batch.model = scored.model.name();
  batch.version = scored.model.version();
  batch.made_at = scored.made_at;
  batch.latency_ms = scored.latency_ms;
  batch.rows.resize(scored.rows);
  for (size_t row = 0; row < scored.rows; ++row) {
    batch.rows[row] = {FeaturesJson(scored, row), ScoresJson(scored, row),
                       DecisionText(scored, row)};
  }
  QUERN_ASSIGN(const std::vector<std::string> ids, log_.Append(std::move(batch)));
  std::span<std::string_view> copied = arena.Make<std::string_view>(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) copied[i] = arena.Copy(ids[i]);
  return copied;
}

}  // namespace quern::serving
