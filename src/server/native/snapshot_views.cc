// Two snapshots of a source side by side.
#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <optional>

#include "base/json_read.h"
#include "server/native/view_routes.h"
#include "tracking/pipeline_history.h"

namespace quern::server::native {
namespace {

using tracking::PipelineHistory;
using tracking::PipelineStep;

/// A snapshot that is older than the last so many runs of its source is not found.
constexpr int64_t kSearchedRuns = 500;

/// A snapshot, and what the newest run that read it found in it.
struct Snapshot {
  json::value ingest;
  int64_t read_ms = 0;
  std::string run_id;
  json::value validate;
  json::value explore;
};

/// What was read of a source, newest first.
class Snapshots {
 public:
  static Result<Snapshots> Of(PipelineHistory& history, const std::string& source) {
    Snapshots all(history);
    all.ingest_ = "ingest:" + source;
    all.validate_ = "validate:" + source;
    all.explore_ = "explore:" + source;
    QUERN_ASSIGN(all.steps_,
                 history.Ended({all.ingest_, all.validate_, all.explore_}, kSearchedRuns));
    for (const PipelineStep& step : all.steps_) {
      if (step.id != all.ingest_ || all.records_.contains(step.key)) continue;
      QUERN_ASSIGN(all.records_[step.key], history.Record(step.key));
    }
    return all;
  }

  /// The one whose digest begins so; nothing if there is none.
  Result<std::optional<Snapshot>> Find(const std::string& digest) {
    std::optional<Snapshot> found;
    std::string whole;
    std::vector<std::string> runs;
    for (const PipelineStep& step : steps_) {
      if (step.id != ingest_) continue;
      const std::string own = TextAt(records_.at(step.key), "/digest");
      if (found ? own != whole : digest.empty() || !own.starts_with(digest)) continue;
      runs.push_back(step.run_id);
      // It was read when the first run did so; what was found in it is the newest.
      if (!found) found.emplace();
      whole = own;
      found->ingest = records_.at(step.key);
      found->read_ms = step.finished_ms;
      found->run_id = step.run_id;
    }
    if (!found) return found;
    QUERN_ASSIGN(found->validate, Newest(validate_, runs));
    QUERN_ASSIGN(found->explore, Newest(explore_, runs));
    return found;
  }

 private:
  explicit Snapshots(PipelineHistory& history) : history_(&history) {}

  Result<json::value> Newest(const std::string& id, const std::vector<std::string>& runs) {
    for (const PipelineStep& step : steps_) {
      if (step.id != id || std::find(runs.begin(), runs.end(), step.run_id) == runs.end()) continue;
      return history_->Record(step.key);
    }
    return json::value();
  }

  PipelineHistory* history_;
  std::string ingest_, validate_, explore_;
  std::vector<PipelineStep> steps_;
  std::map<std::string, json::value> records_;  // of ingests, by key
};

json::object SideJson(const Snapshot& snapshot) {
  return json::object{{"digest", At(snapshot.ingest, "/digest")},
                      {"read_ms", snapshot.read_ms},
                      {"run_id", snapshot.run_id},
                      {"rows", At(snapshot.ingest, "/rows")},
                      {"rejected", At(snapshot.ingest, "/rejected")},
                      {"bytes", At(snapshot.ingest, "/bytes")},
                      {"validate", snapshot.validate},
                      {"profile", At(snapshot.explore, "/columns")}};
}

/// The columns of both, those of `after` first, as far as they differ in being there or in type.
json::array ColumnChanges(const json::value& before, const json::value& after) {
  std::map<std::string, std::string> types_before, types_after;
  for (const json::value& column : ListAt(before, "/columns")) {
    types_before[TextAt(column, "/name")] = TextAt(column, "/type");
  }
  json::array changes;
  for (const json::value& column : ListAt(after, "/columns")) {
    const std::string name = TextAt(column, "/name"), type = TextAt(column, "/type");
    types_after[name] = type;
    const auto earlier = types_before.find(name);
    const bool there = earlier != types_before.end();
    changes.push_back(
        json::object{{"column", name},
                     {"change", !there                    ? "added"
                                : earlier->second == type ? "same"
                                                          : "retyped"},
                     {"before", there ? json::value(earlier->second) : json::value(nullptr)},
                     {"after", type}});
  }
  for (const json::value& column : ListAt(before, "/columns")) {
    const std::string name = TextAt(column, "/name");
    if (types_after.contains(name)) continue;
    changes.push_back(json::object{{"column", name},
                                   {"change", "removed"},
                                   {"before", types_before[name]},
                                   {"after", nullptr}});
  }
  return changes;
}

Result<json::value> CompareSnapshots(const ViewContext& c, const mlflow::Args& args) {
  const std::string source = args.PathParam("source");
  const std::string before = args.RequiredText("before");
  const std::string after = args.RequiredText("after");
  QUERN_TRY(args.status());
  PipelineHistory history(c.database);
  QUERN_ASSIGN(Snapshots snapshots, Snapshots::Of(history, source));
  std::optional<Snapshot> sides[2];
  const std::string digests[] = {before, after};
  for (size_t i = 0; i < 2; ++i) {
    QUERN_ASSIGN(sides[i], snapshots.Find(digests[i]));
    if (sides[i]) continue;
    return Fail(Code::kNotFound, "source '" + source + "' has no snapshot '" + digests[i] + "'",
                "GET /api/2.0/quern/data/" + source + " lists its snapshots by digest");
  }
  json::object out{{"source", source},
                   {"before", SideJson(*sides[0])},
                   {"after", SideJson(*sides[1])},
                   {"columns", ColumnChanges(sides[0]->ingest, sides[1]->ingest)},
                   {"rows", nullptr},
                   {"drift", nullptr},
                   {"problem", nullptr}};
  if (!c.snapshots) {
    out["problem"] = "the tables of these runs are not with this server";
    return out;
  }
  // Profiles are in the database and stay; rows are files, which may be gone.
  const auto compared = c.snapshots(sides[0]->ingest, sides[1]->ingest);
  if (compared) {
    out["rows"] = At(*compared, "/rows");
    out["drift"] = At(*compared, "/drift");
  } else {
    const Error& error = compared.error();
    out["problem"] = error.hint.empty() ? error.message : error.message + " (" + error.hint + ")";
  }
  return out;
}

}  // namespace

std::vector<ViewRoute> SnapshotViews() {
  return {{"/quern/data/{source}/compare",
           "two snapshots of a source: rows, columns, profiles, drift, checks", CompareSnapshots}};
}

}  // namespace quern::server::native
