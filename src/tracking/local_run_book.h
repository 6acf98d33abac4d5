#pragma once
// A project's runs in the project's own database.
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "tracking/experiments.h"
#include "tracking/run_book.h"

namespace quern::tracking {

/// Thread-safe as the database is. Borrows all it is given. A family is one transaction. Searches
/// see the runs of all experiments.
class LocalRunBook : public RunBook {
 public:
  LocalRunBook(store::Database& database, std::string user, Experiments& experiments, Runs& runs)
      : db_(database), user_(std::move(user)), experiments_(experiments), runs_(runs) {}

  Result<FamilyIds> Record(const std::string& experiment, const RunFamily& family) override;
  Result<BookedRun> Find(const std::string& beginning) override;
  Result<std::vector<BookedRun>> Search(const SearchRequest& request, RunLevel level) override;

 private:
  /// Key -> id of what is written down of a family.
  Result<std::map<std::string, std::string>> Known(int64_t experiment_id, const std::string& key);
  Result<std::string> Write(int64_t experiment_id, const RunDraft& draft);
  /// Active experiments: id and name.
  Result<std::map<int64_t, std::string>> ExperimentNames();
  store::Database& db_;
  std::string user_;
  Experiments& experiments_;
  Runs& runs_;
};

}  // namespace quern::tracking
