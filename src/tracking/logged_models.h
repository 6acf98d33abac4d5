#pragma once
// Models that runs log: an object of its own with parameters, metrics and tags since MLflow 3.
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "search/query.h"
#include "store/database.h"
#include "tracking/experiments.h"
#include "tracking/types.h"

namespace quern::tracking {

struct NewLoggedModel {
  int64_t experiment_id = 0;
  std::string name;
  std::string model_type;
  std::string source_run_id;
  Texts params;
  Texts tags;
};

/// Thread-safe as the database is. Borrows it. Unknown and deleted ids are kNotFound.
class LoggedModels {
 public:
  LoggedModels(store::Database& database, const Clock& clock, Experiments& experiments)
      : db_(database), clock_(clock), experiments_(experiments) {}

  /// Artifacts go to `<experiment's location>/models/<id>/artifacts`.
  Result<LoggedModel> Create(const NewLoggedModel& model);
  Result<LoggedModel> Get(const std::string& id);
  /// A deleted one too.
  Result<LoggedModel> GetAny(const std::string& id);
  /// A deleted one too, and all of its metrics' values instead of the last: for transfer.h.
  Result<LoggedModel> GetWhole(const std::string& id);
  /// `status`: LOGGED_MODEL_READY or LOGGED_MODEL_UPLOAD_FAILED.
  Result<LoggedModel> Finalize(const std::string& id, const std::string& status);
  Status Delete(const std::string& id);
  Status SetTags(const std::string& id, const Texts& tags);
  Status DeleteTag(const std::string& id, const std::string& key);
  Status LogParams(const std::string& id, const Texts& params);
  Result<Page<LoggedModel>> Search(const std::vector<int64_t>& experiment_ids,
                                   const std::string& filter,
                                   const std::vector<search::DatasetFilter>& datasets,
                                   const std::vector<search::FieldOrder>& order,
                                   int64_t max_results, const std::string& page_token);

 private:
  store::Database& db_;
  const Clock& clock_;
  Experiments& experiments_;
};

}  // namespace quern::tracking
