#pragma once
// A project's runs in a tracking server elsewhere.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "remote/api.h"
#include "remote/experiment.h"
#include "tracking/run_book.h"

namespace quern::remote {

/// Thread-safe. Borrows all it is given. Searches see the project's experiment. MLflow has no call
/// that writes a family at once: a run is RUNNING until all of it is there, and whoever records the
/// same family goes on where it was left.
class RemoteRunBook : public tracking::RunBook {
 public:
  RemoteRunBook(Api& api, Experiment& experiment, std::string user, const Clock& clock)
      : api_(api), experiment_(experiment), user_(std::move(user)), clock_(clock) {}

  Result<tracking::FamilyIds> Record(const std::string& experiment,
                                     const tracking::RunFamily& family) override;
  Result<tracking::BookedRun> Find(const std::string& beginning) override;
  Result<std::vector<tracking::BookedRun>> Search(const tracking::SearchRequest& request,
                                                  tracking::RunLevel level) override;

 private:
  using Known = std::map<std::string, tracking::Run>;  // by kKeyTag

  /// One page of the experiment's active runs; `token` is replaced by the next page's.
  Result<std::vector<tracking::Run>> Page(const std::string& filter,
                                          const std::vector<std::string>& order_by, int64_t size,
                                          std::string& token);
  Result<std::vector<tracking::Run>> All(const std::string& filter);
  Result<Known> KnownOf(const std::string& key);
  /// The run of a draft: found, or made and still RUNNING.
  Result<tracking::Run> Begin(const tracking::RunDraft& draft, const Known& known);
  Result<tracking::Run> Create(const tracking::RunDraft& draft);
  /// Logs what is not there yet, then ends the run.
  Status Complete(const tracking::Run& run, const tracking::RunDraft& draft);
  Status Log(const std::string& id, const tracking::Batch& batch);
  Status End(const std::string& id, tracking::RunStatus status, int64_t end_ms);
  /// Ends what a killed recording of another family left RUNNING.
  Status EndAbandoned(const std::string& place, const std::string& key);

  Api& api_;
  Experiment& experiment_;
  std::string user_;
  const Clock& clock_;
};

}  // namespace quern::remote
