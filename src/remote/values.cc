#include "remote/values.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <limits>

#include "base/hex.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "registry/package_registry.h"

namespace quern::remote {
namespace {

/// Numbers that JSON has no words for come as texts.
double NumberAt(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return std::nan("");
  if (value->is_number()) return value->to_number<double>();
  if (!value->is_string()) return std::nan("");
  const std::string text(value->get_string());
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return ParseDouble(text).value_or(std::nan(""));
}

/// A SHA-256 as we write it. Anybody may set a tag, and this one becomes part of a path.
bool IsDigest(const std::string& text) { return IsHex(text, 32); }

tracking::RunInfo ReadInfo(const json::object& object) {
  tracking::RunInfo info;
  info.id = TextAt(object, "run_id");
  info.experiment_id = IntAt(object, "experiment_id").value_or(0);
  info.name = TextAt(object, "run_name");
  info.user_id = TextAt(object, "user_id");
  info.status = TextAt(object, "status");
  info.start_ms = IntAt(object, "start_time").value_or(0);
  if (const int64_t end = IntAt(object, "end_time").value_or(0); end != 0) info.end_ms = end;
  info.artifact_uri = TextAt(object, "artifact_uri");
  info.deleted = TextAt(object, "lifecycle_stage") == "deleted";
  return info;
}

tracking::MetricSummary ReadMetric(const json::object& object) {
  tracking::MetricSummary metric;
  metric.key = TextAt(object, "key");
  metric.value = NumberAt(object, "value");
  metric.step = IntAt(object, "step").value_or(0);
  metric.time_ms = IntAt(object, "timestamp").value_or(0);
  return metric;
}

tracking::DatasetInput ReadInput(const json::value& value) {
  const json::object& dataset = ObjectAt(value, "dataset");
  tracking::DatasetInput input;
  input.dataset.name = TextAt(dataset, "name");
  input.dataset.digest = TextAt(dataset, "digest");
  input.dataset.source_type = TextAt(dataset, "source_type");
  input.dataset.source = TextAt(dataset, "source");
  input.tags = PairsOf(ArrayAt(value, "tags"));
  return input;
}

}  // namespace

tracking::Run ReadRun(const json::value& value) {
  tracking::Run run;
  run.info = ReadInfo(ObjectAt(value, "info"));
  const json::object& data = ObjectAt(value, "data");
  for (const json::value& metric : ArrayAt(data, "metrics")) {
    if (const json::object* object = metric.if_object()) run.metrics.push_back(ReadMetric(*object));
  }
  std::sort(run.metrics.begin(), run.metrics.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  run.params = PairsOf(ArrayAt(data, "params"));
  run.tags = PairsOf(ArrayAt(data, "tags"));
  if (const auto parent = run.tags.find("mlflow.parentRunId"); parent != run.tags.end()) {
    run.info.parent_id = parent->second;
  }
  const json::object& inputs = ObjectAt(value, "inputs");
  for (const json::value& input : ArrayAt(inputs, "dataset_inputs")) {
    run.dataset_inputs.push_back(ReadInput(input));
  }
  return run;
}

registry::ModelVersion ReadModelVersion(const json::value& value) {
  registry::ModelVersion version;
  const json::object* object = value.if_object();
  if (object == nullptr) return version;
  version.name = TextAt(*object, "name");
  version.version = IntAt(*object, "version").value_or(0);
  version.created_ms = IntAt(*object, "creation_timestamp").value_or(0);
  version.updated_ms = IntAt(*object, "last_updated_timestamp").value_or(0);
  version.user_id = TextAt(*object, "user_id");
  version.stage = TextAt(*object, "current_stage");
  version.description = TextAt(*object, "description");
  version.source = TextAt(*object, "source");
  version.storage = version.source;
  version.run_id = TextAt(*object, "run_id");
  version.status = TextAt(*object, "status");
  version.status_message = TextAt(*object, "status_message");
  version.model_id = TextAt(*object, "model_id");
  version.tags = PairsOf(ArrayAt(value, "tags"));
  for (const json::value& alias : ArrayAt(value, "aliases")) {
    if (alias.is_string()) version.aliases.emplace_back(alias.get_string());
  }
  std::sort(version.aliases.begin(), version.aliases.end());
  const auto digest = version.tags.find(registry::kDigestTag);
  if (digest != version.tags.end() && IsDigest(digest->second)) {
    version.digest = digest->second;
    version.path = registry::PackagePath(version.digest);
  }
  return version;
}

registry::RegisteredModel ReadRegisteredModel(const json::value& value) {
  registry::RegisteredModel model;
  const json::object* object = value.if_object();
  if (object == nullptr) return model;
  model.name = TextAt(*object, "name");
  model.description = TextAt(*object, "description");
  model.created_ms = IntAt(*object, "creation_timestamp").value_or(0);
  model.updated_ms = IntAt(*object, "last_updated_timestamp").value_or(0);
  model.tags = PairsOf(ArrayAt(value, "tags"));
  return model;
}

}  // namespace quern::remote
