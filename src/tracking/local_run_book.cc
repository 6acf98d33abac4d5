#include "tracking/local_run_book.h"

namespace quern::tracking {

using store::Row;

Result<FamilyIds> LocalRunBook::Record(const std::string& experiment, const RunFamily& family) {
  RunFamily marked = Marked(family);
  QUERN_ASSIGN(const int64_t experiment_id, experiments_.Ensure(experiment));
  FamilyIds ids;
  QUERN_TRY(db_.Write([&]() -> Status {
    ids = {};
    QUERN_ASSIGN(const auto known, Known(experiment_id, family.key));
    const auto find_or_write = [&](const RunDraft& draft) -> Result<std::string> {
      const auto found = known.find(draft.tags.at(kKeyTag));
      return found != known.end() ? found->second : Write(experiment_id, draft);
    };
    QUERN_ASSIGN(ids.parent, find_or_write(marked.parent));
    for (RunDraft& trial : marked.trials) {
      trial.tags[kParentTag] = ids.parent;
      QUERN_ASSIGN(std::string id, find_or_write(trial));
      ids.trials.push_back(std::move(id));
    }
    return {};
  }));
  return ids;
}

Result<std::map<std::string, std::string>> LocalRunBook::Known(int64_t experiment_id,
                                                               const std::string& key) {
  std::map<std::string, std::string> known;
  const std::string trials = key + "/";
  QUERN_TRY(db_.Query(
      "SELECT t.value, r.id FROM runs r JOIN run_tags t ON t.run = r.num AND t.key = ? "
      "WHERE r.experiment_id = ? AND r.lifecycle = 'active' AND "
      "(t.value = ? OR substr(t.value, 1, CAST(? AS INTEGER)) = ?)",
      {std::string(kKeyTag), experiment_id, key, static_cast<int64_t>(trials.size()), trials},
      [&](const Row& row) { known[row.Text(0)] = row.Text(1); }));
  return known;
}

Result<std::string> LocalRunBook::Write(int64_t experiment_id, const RunDraft& draft) {
  NewRun run;
  run.experiment_id = experiment_id;
  run.name = draft.name;
  run.user_id = user_;
  run.status = draft.status;
  run.start_ms = draft.start_ms;
  run.end_ms = draft.end_ms;
  run.tags = draft.tags;
  QUERN_ASSIGN(const Run made, runs_.Create(run));
  for (const Batch& batch : BatchesOf(draft)) QUERN_TRY(runs_.Log(made.info.id, batch));
  if (!draft.datasets.empty()) QUERN_TRY(runs_.LogInputs(made.info.id, draft.datasets, {}));
  return made.info.id;
}

Result<std::map<int64_t, std::string>> LocalRunBook::ExperimentNames() {
  std::map<int64_t, std::string> names;
  SearchRequest request;
  do {
    QUERN_ASSIGN(const auto page, experiments_.Search(ViewType::kActiveOnly, request));
    for (const auto& experiment : page.items) names[experiment.id] = experiment.name;
    request.page_token = page.next_token;
  } while (!request.page_token.empty());
  return names;
}

Result<BookedRun> LocalRunBook::Find(const std::string& beginning) {
  QUERN_ASSIGN(const std::string id, runs_.Resolve(beginning));
  BookedRun found;
  QUERN_ASSIGN(found.run, runs_.Get(id));
  QUERN_ASSIGN(Experiment experiment, experiments_.Get(found.run.info.experiment_id));
  found.experiment = std::move(experiment.name);
  return found;
}

Result<std::vector<BookedRun>> LocalRunBook::Search(const SearchRequest& request, RunLevel level) {
  QUERN_ASSIGN(const auto names, ExperimentNames());
  std::vector<int64_t> ids;
  for (const auto& [id, name] : names) ids.push_back(id);
  QUERN_ASSIGN(auto page, runs_.Search(ids, ViewType::kActiveOnly, request, {}, level));
  std::vector<BookedRun> found;
  for (Run& run : page.items) {
    std::string experiment = names.at(run.info.experiment_id);
    found.push_back({std::move(run), std::move(experiment)});
  }
  return found;
}

}  // namespace quern::tracking
