#pragma once
// Where a project's runs are written down and read: the project's own database
// (local_run_book.h), or a tracking server elsewhere (remote/run_book.h).
#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "tracking/runs.h"
#include "tracking/types.h"

namespace quern::tracking {

/// The tag that says which result a run is of; a trial's ends with its number.
inline constexpr char kKeyTag[] = "quern.key";
/// The tag that says in which state folder of which machine a run's tables and cache stay.
inline constexpr char kPlaceTag[] = "quern.place";
inline constexpr char kParentTag[] = "mlflow.parentRunId";

/// A finished run: a training, a trial.
struct RunDraft {
  std::string name;
  RunStatus status = RunStatus::kFinished;
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  Texts params;
  std::vector<MetricPoint> metrics;  // a time of 0 is the run's end
  Texts tags;
  std::vector<DatasetInput> datasets;
};

/// A finished training and the trials below it.
struct RunFamily {
  /// Digest of all that decides the result: a family is written down once.
  std::string key;
  std::string place;  // what kPlaceTag says
  RunDraft parent;
  std::vector<RunDraft> trials;
};

struct FamilyIds {
  std::string parent;
  std::vector<std::string> trials;  // in the order of the family's
};

struct BookedRun {
  Run run;
  std::string experiment;
};

/// Thread-safe.
class RunBook {
 public:
  virtual ~RunBook() = default;

  /// Writes the family down in the experiment of that name, which is made if there is none. What is
  /// there already under its key is not written again, so that what was killed half-way, or is done
  /// again, ends as the same runs.
  virtual Result<FamilyIds> Record(const std::string& experiment, const RunFamily& family) = 0;

  /// The one run whose id begins so. kNotFound; kInvalidArgument if there are several.
  virtual Result<BookedRun> Find(const std::string& beginning) = 0;
  /// At most `request.max_results` of the active runs; filter and order: docs/search.md.
  virtual Result<std::vector<BookedRun>> Search(const SearchRequest& request, RunLevel level) = 0;
};

/// "KEY/3": what kKeyTag says of a family's n-th trial, counted from 1.
std::string TrialKey(const std::string& key, size_t number);
/// The family with its tags of key and place set.
RunFamily Marked(RunFamily family);

/// What a draft logs, in pieces that one batch may hold. Points without a time get the run's end.
std::vector<Batch> BatchesOf(const RunDraft& draft);

}  // namespace quern::tracking
