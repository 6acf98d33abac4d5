#include "server/http/predictions.h"

#include "serving/json_text.h"

namespace quern::server {

using serving::AppendJsonList;
using serving::AppendJsonNumber;
using serving::AppendJsonText;

void AppendNumbers(std::string* out, const std::vector<double>& values) {
  AppendJsonList(out, values.size(), [&](size_t i) { AppendJsonNumber(out, values[i]); });
}

void AppendNumberRows(std::string* out, const std::vector<double>& values, size_t width) {
  AppendJsonList(out, values.size() / width, [&](size_t row) {
    AppendJsonList(out, width, [&](size_t i) { AppendJsonNumber(out, values[row * width + i]); });
  });
}

void AppendLabels(std::string* out, const serving::Signature& signature, const ml::Scores& scores) {
  bool text = serving::LabelTypeOf(signature) == serving::LabelType::kText;
  AppendJsonList(out, scores.labels.size(), [&](size_t i) {
    const std::string& label = signature.classes[scores.labels[i]];
    if (text) {
      AppendJsonText(out, label);
    } else {
      out->append(label);  // a number in its shortest form
    }
  });
}

void AppendIds(std::string* out, const std::vector<std::string>& ids) {
  AppendJsonList(out, ids.size(), [&](size_t i) { AppendJsonText(out, ids[i]); });
}

}  // namespace quern::server
