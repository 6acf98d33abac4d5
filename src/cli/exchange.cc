#include "cli/exchange.h"

#include <boost/json.hpp>

#include "base/text.h"
#include "cli/opened_store.h"
#include "pipeline/workspace.h"
#include "registry/package_registry.h"
#include "store/s3_artifacts.h"

namespace quern::cli {
namespace {

/// Null for a folder that is not there, unless it is to be written.
Result<std::unique_ptr<store::ArtifactStore>> OpenArtifacts(const std::string& place,
                                                            const std::string& state, Use use,
                                                            Context& context) {
  if (place.starts_with("s3://")) {
    QUERN_ASSIGN(auto options, store::S3OptionsFrom(place));
    const std::string scratch = JoinPath(state, "uploads");
    if (use != Use::kLook) QUERN_TRY(context.fs.MakeDirs(scratch));
    return std::make_unique<store::S3Artifacts>(std::move(options), scratch, context.clock);
  }
  if (use != Use::kWrite && !context.fs.Exists(place)) {
    return std::unique_ptr<store::ArtifactStore>();
  }
  return store::FolderArtifacts::Open(place, context.fs);
}

}  // namespace

Result<std::unique_ptr<ExchangeStore>> ExchangeStore::Open(const StoreArgs& args, Use use,
                                                           Context& context) {
  const Absent absent = use == Use::kRead   ? Absent::kRefuse
                        : use == Use::kLook ? Absent::kStandIn
                                            : Absent::kMake;
  QUERN_ASSIGN(OpenedStore opened, OpenStore(args, absent, context));
  const std::string& state = opened.state_dir;
  auto store = std::make_unique<ExchangeStore>(std::move(opened.database), context.clock);
  if (use == Use::kWrite) {
    QUERN_TRY(context.fs.MakeDirs(state));
    QUERN_ASSIGN(store->lock, upkeep::StoreLock::ForUpkeep(state, upkeep::StoreLock::Mode::kShared,
                                                           "the import"));
  }
  QUERN_ASSIGN(store->artifacts,
               OpenArtifacts(opened.places.artifacts_destination, state, use, context));
  store->packages_folder = JoinPath(state, "artifacts");
  return store;
}

ExchangeStore::ExchangeStore(std::unique_ptr<store::Database> opened, const Clock& clock)
    : database(std::move(opened)),
      experiments(*database, clock, pipeline::kArtifactRoot),
      runs(*database, clock, experiments),
      models(*database, clock, experiments),
      tracking(*database, experiments, runs, models),
      registry(*database, clock, pipeline::Actor()) {}

Result<std::unique_ptr<store::MountedArtifacts>> ExchangeStore::Proxied(const std::string& none,
                                                                        Fs& fs) {
  if (artifacts == nullptr) {
    QUERN_ASSIGN(artifacts, store::FolderArtifacts::Open(none, fs));
  }
  const bool any = fs.Exists(packages_folder);
  QUERN_ASSIGN(packages, store::FolderArtifacts::Open(any ? packages_folder : none, fs));
  return std::make_unique<store::MountedArtifacts>(*artifacts, registry::kPackagesMount, *packages);
}

void AddChoice(Verb verb, std::vector<std::string>& experiments, bool& artifacts) {
  verb.AddOption("--experiment", experiments,
                 "Only the experiment of this name; may be given several times")
      .OneEachTime();
  verb.AddClearingFlag("--no-artifacts", artifacts,
                       "Leave the files of runs and models where they are");
}

void PrintTallies(const exchange::Report& report, const std::vector<TallyColumn>& columns,
                  const Context& context) {
  std::vector<std::vector<std::string>> table(1, {""});
  for (const TallyColumn& column : columns) table[0].emplace_back(column.head);
  for (const exchange::TallyKind& kind : exchange::kTallyKinds) {
    table.push_back({kind.name});
    const exchange::Tally& tally = report.*kind.tally;
    for (const TallyColumn& column : columns) {
      table.back().push_back(std::to_string(tally.*column.count));
    }
  }
  context.Print(FormatTable(table));
}

void PrintRest(const exchange::Report& report, const Context& context) {
  context.PrintLine(std::to_string(report.points) + " values of metrics, " +
                    FormatBytes(report.bytes) + " of artifacts");
  for (const std::string& note : report.notes) context.PrintLine("note: " + note);
  for (const std::string& place : report.unreached) {
    context.PrintLine(context.Paint("yellow", "not reached: ") + place);
  }
}

void PrintReportJson(const exchange::Report& report, const Status& status, const json::object& more,
                     const Context& context) {
  json::object out = exchange::ReportJson(report).as_object();
  out["complete"] = status.has_value();
  for (const auto& [key, value] : more) out[key] = value;
  context.PrintJson(out);
}

int Conclude(const exchange::Report& report, const Status& status, const Context& context) {
  for (const Error& error : report.problems) (void)context.Complain(error);
  if (!status) return context.Complain(status.error());
  return static_cast<int>(report.problems.empty() ? Exit::kDone : Exit::kBadInput);
}

}  // namespace quern::cli
