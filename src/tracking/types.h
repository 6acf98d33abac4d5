#pragma once
// Values of the tracking store, in MLflow's words. Times are milliseconds since 1970.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/page.h"

namespace quern::tracking {

using Texts = std::map<std::string, std::string>;  // tags, parameters: key -> value

enum class ViewType { kActiveOnly, kDeletedOnly, kAll };

enum class RunStatus { kRunning, kScheduled, kFinished, kFailed, kKilled };
std::string_view StatusName(RunStatus status);
/// By its name, exact case; nothing for any other text.
std::optional<RunStatus> FindStatus(std::string_view name);

struct Experiment {
  int64_t id = 0;
  std::string name;
  std::string artifact_location;
  bool deleted = false;
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
  Texts tags;
};

/// One measured value. NaN and infinities are values like others.
struct MetricPoint {
  std::string key;
  double value = 0;
  int64_t step = 0;
  int64_t time_ms = 0;
  // What was measured, and on what, if the client says so.
  std::string model_id;
  std::string dataset_name;
  std::string dataset_digest;
};

/// What a table shows of a series: its last value, by step, then time, then value.
struct MetricSummary {
  std::string key;
  double value = 0;
  int64_t step = 0;
  int64_t time_ms = 0;
  int64_t points = 0;
  // Of what is not NaN; NaN if there is nothing else.
  double least = 0;
  double greatest = 0;
};

struct Dataset {
  std::string name;
  std::string digest;
  std::string source_type;
  std::string source;
  std::optional<std::string> schema;
  std::optional<std::string> profile;
};

struct DatasetInput {
  Dataset dataset;
  Texts tags;
};

struct ModelLink {
  std::string model_id;
  int64_t step = 0;  // of outputs
};

struct RunInfo {
  int64_t num = 0;  // the row; small, never given again
  std::string id;
  int64_t experiment_id = 0;
  std::string parent_id;
  std::string name;
  std::string user_id;
  std::string status;
  int64_t start_ms = 0;
  std::optional<int64_t> end_ms;
  std::string artifact_uri;
  bool deleted = false;
  int64_t revision = 0;  // grows with every change of what is shown of the run
};

struct Run {
  RunInfo info;
  Texts params;
  std::vector<MetricSummary> metrics;  // by key
  Texts tags;
  std::vector<DatasetInput> dataset_inputs;
  std::vector<ModelLink> model_inputs;
  std::vector<ModelLink> model_outputs;
};

struct LoggedModel {
  int64_t num = 0;
  std::string id;  // "m-" and 32 hex digits
  int64_t experiment_id = 0;
  std::string name;
  std::string model_type;
  std::string source_run_id;
  std::string artifact_uri;
  std::string status;  // LOGGED_MODEL_PENDING, …_READY, …_UPLOAD_FAILED
  std::string status_message;
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
  Texts tags;
  Texts params;
  struct Metric {
    MetricPoint point;
    std::string run_id;
  };
  std::vector<Metric> metrics;  // the last value per key and dataset
};

template <class T>
using Page = search::ResultPage<T>;
using SearchRequest = search::PageRequest;

}  // namespace quern::tracking
