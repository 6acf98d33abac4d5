#include "upkeep/purge.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/fs.h"
#include "base/text.h"

namespace quern::upkeep {
namespace {

using tracking::DeletedItem;

/// Claimed, and later removed, in one transaction.
constexpr size_t kAtOnce = 50;

/// Live versions by the id of the run or logged model that they come from.
class References {
 public:
  static Result<References> Read(registry::Registry& registry) {
    References found;
    QUERN_ASSIGN(const auto versions, registry.List(""));
    for (const auto& version : versions) {
      const std::string words =
          "version " + std::to_string(version.version) + " of model '" + version.name + "'";
      if (!version.run_id.empty()) found.by_id_.emplace(version.run_id, words);
      if (!version.model_id.empty()) found.by_id_.emplace(version.model_id, words);
      // Ends so that "…/1/run" is not taken for "…/1/run2".
      if (!version.storage.empty()) found.by_place_.emplace(version.storage + "/", words);
    }
    return found;
  }

  /// The version that needs the item, in words.
  std::optional<std::string> To(const DeletedItem& item) const {
    if (const auto found = by_id_.find(item.id); found != by_id_.end()) return found->second;
    const std::string folder = item.artifact_uri + "/";
    const auto found = by_place_.lower_bound(folder);
    if (found != by_place_.end() && StartsWith(found->first, folder)) return found->second;
    return std::nullopt;
  }

 private:
  std::map<std::string, std::string> by_id_;
  std::map<std::string, std::string> by_place_;
};

/// Those of `items` that are named; kNotFound for a name without an item.
Status Choose(std::vector<DeletedItem>* items, const std::vector<std::string>& ids,
              const std::string& kind) {
  std::set<std::string> wanted(ids.begin(), ids.end());
  std::erase_if(*items, [&](const DeletedItem& item) { return !wanted.contains(item.id); });
  for (const DeletedItem& item : *items) wanted.erase(item.id);
  if (wanted.empty()) return {};
  return Fail(Code::kNotFound, "there is no deleted " + kind + " '" + *wanted.begin() + "'",
              "only what was deleted, and longer ago than the retention (--older-than), can be "
              "purged");
}

/// Drops what a version refers to; the experiments of what stays.
void KeepReferred(const References& references, const std::string& kind,
                  std::vector<DeletedItem>* items, std::vector<std::string>* kept,
                  std::set<int64_t>* blocked) {
  std::erase_if(*items, [&](const DeletedItem& item) {
    const auto version = references.To(item);
    if (!version) return false;
    kept->push_back(kind + " " + item.id + ": " + *version +
                    " refers to it; delete the version first");
    blocked->insert(item.experiment_id);
    return true;
  });
}

std::vector<int64_t> NumsOf(const std::vector<DeletedItem>& items) {
  std::vector<int64_t> nums;
  for (const DeletedItem& item : items) nums.push_back(item.num);
  return nums;
}

class Worker {
 public:
  Worker(tracking::Trash& trash, const FindPlace& find, const CancelToken& cancel,
         Progress& progress, size_t total)
      : trash_(trash), find_(find), cancel_(cancel), progress_(progress), total_(total) {}

  Status Runs(const std::vector<DeletedItem>& items) {
    return InPieces(items, [&](const std::vector<DeletedItem>& some) -> Status {
      QUERN_ASSIGN(const auto claimed, trash_.ClaimRuns(NumsOf(some)));
      const std::set<int64_t> ours(claimed.begin(), claimed.end());
      QUERN_ASSIGN(const auto gone, FilesOf(some, "run", [&](const DeletedItem& item) {
                     return ours.contains(item.num);
                   }));
      result.runs += static_cast<int64_t>(gone.size());
      return trash_.RemoveRuns(gone);
    });
  }

  /// `experiments`: those that were claimed; the others' models go only if they were deleted.
  Status Models(const std::vector<DeletedItem>& items, const std::set<int64_t>& experiments) {
    return InPieces(items, [&](const std::vector<DeletedItem>& some) -> Status {
      QUERN_ASSIGN(const auto gone, FilesOf(some, "logged model", [&](const DeletedItem& item) {
                     return item.deleted_ms >= 0 || experiments.contains(item.experiment_id);
                   }));
      result.models += static_cast<int64_t>(gone.size());
      return trash_.RemoveLoggedModels(gone);
    });
  }

  Status Experiments(const std::vector<DeletedItem>& items, const std::set<int64_t>& claimed) {
    for (const DeletedItem& item : items) {
      if (!claimed.contains(item.num)) continue;
      Status removed = trash_.RemoveExperiments({item.num});
      if (!removed && removed.error().code == Code::kFailedPrecondition) {
        result.failed.push_back("experiment " + item.id + ": it still holds runs or models");
        continue;
      }
      QUERN_TRY(removed);
      ++result.experiments;
      if (const auto place = find_(item.artifact_uri)) {
        RemoveIfEmpty(*place->store, JoinPath(place->path, "models"));
        RemoveIfEmpty(*place->store, place->path);
      }
    }
    return {};
  }

  PurgeResult result;

