#include "server/native/ingest_ndjson.h"

#include <cmath>
#include <limits>
#include <optional>

#include "base/json_doc.h"
#include "base/text.h"
#include "server/native/ndjson_metric.h"

namespace quern::server::native {
namespace {

constexpr size_t kMaxLine = 1U << 20;

std::optional<double> MetricValue(const JsonRef& value) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (value.Is(JsonKind::kNull)) return std::nan("");
  if (!value.Is(JsonKind::kNumber) && !value.Is(JsonKind::kString)) return std::nullopt;
  const std::string_view text = value.text();
  if (text == "NaN") return std::nan("");
  if (text == "Infinity") return kInfinity;
  if (text == "-Infinity") return -kInfinity;
  return value.Is(JsonKind::kNumber) ? ParseDouble(text) : std::nullopt;
}

/// One line, field by field; the first that is wrong is kept.
class Record {
 public:
  explicit Record(const JsonRef& root) {
    root.ForEachMember([&](std::string_view name, const JsonRef& value) { Take(name, value); });
    if (!wrong_.empty()) return;
    const int kinds = int{!key_.empty()} + int{!param_.empty()} + int{!tag_.empty()};
    if (kinds != 1) wrong_ = "a record has one of 'key' (of a metric), 'param' and 'tag'";
    if (run_id_.empty()) wrong_ = "'run_id' is missing";
    if (!value_) wrong_ = "'value' is missing";
    if (wrong_.empty() && !key_.empty()) ReadPoint();
    if (wrong_.empty() && key_.empty() && !value_->Is(JsonKind::kString)) {
      wrong_ = "'value' of a parameter or tag is a text, not " + ShowJson(*value_);
    }
  }

  Status AddTo(tracking::BulkLog& log, int64_t line) const {
    if (!wrong_.empty()) {
      log.Refuse(line, wrong_);
      return {};
    }
    if (!key_.empty()) return log.Metric(line, run_id_, key_, point_);
    if (!param_.empty()) return log.Param(line, run_id_, param_, value_->text());
    return log.Tag(line, run_id_, tag_, value_->text());
  }

 private:
  void Take(std::string_view name, const JsonRef& value) {
    if (name == "run_id") {
      Text(name, value, run_id_);
    } else if (name == "key") {
      Text(name, value, key_);
    } else if (name == "value") {
      value_ = value;
    } else if (name == "timestamp") {
      time_ms_ = Int(name, value);
    } else if (name == "step") {
      step_ = Int(name, value);
    } else if (name == "param") {
      Text(name, value, param_);
    } else if (name == "tag") {
      Text(name, value, tag_);
    } else {
      Wrong("unknown field " + ShowJsonText(name) +
            ": run_id, key, value, timestamp, step, param and tag are known");
    }
  }

  void Text(std::string_view name, const JsonRef& value, std::string_view& into) {
    if (value.Is(JsonKind::kString) && !value.text().empty()) {
      into = value.text();
    } else {
      Wrong("'" + std::string(name) + "' is a text that is not empty, not " + ShowJson(value));
    }
  }

  std::optional<int64_t> Int(std::string_view name, const JsonRef& value) {
    const auto number =
        value.Is(JsonKind::kNumber) ? ParseInt(value.text()) : std::optional<int64_t>();
    if (!number) Wrong("'" + std::string(name) + "' is an integer, not " + ShowJson(value));
    return number;
  }

  void ReadPoint() {
    const auto value = MetricValue(*value_);
    if (!value) return Wrong("'value' of a metric is a number, not " + ShowJson(*value_));
    if (!time_ms_) return Wrong("'timestamp' (milliseconds since 1970) is missing");
    point_ = {*time_ms_, step_.value_or(0), *value};
  }

  void Wrong(std::string what) {
    if (wrong_.empty()) wrong_ = std::move(what);
  }

  std::string_view run_id_, key_, param_, tag_;
  std::optional<JsonRef> value_;
  std::optional<int64_t> time_ms_, step_;
  tracking::Point point_;
  std::string wrong_;
};

}  // namespace

Status NdjsonReader::Feed(std::string_view bytes) {
  for (;;) {
    const size_t end = bytes.find('\n');
    if (end == std::string_view::npos) break;
    if (begun_.empty()) {
      QUERN_TRY(Line(bytes.substr(0, end)));
    } else {
      begun_.append(bytes.substr(0, end));
      QUERN_TRY(Line(begun_));
      begun_.clear();
    }
    bytes.remove_prefix(end + 1);
  }
  begun_.append(bytes);
  if (begun_.size() <= kMaxLine) return {};
  return Fail(Code::kInvalidArgument,
              "line " + std::to_string(line_ + 1) + " is longer than " + std::to_string(kMaxLine) +
                  " bytes",
              "one record is one line");
}

Status NdjsonReader::End() {
  if (begun_.empty()) return {};
  const std::string last = std::move(begun_);
  begun_.clear();
  return Line(last);
}

Status NdjsonReader::Line(std::string_view line) {
  ++line_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (const auto metric = ReadPlainMetric(line)) {
    ++records_;
    return log_.Metric(line_, metric->run_id, metric->key, metric->point);
  }
  if (line.find_first_not_of(" \t") == std::string_view::npos) return {};
  ++records_;
  const auto document = JsonDoc::Parse(line);
  if (!document) {
    log_.Refuse(line_, document.error().message);
    return {};
  }
  if (!document->root().Is(JsonKind::kObject)) {
    log_.Refuse(line_, "a record is an object");
    return {};
  }
  return Record(document->root()).AddTo(log_, line_);
}

}  // namespace quern::server::native
