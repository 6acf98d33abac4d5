#pragma once
// Runs and everything logged to them. Each call is one transaction: all of it is kept, or nothing.
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/database.h"
#include "tracking/experiments.h"
#include "tracking/metric_chunk.h"
#include "tracking/series_chart.h"
#include "tracking/types.h"

namespace quern::tracking {

struct NewRun {
  std::string id;  // "": a new one
  int64_t experiment_id = 0;
  std::string name;  // "": tag mlflow.runName, else a random one
  std::string user_id;
  RunStatus status = RunStatus::kRunning;
  int64_t start_ms = 0;
  std::optional<int64_t> end_ms;
  Texts tags;
};

struct RunUpdate {
  std::optional<RunStatus> status;
  std::optional<int64_t> end_ms;
  std::optional<std::string> name;
};

struct Batch {
  std::vector<MetricPoint> metrics;
  std::vector<std::pair<std::string, std::string>> params;  // as sent: repeats are errors
  std::vector<std::pair<std::string, std::string>> tags;
};

/// A parameter or tag among many records; `record` is its number.
struct TextRecord {
  int64_t record = 0;
  std::string key;
  std::string value;
};

/// Records of one run.
struct RunRecords {
  int64_t first_record = 0;
  std::map<std::string, std::vector<Point>> points;
  std::vector<TextRecord> params;
  std::vector<TextRecord> tags;
};

/// What became of many records.
struct BulkReport {
  int64_t metrics = 0;   // points that were new
  int64_t repeated = 0;  // points that were there already
  int64_t params = 0;    // new, or there with the same value
  int64_t tags = 0;
  int64_t refused = 0;
  struct Refusal {
    int64_t record = 0;
    std::string message;
  };
  std::vector<Refusal> refusals;  // the first hundred

  /// `count` records that begin with this one.
  void Refuse(int64_t record, std::string message, int64_t count);
  void Add(BulkReport&& more);
};

/// What a search returns of each run.
struct RunFields {
  bool params = true;
  bool metrics = true;
  bool tags = true;
};

/// Whether a search looks at nested runs.
enum class RunLevel {
  kAll,
  kTop,  // runs without a parent
};

struct DatasetSummary {
  int64_t experiment_id = 0;
  std::string name;
  std::string digest;
  std::string context;
};

/// Thread-safe as the database is. Borrows it. Unknown ids are kNotFound; a change of a deleted run
/// is kInvalidArgument.
class Runs {
 public:
  Runs(store::Database& database, const Clock& clock, Experiments& experiments)
      : db_(database), clock_(clock), experiments_(experiments) {}

  /// The experiment must be active. A name and a tag mlflow.runName that differ are
  /// kInvalidArgument.
  Result<Run> Create(const NewRun& run);
  Result<RunInfo> Info(const std::string& id);
  /// The whole id of the one run that begins so. kInvalidArgument if there are several.
  Result<std::string> Resolve(const std::string& beginning);
  Result<Run> Get(const std::string& id);
  Result<RunInfo> Update(const std::string& id, const RunUpdate& update);
  Status Delete(const std::string& id);
  Status Restore(const std::string& id);

  /// Parameters are written once: the same value again is fine, another is kInvalidArgument and
  /// nothing of the batch is kept. Limits and names: names.h.
  Status Log(const std::string& id, const Batch& batch);
  /// The same for one parameter, with MLflow's words for one.
  Status LogParam(const std::string& id, const std::string& key, const std::string& value);
  /// Records of several runs, whose names and times have been checked, in one transaction. What is
  /// wrong is told in the report, the rest is kept.
  Status LogMany(const std::map<std::string, RunRecords, std::less<>>& runs, BulkReport& report);
  /// After many records (store/statistics.h).
  void RefreshStatistics();
  /// Adds an entry, a JSON object, to the list of models of MLflow 2 clients: the tag
  /// mlflow.log-model.history, which may be longer than other tags.
  Status LogModel(const std::string& id, const std::string& entry);
  Status DeleteTag(const std::string& id, const std::string& key);
  Status LogInputs(const std::string& id, const std::vector<DatasetInput>& datasets,
                   const std::vector<ModelLink>& models);
  Status LogOutputs(const std::string& id, const std::vector<ModelLink>& models);

  /// `experiment_ids` empty: none. Filter and order: docs/search.md.
  Result<Page<Run>> Search(const std::vector<int64_t>& experiment_ids, ViewType view,
                           const SearchRequest& request, const RunFields& fields = {},
                           RunLevel level = RunLevel::kAll);
  /// How many runs the filter finds in all.
  Result<int64_t> Count(const std::vector<int64_t>& experiment_ids, ViewType view,
                        const std::string& filter);
  /// Datasets that runs of these experiments read, at most 1000.
  Result<std::vector<DatasetSummary>> Datasets(const std::vector<int64_t>& experiment_ids);

  /// Points of one series by time, step and value.
  Result<Page<Point>> History(const std::string& id, const std::string& key, int64_t max_results,
                              const std::string& page_token);

  struct RunPoints {
    std::string run_id;
    std::vector<Point> points;
  };
  /// The whole series of several runs, in their order, at most `max_results` points of each. Runs
  /// without the metric are left out.
  Result<std::vector<RunPoints>> HistoryBulk(const std::vector<std::string>& ids,
                                             const std::string& key, int64_t max_results);
  /// Points at evenly chosen steps of `first` to `last` (both or neither), the same steps for all
  /// runs: MLflow's get-history-bulk-interval. Runs without the metric are left out.
  Result<std::vector<RunPoints>> HistoryInterval(const std::vector<std::string>& ids,
                                                 const std::string& key,
                                                 std::optional<int64_t> first,
                                                 std::optional<int64_t> last, int64_t max_results);

  /// What a chart of several runs asks for.
  struct ChartRequest {
    std::vector<std::string> run_ids;
    std::string key;
    Along along = Along::kStep;
    /// Both or neither: all that there is. Ends are included.
    std::optional<int64_t> first, last;
    int64_t columns = 80;
  };
  struct Chart {
    Columns columns;
    struct One {
      std::string run_id;
      SeriesChart series;
    };
    std::vector<One> runs;
  };
  /// Each series within the range: its points if there are at most four a column, and the marks of
  /// each column, the same columns for all runs. Runs without the metric are left out, unknown ones
  /// are kNotFound; a range that ends before it begins, columns that are not 1 to kMaxColumns are
  /// kInvalidArgument. Nothing if no run has the metric.
  Result<std::optional<Chart>> ReadColumns(const ChartRequest& request);

 private:
  /// kInvalidArgument for a deleted one.
  Result<RunInfo> Active(const std::string& id);
  Status Insert(const NewRun& run, const std::string& id, const std::string& name,
                const Experiment& experiment);
  Status SetTags(const RunInfo& run, const std::vector<std::pair<std::string, std::string>>& tags);
  Status LogRecords(const RunInfo& run, const RunRecords& records, BulkReport& done);
  Status Fill(std::span<Run> runs, const RunFields& fields);
  store::Database& db_;
  const Clock& clock_;
  Experiments& experiments_;
};

}  // namespace quern::tracking
