#include "server/native/feedback_request.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "server/http/csv.h"
#include "server/http/respond.h"

namespace quern::server::native {
namespace {

const std::vector<std::string>& Keys() {
  static const std::vector<std::string> keys = {"prediction_id", "label", "label_time", "source"};
  return keys;
}

std::unexpected<Error> Bad(std::string what, std::string hint = {}) {
  return Fail(Code::kInvalidArgument, std::move(what), std::move(hint));
}

Result<std::string> LabelText(const json::value& value) {
  if (value.is_string()) return std::string(Trim(std::string_view(value.as_string())));
  if (value.is_bool()) return std::string(value.as_bool() ? "1" : "0");
  if (value.is_number() && std::isfinite(value.to_number<double>())) {
    return ShortestDouble(value.to_number<double>());
  }
  return Bad("'label' must be text, a number or a boolean");
}

Result<std::optional<int64_t>> LabelTime(const json::value& value) {
  if (value.is_null()) return std::nullopt;
  if (value.is_int64()) return value.as_int64();
  if (value.is_string()) {
    QUERN_ASSIGN(int64_t time, ParseTime(value.as_string()));
    return time;
  }
  return Bad("'label_time' must be a time as text or in milliseconds");
}

Result<serving::Label> ReadLabel(const json::value& value) {
  if (!value.is_object()) return Bad("it is no object");
  const json::object& object = value.as_object();
  for (const auto& entry : object) {
    std::string key(entry.key());
    if (std::find(Keys().begin(), Keys().end(), key) == Keys().end()) {
      return Bad("unknown key '" + Printable(key) + "'", SuggestName(key, Keys()));
    }
  }
  serving::Label label;
  const json::value* id = object.if_contains("prediction_id");
  if (id == nullptr || !id->is_string() || id->as_string().empty()) {
    return Bad("'prediction_id' must be text");
  }
  label.prediction_id = id->as_string();
  const json::value* text = object.if_contains("label");
  if (text == nullptr) return Bad("'label' is missing");
  QUERN_ASSIGN(label.label, LabelText(*text));
  if (label.label.empty()) return Bad("'label' is empty");
  if (const json::value* time = object.if_contains("label_time")) {
    QUERN_ASSIGN(label.time, LabelTime(*time));
  }
  if (const json::value* source = object.if_contains("source"); source && !source->is_null()) {
    if (!source->is_string()) return Bad("'source' must be text");
    label.source = source->as_string();
  }
  return label;
}

/// Names the entry in the error.
std::unexpected<Error> AtEntry(const Error& error, const std::string& place) {
  return Bad(place + ": " + error.message, error.hint);
}

}  // namespace

Result<std::vector<serving::Label>> ParseJsonFeedback(std::string_view body) {
  QUERN_ASSIGN(json::value parsed, ParseBody(body));
  std::vector<serving::Label> labels;
  if (!parsed.is_array()) {
    auto label = ReadLabel(parsed);
    if (!label) return AtEntry(label.error(), "feedback");
    labels.push_back(std::move(*label));
    return labels;
  }
  for (const json::value& entry : parsed.as_array()) {
    auto label = ReadLabel(entry);
    if (!label) return AtEntry(label.error(), "entry " + std::to_string(labels.size()));
    labels.push_back(std::move(*label));
  }
  return labels;
}

Result<std::vector<serving::Label>> ParseCsvFeedback(std::string_view body) {
  Arena arena;
  QUERN_ASSIGN(const CsvCells table, ReadCsv(body, true, arena));
  std::vector<serving::Label> labels;
  for (const std::string_view name : table.header) {
    if (std::find(Keys().begin(), Keys().end(), name) == Keys().end()) {
      return Bad("CSV line 1: unknown column '" + Printable(name) + "'", SuggestName(name, Keys()));
    }
  }
  for (size_t row = 0; row < table.rows(); ++row) {
    json::object object;
    for (size_t i = 0; i < table.header.size(); ++i) {
      const std::string_view cell = table.cells[row * table.width + i];
      bool optional = table.header[i] == "label_time" || table.header[i] == "source";
      if (optional && Trim(cell).empty()) continue;
      auto ms = table.header[i] == "label_time" ? ParseInt(cell) : std::nullopt;
      object[table.header[i]] = ms ? json::value(*ms) : json::value(json::string(cell));
    }
    auto label = ReadLabel(object);
    if (!label) return AtEntry(label.error(), "CSV line " + std::to_string(table.lines[row]));
    labels.push_back(std::move(*label));
  }
  return labels;
}

}  // namespace quern::server::native
