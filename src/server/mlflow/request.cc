#include "server/mlflow/request.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/text.h"
#include "server/http/respond.h"

namespace quern::server::mlflow {
namespace {

constexpr std::string_view kSeeDocs =
    " See the API docs for more information about request parameters.";

bool IsWhole(std::string_view number) {
  return number.find_first_of(".eENI") == std::string_view::npos;
}

/// The word by which MLflow's server knows a type.
std::string_view TypeName(JsonKind kind, std::string_view text) {
  switch (kind) {
    case JsonKind::kNull:
      return "NoneType";
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      return "bool";
    case JsonKind::kNumber:
      return IsWhole(text) ? "int" : "float";
    case JsonKind::kString:
      return "str";
    case JsonKind::kArray:
      return "list";
    case JsonKind::kObject:
      return "dict";
  }
  return "";
}

std::optional<double> ToDouble(std::string_view text) {
  if (text == "NaN" || text == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  // Beyond a double's range: infinite, or so small that it is 0.
  if (error == std::errc::result_out_of_range)
    return std::strtod(std::string(text).c_str(), nullptr);
  // A form that only people write: "+1".
  return ParseDouble(text);
}

std::optional<int64_t> ToInt(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// 12.0 and 1.2e1 are 12; 12.5 and 1e300 are no integers.
std::optional<int64_t> WholeDouble(std::string_view text) {
  const std::optional<double> value = ToDouble(text);
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  if (!value || !(*value >= -kLimit && *value < kLimit) || *value != std::floor(*value)) {
    return std::nullopt;
  }
  return static_cast<int64_t>(*value);
}

std::optional<int64_t> ReadInt(JsonKind kind, std::string_view text) {
  if (kind != JsonKind::kNumber && kind != JsonKind::kString) return std::nullopt;
  return IsWhole(text) ? ToInt(text) : WholeDouble(text);
}

/// A long value as messages show it.
std::string Cut(std::string shown) {
  constexpr size_t kShown = 1000;
  return shown.size() > kShown ? Printable(shown) + "…" : shown;
}

Error BadRequest(std::string message) {
  return {Code::kInvalidArgument, std::move(message), "", {}, {}};
}

}  // namespace

std::string Fields::Here() const {
  std::string path = parent_;
  if (list_.empty()) return path;
  if (!path.empty()) path += '.';
  return path.append(list_).append("[").append(std::to_string(index_)).append("]");
}

std::string Fields::Path(std::string_view key) const {
  std::string path = Here();
  if (!path.empty()) path += '.';
  return path.append(key);
}

void Fields::Refuse(std::string message) const {
  if (!sink_->error) sink_->error = Error{Code::kInvalidArgument, std::move(message), "", {}, {}};
}

void Fields::Invalid(std::string_view key) const {
  if (const std::optional<Raw> raw = Find(key)) Invalid(key, *raw);
}

void Fields::Missing(std::string_view key) const {
  if (sink_->error) return;
  Refuse("Missing value for required parameter '" + Path(key) + "'." + std::string(kSeeDocs));
}

void Fields::Invalid(std::string_view key, const Raw& raw) const {
  if (sink_->error) return;
  Refuse("Invalid value " + Cut(raw.json ? ShowJson(*raw.json) : ShowJsonText(raw.text)) +
         " for parameter '" + Path(key) + "' supplied:  Hint: Value was of type '" +
         std::string(TypeName(raw.kind, raw.text)) + "'." + std::string(kSeeDocs));
}

void Fields::CheckText(std::string_view key, std::string_view text) const {
  if (text.find('\0') == std::string_view::npos) return;
  Refuse("Invalid value " + Cut(ShowJsonText(text)) + " for parameter '" + Path(key) +
         "' supplied: a text cannot hold the character U+0000.");
}

std::optional<Fields::Raw> Fields::Find(std::string_view key) const {
  if (object_) {
    std::optional<JsonRef> value = object_->Find(key);
    if (!value || value->Is(JsonKind::kNull)) return std::nullopt;
    if (value->Is(JsonKind::kString)) CheckText(key, value->text());
    return Raw{value->kind(), value->text(), value};
  }
  if (query_ == nullptr) return std::nullopt;
  auto value = query_->Find(key);
  if (!value) return std::nullopt;
  CheckText(key, *value);
  return Raw{JsonKind::kString, *value, std::nullopt};
}

std::optional<std::string> Fields::MaybeText(std::string_view key) const {
  const std::optional<Raw> raw = Find(key);
  if (!raw) return std::nullopt;
  // Ids of experiments are texts that look like numbers; older clients send numbers.
  const bool id = raw->kind == JsonKind::kNumber && IsWhole(raw->text) && key == "experiment_id";
  if (raw->kind != JsonKind::kString && !id) {
    Invalid(key, *raw);
    return std::nullopt;
  }
  return std::string(raw->text);
}

std::string Fields::Text(std::string_view key) const { return MaybeText(key).value_or(""); }

std::string Fields::RequiredText(std::string_view key) const {
  std::string text = Text(key);
  if (text.empty()) Missing(key);
  return text;
}

std::optional<int64_t> Fields::MaybeInt(std::string_view key) const {
  const std::optional<Raw> raw = Find(key);
  if (!raw) return std::nullopt;
  std::optional<int64_t> value = ReadInt(raw->kind, raw->text);
  if (!value) Invalid(key, *raw);
  return value;
}

int64_t Fields::Int(std::string_view key, int64_t fallback) const {
  return MaybeInt(key).value_or(fallback);
}

int64_t Fields::RequiredInt(std::string_view key) const {
  const std::optional<Raw> raw = Find(key);
  if (!raw || (raw->kind == JsonKind::kString && raw->text.empty())) {
    Missing(key);
    return 0;
  }
  return Int(key);
}

std::optional<double> Fields::MaybeNumber(std::string_view key) const {
  const std::optional<Raw> raw = Find(key);
  if (!raw) return std::nullopt;
  std::optional<double> value;
  if (raw->kind == JsonKind::kNumber || raw->kind == JsonKind::kString) value = ToDouble(raw->text);
  if (!value) Invalid(key, *raw);
  return value;
}

double Fields::RequiredNumber(std::string_view key) const {
  const std::optional<Raw> raw = Find(key);
  if (!raw || (raw->kind == JsonKind::kString && raw->text.empty())) {
    Missing(key);
    return 0;
  }
  return MaybeNumber(key).value_or(0);
}

bool Fields::Flag(std::string_view key, bool fallback) const {
  const std::optional<Raw> raw = Find(key);
  if (!raw) return fallback;
  if (raw->kind == JsonKind::kTrue || raw->kind == JsonKind::kFalse) {
    return raw->kind == JsonKind::kTrue;
  }
  const std::string word = ToLower(raw->text);
  if (raw->kind == JsonKind::kString && (word == "true" || word == "false")) return word == "true";
  if (!raw->json) {
    Refuse("Invalid boolean value: " + std::string(raw->text) + ", must be 'true' or 'false'.");
    return fallback;
  }
  Invalid(key, *raw);
  return fallback;
}

std::optional<size_t> Fields::Choice(std::string_view key,
                                     std::span<const std::string_view> names) const {
  const std::optional<Raw> raw = Find(key);
  if (!raw) return std::nullopt;
  for (size_t i = 0; i < names.size(); ++i) {
    if (raw->kind == JsonKind::kString && raw->text == names[i]) return i;
  }
  const std::optional<int64_t> number = ReadInt(raw->kind, raw->text);
  if (number && *number >= 1 && *number <= static_cast<int64_t>(names.size())) {
    return static_cast<size_t>(*number - 1);
  }
  Invalid(key, *raw);
  return std::nullopt;
}

std::vector<std::string> Fields::Texts(std::string_view key) const {
  std::vector<std::string> texts;
  const std::optional<Raw> raw = Find(key);
  if (!raw) return texts;
  if (!raw->json) {
    for (std::string_view value : query_->All(key)) {
      CheckText(key, value);
      texts.emplace_back(value);
    }
    return texts;
  }
  bool good = raw->kind == JsonKind::kArray;
  raw->json->ForEach([&](JsonRef item) {
    // Ids of experiments again.
    const bool id = item.Is(JsonKind::kNumber) && IsWhole(item.text()) && key == "experiment_ids";
    good = good && (item.Is(JsonKind::kString) || id);
    if (!good) return;
    CheckText(key, item.text());
    texts.emplace_back(item.text());
  });
  if (!good) Invalid(key, *raw);
  return texts;
}

std::vector<Fields> Fields::Items(std::string_view key) const {
  std::vector<Fields> items;
  const std::optional<Raw> raw = Find(key);
  if (!raw) return items;
  if (!raw->json || raw->kind != JsonKind::kArray) {
    Invalid(key, *raw);
    return items;
  }
  items.reserve(raw->json->size());
  const std::string around = Here();
  bool good = true;
  raw->json->ForEach([&](JsonRef value) {
    good = good && value.Is(JsonKind::kObject);
    Fields item(sink_);
    item.object_ = value;
    item.parent_ = around;
    item.list_ = key;
    item.index_ = items.size();
    if (good) items.push_back(std::move(item));
  });
  if (!good) Invalid(key, *raw);
  return items;
}

std::optional<JsonRef> Fields::Json(std::string_view key) const {
  const std::optional<Raw> raw = Find(key);
  return raw ? raw->json : std::nullopt;
}

Fields Fields::Object(std::string_view key) const {
  Fields inner(sink_);
  inner.parent_ = Path(key);
  const std::optional<Raw> raw = Find(key);
  if (!raw) return inner;
  if (raw->kind == JsonKind::kObject) {
    inner.object_ = raw->json;
  } else {
    Invalid(key, *raw);
  }
  return inner;
}

Args::Args(const net::HttpRequest& request,
           std::vector<std::pair<std::string_view, std::string>> path_params, BodyForm form)
    : Fields(nullptr), request_(request), path_params_(std::move(path_params)) {
  sink_ = &sink_storage_;
  auto query = Query::Parse(request.query);
  if (query) {
    query_args_ = std::move(*query);
  } else {
    Refuse(query.error().message);
  }
  const bool asks = request.method == "GET" || request.method == "HEAD";
  if (form == BodyForm::kRaw || (asks && !query_args_.empty())) {
    query_ = &query_args_;
  } else {
    ReadBody();
  }
}

void Args::ReadBody() {
  if (request_.method == "POST" || request_.method == "PUT") {
    const std::string_view type = request_.Find("Content-Type");
    if (type.empty()) return Refuse("Bad Request. Content-Type header is missing.");
    if (Trim(type.substr(0, type.find(';'))) != "application/json") {
      Refuse("Bad Request. Content-Type must be one of ['application/json'].");
      return;
    }
  }
  if (!request_.body.empty()) ReadJson(request_.body);
}

void Args::ReadJson(std::string_view text) {
  auto doc = JsonDoc::Parse(text);
  if (!doc) {
    Error error = BadRequest("The request body is not valid JSON: " + doc.error().message + ".");
    if (doc.error().problem == JsonDoc::Problem::kSyntax) {
      malformed_ = std::move(error);
    } else {
      Refuse(std::move(error.message));
    }
    return;
  }
  const JsonRef root = docs_.emplace_back(std::move(*doc)).root();
  if (root.Is(JsonKind::kObject)) {
    object_ = root;
  } else if (root.Is(JsonKind::kString) && docs_.size() == 1) {
    ReadJson(root.text());
  } else if (!root.Is(JsonKind::kNull)) {
    malformed_ = BadRequest("The request body must be a JSON object.");
  }
}

std::string Args::PathParam(std::string_view name) const {
  for (const auto& [key, value] : path_params_) {
    if (key == name) return value;
  }
  return {};
}

std::string Args::RequiredRunId() const {
  std::string id = Text("run_id");
  if (id.empty()) id = Text("run_uuid");
  if (id.empty()) Missing("run_id");
  return id;
}

Status Args::status() const {
  if (sink_storage_.error) return std::unexpected(*sink_storage_.error);
  if (malformed_) return std::unexpected(*malformed_);
  return {};
}

}  // namespace quern::server::mlflow