 private:
  template <class Body>
  Status InPieces(const std::vector<DeletedItem>& items, const Body& body) {
    for (size_t at = 0; at < items.size(); at += kAtOnce) {
      QUERN_TRY(cancel_.Check());
      const auto first = items.begin() + static_cast<ptrdiff_t>(at);
      const size_t count = std::min(kAtOnce, items.size() - at);
      QUERN_TRY(body(std::vector<DeletedItem>(first, first + static_cast<ptrdiff_t>(count))));
      progress_.Update(done_ += count, total_, "purged");
    }
    return {};
  }

  /// Deletes the files of those items that `ours` says; the numbers of those that have none now.
  template <class Ours>
  Result<std::vector<int64_t>> FilesOf(const std::vector<DeletedItem>& items,
                                       const std::string& kind, const Ours& ours) {
    std::vector<int64_t> gone;
    for (const DeletedItem& item : items) {
      if (!ours(item)) continue;
      QUERN_TRY(cancel_.Check());
      const auto place = find_(item.artifact_uri);
      if (!place) {
        result.left.push_back(item.artifact_uri);
      } else if (const Status deleted = DeleteFiles(*place, item.id); !deleted) {
        result.failed.push_back(kind + " " + item.id + ": " + deleted.error().message);
        continue;
      }
      gone.push_back(item.num);
    }
    return gone;
  }

  /// `…/<id>/artifacts`, and the folder of the item itself if nothing else is in it.
  static Status DeleteFiles(const Place& place, const std::string& id) {
    if (place.path.empty()) return {};
    const Status deleted = place.store->Delete(place.path);
    if (!deleted && deleted.error().code != Code::kNotFound) return deleted;
    const std::string folder = DirName(place.path);
    if (BaseName(folder) == id) RemoveIfEmpty(*place.store, folder);
    return {};
  }

  /// An empty folder that stays harms nobody.
  static void RemoveIfEmpty(store::ArtifactStore& store, const std::string& folder) {
    const auto entries = store.List(folder);
    if (entries && entries->empty() && !folder.empty()) {
      static_cast<void>(store.Delete(folder));
    }
  }

  tracking::Trash& trash_;
  const FindPlace& find_;
  const CancelToken& cancel_;
  Progress& progress_;
  size_t total_;
  size_t done_ = 0;
};

}  // namespace

Result<PurgePlan> PlanPurge(tracking::Trash& trash, registry::Registry& registry,
                            const PurgeScope& scope) {
  PurgePlan plan;
  QUERN_ASSIGN(plan.runs, trash.Runs(scope.until_ms));
  QUERN_ASSIGN(plan.models, trash.LoggedModels(scope.until_ms));
  QUERN_ASSIGN(plan.experiments, trash.Experiments(scope.until_ms));
  const bool chosen =
      !scope.run_ids.empty() || !scope.model_ids.empty() || !scope.experiment_ids.empty();
  if (chosen) {
    QUERN_TRY(Choose(&plan.experiments, scope.experiment_ids, "experiment"));
    // A named experiment goes with all that is in it.
    std::vector<std::string> runs = scope.run_ids;
    std::vector<std::string> models = scope.model_ids;
    const std::vector<int64_t> whole = NumsOf(plan.experiments);
    const auto inside = [&](const DeletedItem& item) {
      return std::find(whole.begin(), whole.end(), item.experiment_id) != whole.end();
    };
    for (const auto& run : plan.runs) {
      if (inside(run)) runs.push_back(run.id);
    }
    for (const auto& model : plan.models) {
      if (inside(model)) models.push_back(model.id);
    }
    QUERN_TRY(Choose(&plan.runs, runs, "run"));
    QUERN_TRY(Choose(&plan.models, models, "logged model"));
  }
  QUERN_ASSIGN(const References references, References::Read(registry));
  std::set<int64_t> blocked;
  KeepReferred(references, "run", &plan.runs, &plan.kept, &blocked);
  KeepReferred(references, "logged model", &plan.models, &plan.kept, &blocked);
  QUERN_ASSIGN(const auto in_use, trash.ExperimentsInUse());
  for (const int64_t id : in_use) blocked.insert(id);
  std::erase_if(plan.experiments, [&](const DeletedItem& item) {
    if (!blocked.contains(item.num)) return false;
    plan.kept.push_back("experiment " + item.id + " '" + item.name +
                        "': it holds a run or model that stays");
    return true;
  });
  // What is only in the plan for its experiment's sake stays with it.
  std::set<int64_t> going;
  for (const auto& experiment : plan.experiments) going.insert(experiment.num);
  std::erase_if(plan.models, [&](const DeletedItem& item) {
    return item.deleted_ms < 0 && !going.contains(item.experiment_id);
  });
  return plan;
}

Result<PurgeResult> Purge(tracking::Trash& trash, const FindPlace& find, const PurgePlan& plan,
                          const CancelToken& cancel, Progress& progress) {
  Worker worker(trash, find, cancel, progress, plan.runs.size() + plan.models.size());
  QUERN_ASSIGN(const auto claimed, trash.ClaimExperiments(NumsOf(plan.experiments)));
  const std::set<int64_t> experiments(claimed.begin(), claimed.end());
  QUERN_TRY(worker.Runs(plan.runs));
  QUERN_TRY(worker.Models(plan.models, experiments));
  QUERN_TRY(worker.Experiments(plan.experiments, experiments));
  QUERN_ASSIGN(worker.result.datasets, trash.RemoveUnreadDatasets());
  return std::move(worker.result);
}

}  // namespace quern::upkeep
