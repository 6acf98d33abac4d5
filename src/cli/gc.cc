// quern gc: what neither runs nor models need, what was deleted long ago, and what takes how much.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <set>

#include "base/text.h"
#include "cli/gc_predictions.h"
#include "cli/kept_store.h"
#include "cli/places.h"
#include "cli/progress_line.h"
#include "pipeline/workspace.h"
#include "serving/prediction_retention.h"
#include "store/database_space.h"
#include "upkeep/lock.h"
#include "upkeep/survey.h"

namespace quern::cli {
namespace {

struct GcArgs : StoreArgs {
  int keep = 3;
  bool yes = false;
  bool dry_run = false;
  bool orphans = false;
  bool space = false;
  std::string older_than = "30d";
  std::string compact_after = "30d";
  std::vector<std::string> run_ids;
  std::vector<std::string> model_ids;
  std::vector<std::string> experiment_ids;
};

bool Young(pipeline::Workspace& workspace, const std::string& path) {
  constexpr int64_t kHourNs = 3'600'000'000'000;
  const auto info = workspace.fs().Stat(workspace.Path(path));
  return info && info->mtime_ns > SystemClock().NowMs() * 1'000'000 - kHourNs;
}

/// Folders of results that no stored step and no registered version refers to.
Result<std::vector<std::string>> Garbage(pipeline::Workspace& workspace) {
  std::set<std::string> used;
  const auto keep = [&](const std::string& path) {
    const auto parts = Split(path, '/');
    if (parts.size() >= 3) {
      used.insert(std::string(parts[0]) + "/" + std::string(parts[1]) + "/" +
                  std::string(parts[2]));
    }
  };
  QUERN_ASSIGN(const auto results, workspace.cache().All());
  for (const auto& result : results) {
    for (const std::string& file : result.output.files) keep(file);
  }
  QUERN_ASSIGN(const auto versions, workspace.registry().List(""));
  for (const auto& version : versions) keep(version.path);
  QUERN_TRY(workspace.database().Query("SELECT path FROM prediction_files", {},
                                       [&](const store::Row& row) { keep(row.Text(0)); }));
  std::vector<std::string> garbage;
  for (const char* top : {"artifacts", "tables"}) {
    auto groups = workspace.fs().List(workspace.Path(top));
    if (!groups) continue;
    for (const std::string& group : *groups) {
      const std::string folder = std::string(top) + "/" + group;
      QUERN_ASSIGN(const auto names, workspace.fs().List(workspace.Path(folder)));
      for (const std::string& name : names) {
        // A file of predictions is listed a moment after it was written.
        if (folder == serving::kPredictionFiles && Young(workspace, folder + "/" + name)) continue;
        if (!used.contains(folder + "/" + name)) garbage.push_back(folder + "/" + name);
      }
    }
  }
  return garbage;
}

/// Of a project: stored results and their folders. Nothing in the folder of a server alone.
Status ClearResults(const GcArgs& args, Context& context, json::object* report) {
  const std::string state = StateFolderOf(args.root, context.fs);
  if (!context.fs.Exists(JoinPath(state, "quern.db"))) return {};
  QUERN_ASSIGN(const auto opened, pipeline::Workspace::Open(state, {}, context.fs, context.clock));
  pipeline::Workspace& workspace = *opened;
  QUERN_ASSIGN(const auto lock, pipeline::ProjectLock::Acquire(workspace.dir(), 0));
  QUERN_ASSIGN(const auto unused, workspace.cache().Unused(args.keep));
  if (args.yes) {
    for (const auto& result : unused) QUERN_TRY(workspace.cache().Remove(result.key));
    QUERN_TRY(workspace.fs().RemoveAll(workspace.Path("tmp")));
  }
  QUERN_ASSIGN(const auto garbage, Garbage(workspace));
  json::array folders;
  for (const std::string& path : garbage) {
    if (args.yes) QUERN_TRY(workspace.fs().RemoveAll(workspace.Path(path)));
    folders.emplace_back(path);
    if (!context.json) {
      context.PrintLine((args.yes ? "removed " : "would remove ") + path);
    }
  }
  QUERN_TRY(
      ClearPredictions(state, workspace.database(), args.compact_after, args.yes, context, report));
  (*report)["results"] = unused.size();
  (*report)["folders"] = std::move(folders);
  if (context.json) return {};
  context.PrintLine(fmt::format("{} stored results and {} folders {}", unused.size(),
                                garbage.size(),
                                args.yes ? "removed" : "are not needed; --yes removes them"));
  return {};
}

json::array IdsOf(const std::vector<tracking::DeletedItem>& items) {
  json::array ids;
  for (const auto& item : items) ids.emplace_back(item.id);
  return ids;
}

json::array TextsOf(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

void ShowPlan(const upkeep::PurgePlan& plan, const GcArgs& args, Context& context) {
  const auto show = [&](const char* kind, const std::vector<tracking::DeletedItem>& items) {
    for (const auto& item : items) {
      context.PrintLine(fmt::format(
          "{} {} {} '{}', {}", args.yes ? "purging" : "would purge", kind, item.id, item.name,
          item.deleted_ms >= 0 ? "deleted " + FormatTime(item.deleted_ms)
                               : "of which a purge was interrupted, or its experiment"));
    }
  };
  show("experiment", plan.experiments);
  show("run", plan.runs);
  show("logged model", plan.models);
  for (const std::string& kept : plan.kept) context.PrintLine("stays: " + kept);
}

/// Deleted runs, logged models and experiments.
Status PurgeDeleted(const GcArgs& args, int64_t age_ms, KeptStore& store, Context& context,
                    json::object* report) {
  const upkeep::PurgeScope scope{context.clock.NowMs() - age_ms, args.run_ids, args.model_ids,
                                 args.experiment_ids};
  QUERN_ASSIGN(const auto plan, upkeep::PlanPurge(store.trash(), store.registry(), scope));
  if (!context.json) ShowPlan(plan, args, context);
  json::object purge{{"older_than", args.older_than},
                     {"runs", IdsOf(plan.runs)},
                     {"logged_models", IdsOf(plan.models)},
                     {"experiments", IdsOf(plan.experiments)},
                     {"kept", TextsOf(plan.kept)}};
  upkeep::PurgeResult done{static_cast<int64_t>(plan.runs.size()),
                           static_cast<int64_t>(plan.models.size()),
                           static_cast<int64_t>(plan.experiments.size()),
                           0,
                           {},
                           {}};
  if (args.yes) {
    ProgressLine progress(context);
    QUERN_ASSIGN(done,
                 upkeep::Purge(store.trash(), store.FindPlace(), plan, context.cancel, progress));
  }
  purge["left"] = TextsOf(done.left);
  purge["failed"] = TextsOf(done.failed);
  (*report)["purge"] = std::move(purge);
  if (context.json) return {};
  for (const std::string& uri : done.left) {
    context.PrintLine("not reached from here, to be deleted where it lies: " + uri);
  }
  for (const std::string& failed : done.failed) context.PrintLine("not purged: " + failed);
  context.PrintLine(fmt::format(
      "{} runs, {} logged models and {} experiments {}", done.runs, done.models, done.experiments,
      args.yes ? "purged"
               : "were deleted more than " + args.older_than + " ago; --yes purges them"));
  return {};
}

/// Uploads that nobody ends, and folders that no run has.
Status ClearArtifacts(const GcArgs& args, KeptStore& store, Context& context,
                      json::object* report) {
  constexpr int64_t kAge = store::MultipartUploads::kAbandonedAfterMs;
  store::ArtifactStore& artifacts = store.artifacts().destination();
  QUERN_ASSIGN(auto uploads, artifacts.Unfinished(kAge, args.yes));
  if (store.artifacts().uploads() != nullptr) {
    QUERN_ASSIGN(const auto parts, store.artifacts().uploads()->Unfinished(kAge, args.yes));
    uploads.count += parts.count;
    uploads.bytes += parts.bytes;
  }
  QUERN_ASSIGN(const auto survey,
               upkeep::SurveyArtifacts(artifacts, store.trash(), store.registry()));
  json::array list;
  uint64_t bytes = 0;
  for (const upkeep::Orphan& orphan : survey.orphans) {
    bytes += orphan.bytes;
    list.push_back(
        json::object{{"path", orphan.path}, {"files", orphan.files}, {"bytes", orphan.bytes}});
    const bool remove = args.yes && args.orphans;
    if (remove) {
      QUERN_TRY(context.cancel.Check());
      const Status deleted = artifacts.Delete(orphan.path);
      if (!deleted && deleted.error().code != Code::kNotFound) return deleted;
    }
    if (!context.json) {
      context.PrintLine(fmt::format("{}{}: artifacts of no run ({})", remove ? "removed " : "",
                                    orphan.path, FormatBytes(orphan.bytes)));
    }
  }
  (*report)["uploads"] = json::object{{"count", uploads.count}, {"bytes", uploads.bytes}};
  (*report)["orphans"] = std::move(list);
  if (context.json) return {};
  if (uploads.count > 0) {
    context.PrintLine(fmt::format("{} unfinished uploads ({}) {}", uploads.count,
                                  FormatBytes(uploads.bytes),
                                  args.yes ? "removed" : "are a day old; --yes removes them"));
  }
  if (!survey.orphans.empty() && !(args.yes && args.orphans)) {
    context.PrintLine(
        fmt::format("{} folders of artifacts ({}) belong to no run of this "
                    "database; --yes --orphans removes them",
                    survey.orphans.size(), FormatBytes(bytes)));
  }
  return {};
}

Status Collect(const GcArgs& args, Context& context) {
  QUERN_ASSIGN(const int64_t age_ms, ParseAge(args.older_than));
  QUERN_ASSIGN(const auto store, KeptStore::Open(args, context));
  std::unique_ptr<upkeep::StoreLock> lock;
  if (args.yes) {
    QUERN_ASSIGN(lock, upkeep::StoreLock::ForUpkeep(store->state_dir(),
                                                    upkeep::StoreLock::Mode::kAlone, "the purge"));
  }
  json::object report{{"removed", args.yes}};
  const bool named =
      !args.run_ids.empty() || !args.model_ids.empty() || !args.experiment_ids.empty();
  if (!named) QUERN_TRY(ClearResults(args, context, &report));
  QUERN_TRY(PurgeDeleted(args, age_ms, *store, context, &report));
  if (!named) QUERN_TRY(ClearArtifacts(args, *store, context, &report));
  if (args.yes) {
    QUERN_ASSIGN(const uint64_t bytes, store::GiveSpaceBack(store->database()));
    report["database_bytes"] = bytes;
    if (!context.json && bytes > 0) {
      context.PrintLine("the database is smaller by " + FormatBytes(bytes));
    }
  }
  if (context.json) context.PrintJson(report);
  if (const auto& failed = report["purge"].as_object()["failed"].as_array(); !failed.empty()) {
    return Fail(Code::kUnavailable,
                fmt::format("{} items could not be purged, as their artifacts could not be deleted",
                            failed.size()),
                "the next `quern gc --yes` tries again");
  }
  return {};
}

Status ShowSpace(const GcArgs& args, Context& context) {
  QUERN_ASSIGN(const auto store, KeptStore::Open(args, context));
  QUERN_ASSIGN(const auto survey, upkeep::SurveyArtifacts(store->artifacts().destination(),
                                                          store->trash(), store->registry()));
  QUERN_ASSIGN(const auto items,
               upkeep::MeasureSpace(store->database(), store->state_dir(), survey, context.fs));
  uint64_t total = 0;
  json::array list;
  std::vector<std::vector<std::string>> table{{"part", "size", "what"}};
  for (const upkeep::SpaceItem& item : items) {
    total += item.bytes;
    list.push_back(json::object{{"name", item.name}, {"what", item.what}, {"bytes", item.bytes}});
    table.push_back({item.name, FormatBytes(item.bytes), item.what});
  }
  table.push_back({"all", FormatBytes(total), ""});
  if (context.json) {
    context.PrintJson(json::object{{"space", std::move(list)}, {"bytes", total}});
  } else {
    context.Print(FormatTable(table));
  }
  return {};
}

}  // namespace

void AddGc(Verb app, Context& context) {
  auto args = std::make_shared<GcArgs>();
  Verb verb = app.AddVerb(
      "gc", "Clear what nothing needs, purge what was deleted long ago, say what takes how much");
  AddStoreOptions(verb, *args);
  verb.AddOption("--keep", args->keep, "Runs of the project whose results stay").ShowDefault();
  verb.AddOption("--older-than", args->older_than,
                 "Purge runs, logged models and experiments that were deleted longer ago than "
                 "this: 30d, 12h, 1d12h, 0s for all")
      .ShowDefault();
  verb.AddOption("--compact-predictions", args->compact_after,
                 "Move predictions older than this out of the database, into Parquet files")
      .ShowDefault();
  verb.AddOption("--run-ids", args->run_ids, "Purge these deleted runs alone, with commas")
      .Delimiter(',');
  verb.AddOption("--experiment-ids", args->experiment_ids,
                 "Purge these deleted experiments alone, with all that is in them")
      .Delimiter(',');
  verb.AddOption("--logged-model-ids", args->model_ids, "Purge these deleted logged models alone")
      .Delimiter(',');
  verb.AddFlag("--orphans", args->orphans,
               "With --yes: remove artifact folders of runs that the database does not know");
  Option yes =
      verb.AddFlag("--yes", args->yes, "Remove; without it, only say what would be removed");
  verb.AddFlag("--dry-run", args->dry_run, "Only say what would be removed: the default")
      .Excludes(yes);
  verb.AddFlag("--space", args->space, "Only say what takes how much").Excludes(yes);
  AddJsonFlag(verb, context);
  verb.Footer(
      "Works while servers and runs use the store. What a model version refers to is never "
      "purged.");
  verb.OnGiven([args, &context] {
    context.action = [args, &context] {
      const Status status = args->space ? ShowSpace(*args, context) : Collect(*args, context);
      return status ? 0 : context.Complain(status.error());
    };
  });
}

}  // namespace quern::cli
