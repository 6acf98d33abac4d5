#include "server/http/explanation_text.h"

#include "server/http/tensor_text.h"
#include "serving/json_text.h"
#include "serving/row_mixer.h"

namespace quern::server {
namespace {

using serving::AppendJsonInt;
using serving::AppendJsonList;
using serving::AppendJsonNumber;
using serving::AppendJsonText;

void AppendCount(std::string* out, const char* key, size_t count) {
  out->append(key);
  AppendJsonInt(out, static_cast<int64_t>(count));
}

void AppendNumber(std::string* out, const char* key, double value) {
  out->append(key);
  AppendJsonNumber(out, value);
}

/// The value as the model took it; missing ones are null, texts too.
void AppendValue(std::string* out, const model::TensorView& tensor, size_t element) {
  if (tensor.type == model::DataType::kBytes &&
      tensor.values<std::string_view>()[element].empty()) {
    out->append("null");
  } else {
    AppendElement(out, tensor, element);
  }
}

void AppendClass(std::string* out, const serving::ServedModel& served, size_t index) {
  out->append("\"class\":");
  const auto& signature = served.signature();
  if (signature && index < signature->classes.size()) {
    AppendJsonText(out, signature->classes[index]);
  } else {
    AppendJsonInt(out, static_cast<int64_t>(index));
  }
  out->push_back(',');
}

}  // namespace

void AppendRowExplanation(std::string* out, const serving::Explanation& explained, size_t row) {
  const serving::TableCells cells(*explained.model, explained.inputs);
  const serving::RowExplanation& one = explained.rows[row];
  out->push_back('{');
  if (explained.labels != nullptr) {
    out->append("\"label\":");
    AppendRow(out, *explained.labels, row, true);
    out->push_back(',');
  }
  if (one.class_index) AppendClass(out, *explained.model, *one.class_index);
  AppendNumber(out, "\"score\":", one.score);
  AppendNumber(out, ",\"base_value\":", one.base_value);
  out->append(",\"contributions\":");
  AppendJsonList(out, one.reasons.size(), [&](size_t i) {
    const serving::Reason& reason = one.reasons[i];
    out->append("{\"column\":");
    AppendJsonText(out, serving::ColumnName(*explained.model, reason.column));
    out->append(",\"value\":");
    AppendValue(out, explained.inputs.views[cells.Input(reason.column)],
                cells.Element(row, reason.column));
    AppendNumber(out, ",\"contribution\":", reason.contribution);
    AppendNumber(out, ",\"standard_error\":", reason.standard_error);
    out->push_back('}');
  });
  if (one.rest_columns > 0) {
    AppendCount(out, ",\"rest\":{\"columns\":", one.rest_columns);
    AppendNumber(out, ",\"contribution\":", one.rest);
    out->push_back('}');
  }
  AppendCount(out, ",\"background_rows\":", one.background_rows);
  AppendCount(out, ",\"evaluations\":", one.evaluations);
  out->append(one.exact ? ",\"exact\":true}" : ",\"exact\":false}");
}

std::string_view BackgroundName(const serving::Explanation& explained) {
  const bool trained = explained.source == serving::Background::Source::kTraining;
  return trained ? "training_rows" : "input_example";
}

void AppendExplanation(std::string* out, const serving::Explanation& explained) {
  out->append("\"background\":\"").append(BackgroundName(explained));
  out->append("\",\"explanations\":");
  AppendJsonList(out, explained.rows.size(),
                 [&](size_t row) { AppendRowExplanation(out, explained, row); });
}

}  // namespace quern::server
