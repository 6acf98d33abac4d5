#pragma once
// Inside of cli/ only: what `quern import` and `quern export` share.
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/store_options.h"
#include "exchange/report.h"
#include "registry/transfer.h"
#include "store/database.h"
#include "store/folder_artifacts.h"
#include "store/mounted_artifacts.h"
#include "tracking/transfer.h"
#include "upkeep/lock.h"

namespace quern::cli {

/// What a store is opened for.
enum class Use {
  kWrite,
  kLook,  // nothing is made; a database in memory stands in for one that is absent
  kRead,  // one that is absent is kNotFound
};

/// A store as an import and an export use it.
class ExchangeStore {
 public:
  static Result<std::unique_ptr<ExchangeStore>> Open(const StoreArgs& args, Use use,
                                                     Context& context);
  ExchangeStore(std::unique_ptr<store::Database> opened, const Clock& clock);

  /// What clients know as "mlflow-artifacts:/": the artifacts, and this store's own packages below
  /// quern/. `none` stands in for a folder that is absent.
  Result<std::unique_ptr<store::MountedArtifacts>> Proxied(const std::string& none, Fs& fs);

  std::unique_ptr<store::Database> database;
  /// An import keeps purges out: files of runs that are on their way have no rows yet.
  std::unique_ptr<upkeep::StoreLock> lock;
  std::unique_ptr<store::ArtifactStore> artifacts;
  std::unique_ptr<store::FolderArtifacts> packages;
  std::string packages_folder;
  tracking::Experiments experiments;
  tracking::Runs runs;
  tracking::LoggedModels models;
  tracking::Transfer tracking;
  registry::Transfer registry;
};

/// --experiment (again and again) and --no-artifacts; `experiments` and `artifacts` outlive the
/// verb.
void AddChoice(Verb verb, std::vector<std::string>& experiments, bool& artifacts);

/// What was done, a row for each kind of thing and a column for each of its counts.
struct TallyColumn {
  const char* head;
  int64_t exchange::Tally::* count;
};
void PrintTallies(const exchange::Report& report, const std::vector<TallyColumn>& columns,
                  const Context& context);
/// What was not as it should be, below a table of what was done.
void PrintRest(const exchange::Report& report, const Context& context);
void PrintReportJson(const exchange::Report& report, const Status& status, const json::object& more,
                     const Context& context);
/// The code that a command with these problems ends with; they are told on standard error.
int Conclude(const exchange::Report& report, const Status& status, const Context& context);

}  // namespace quern::cli
