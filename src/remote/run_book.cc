#include "remote/run_book.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <cmath>

#include "base/check.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "remote/values.h"

namespace quern::remote {

using tracking::Batch;
using tracking::Run;
using tracking::RunDraft;
using tracking::RunStatus;

namespace {

constexpr int64_t kPage = 500;

std::string KeyOf(const Run& run) {
  const auto tag = run.tags.find(tracking::kKeyTag);
  return tag == run.tags.end() ? "" : tag->second;
}

json::array MetricsJson(const std::vector<tracking::MetricPoint>& points) {
  json::array out;
  for (const auto& point : points) {
    json::object metric{{"key", point.key}, {"timestamp", point.time_ms}, {"step", point.step}};
    // JSON has no words for these; MLflow's calls take texts.
    metric["value"] = std::isfinite(point.value) ? json::value(point.value)
                      : std::isnan(point.value)  ? json::value("NaN")
                      : point.value > 0          ? json::value("Infinity")
                                                 : json::value("-Infinity");
    out.push_back(std::move(metric));
  }
  return out;
}

json::array PairsJson(const std::vector<std::pair<std::string, std::string>>& pairs) {
  json::array out;
  for (const auto& [key, value] : pairs) {
    out.push_back(json::object{{"key", key}, {"value", value}});
  }
  return out;
}

json::array DatasetsJson(const std::vector<tracking::DatasetInput>& inputs) {
  json::array out;
  for (const auto& input : inputs) {
    json::object dataset{{"name", input.dataset.name},
                         {"digest", input.dataset.digest},
                         {"source_type", input.dataset.source_type},
                         {"source", input.dataset.source}};
    if (input.dataset.schema) dataset["schema"] = *input.dataset.schema;
    if (input.dataset.profile) dataset["profile"] = *input.dataset.profile;
    out.push_back(json::object{{"tags", Pairs(input.tags)}, {"dataset", std::move(dataset)}});
  }
  return out;
}

}  // namespace

Result<tracking::FamilyIds> RemoteRunBook::Record(const std::string& experiment,
                                                  const tracking::RunFamily& family) {
  QUERN_CHECK(experiment == experiment_.name(), "a project's runs are in its own experiment");
  QUERN_TRY(experiment_.Ensure());
  QUERN_TRY(EndAbandoned(family.place, family.key));
  tracking::RunFamily marked = tracking::Marked(family);
  QUERN_ASSIGN(const Known known, KnownOf(family.key));
  QUERN_ASSIGN(const Run parent, Begin(marked.parent, known));
  tracking::FamilyIds ids;
  ids.parent = parent.info.id;
  for (RunDraft& draft : marked.trials) {
    draft.tags[tracking::kParentTag] = ids.parent;
    QUERN_ASSIGN(const Run trial, Begin(draft, known));
    QUERN_TRY(Complete(trial, draft));
    ids.trials.push_back(trial.info.id);
  }
  // Last: a parent that is finished has all its trials.
  QUERN_TRY(Complete(parent, marked.parent));
  return ids;
}

Result<std::vector<Run>> RemoteRunBook::Page(const std::string& filter,
                                             const std::vector<std::string>& order_by, int64_t size,
                                             std::string& token) {
  std::vector<Run> runs;
  QUERN_ASSIGN(const auto experiment, experiment_.Find());
  if (!experiment) {
    token.clear();
    return runs;
  }
  json::object body{{"experiment_ids", json::array{experiment->id}},
                    {"filter", filter},
                    {"run_view_type", "ACTIVE_ONLY"},
                    {"max_results", size}};
  json::array orders;
  for (const std::string& order : order_by) orders.emplace_back(order);
  if (!orders.empty()) body["order_by"] = std::move(orders);
  if (!token.empty()) body["page_token"] = token;
  QUERN_ASSIGN(const json::value answer, api_.Post("runs/search", body));
  for (const json::value& run : ArrayAt(answer, "runs")) runs.push_back(ReadRun(run));
  token = TextAt(answer.get_object(), "next_page_token");
  return runs;
}

Result<std::vector<Run>> RemoteRunBook::All(const std::string& filter) {
  std::vector<Run> all;
  std::string token;
  do {
    QUERN_ASSIGN(auto page, Page(filter, {}, kPage, token));
    std::move(page.begin(), page.end(), std::back_inserter(all));
  } while (!token.empty());
  return all;
}

Result<RemoteRunBook::Known> RemoteRunBook::KnownOf(const std::string& key) {
  QUERN_ASSIGN(auto runs, All("tags.`" + std::string(tracking::kKeyTag) + "` LIKE '" + key + "%'"));
  Known known;
  for (Run& run : runs) {
    std::string of = KeyOf(run);
    known[std::move(of)] = std::move(run);
  }
  return known;
}

Result<Run> RemoteRunBook::Begin(const RunDraft& draft, const Known& known) {
  const auto found = known.find(draft.tags.at(tracking::kKeyTag));
  if (found == known.end()) return Create(draft);
  const Run& run = found->second;
  if (run.info.status == "FINISHED" || run.info.status == "FAILED") return run;
  // Points that are there have the times of that attempt: adding the rest would mix the two.
  const bool halves = !run.metrics.empty() && tracking::BatchesOf(draft).size() > 1;
  if (run.info.status == "RUNNING" && !halves) return run;
  QUERN_TRY(api_.Post("runs/delete", {{"run_id", run.info.id}}));
  return Create(draft);
}

Result<Run> RemoteRunBook::Create(const RunDraft& draft) {
  QUERN_ASSIGN(const ExperimentInfo experiment, experiment_.Ensure());
  const json::object body{{"experiment_id", experiment.id},
                          {"user_id", user_},
                          {"run_name", draft.name},
                          {"start_time", draft.start_ms},
                          {"tags", Pairs(draft.tags)}};
  const std::string& key = draft.tags.at(tracking::kKeyTag);
  QUERN_ASSIGN(
      const json::value made,
      api_.MakeOnce(
          [&]() -> Result<json::value> {
            QUERN_ASSIGN(const json::value answer, api_.PostOnce("runs/create", body));
            return json::value(ObjectAt(answer, "run"));
          },
          [&]() -> Result<std::optional<json::value>> {
            QUERN_ASSIGN(const auto runs,
                         All("tags.`" + std::string(tracking::kKeyTag) + "` = '" + key + "'"));
            if (runs.empty()) return std::optional<json::value>();
            const json::object info{{"run_id", runs.front().info.id}, {"status", "RUNNING"}};
            return std::optional<json::value>(json::object{{"info", info}});
          }));
  return ReadRun(made);
}

Status RemoteRunBook::Complete(const Run& run, const RunDraft& draft) {
  const std::string& id = run.info.id;
  const auto parent = draft.tags.find(tracking::kParentTag);
  if (parent != draft.tags.end() && !run.info.parent_id.empty() &&
      run.info.parent_id != parent->second) {
    // Its parent was deleted and made anew.
    QUERN_TRY(api_.Post("runs/set-tag",
                        {{"run_id", id}, {"key", parent->first}, {"value", parent->second}}));
  }
  if (run.info.status != "RUNNING") return {};
  if (run.metrics.empty()) {
    for (const Batch& batch : tracking::BatchesOf(draft)) QUERN_TRY(Log(id, batch));
  }
  if (!draft.datasets.empty()) {
    QUERN_TRY(
        api_.Post("runs/log-inputs", {{"run_id", id}, {"datasets", DatasetsJson(draft.datasets)}}));
  }
  return End(id, draft.status, draft.end_ms);
}

Status RemoteRunBook::Log(const std::string& id, const Batch& batch) {
  QUERN_TRY(api_.Post("runs/log-batch", {{"run_id", id},
                                         {"metrics", MetricsJson(batch.metrics)},
                                         {"params", PairsJson(batch.params)}}));
  return {};
}

Status RemoteRunBook::End(const std::string& id, RunStatus status, int64_t end_ms) {
  QUERN_TRY(api_.Post("runs/update", {{"run_id", id},
                                      {"status", std::string(tracking::StatusName(status))},
                                      {"end_time", end_ms}}));
  return {};
}

Status RemoteRunBook::EndAbandoned(const std::string& place, const std::string& key) {
  const auto value = FilterValue(place);
  if (!value) return {};
  QUERN_ASSIGN(const auto runs, All("attributes.status = 'RUNNING' AND tags.`" +
                                    std::string(tracking::kPlaceTag) + "` = " + *value));
  for (const Run& run : runs) {
    if (StartsWith(KeyOf(run), key)) continue;
    QUERN_TRY(End(run.info.id, RunStatus::kKilled, clock_.NowMs()));
  }
  return {};
}

Result<tracking::BookedRun> RemoteRunBook::Find(const std::string& beginning) {
  const bool word = std::all_of(beginning.begin(), beginning.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
  std::vector<Run> runs;
  std::string token;
  if (word && !beginning.empty()) {
    QUERN_ASSIGN(runs, Page("attributes.run_id LIKE '" + beginning + "%'", {}, 2, token));
  }
  if (runs.empty()) {
    return Fail(
        Code::kNotFound,
        "no run '" + beginning + "' in experiment '" + experiment_.name() + "' of " + api_.url(),
        "`quern runs` lists them");
  }
  if (runs.size() > 1) {
    return Fail(Code::kInvalidArgument, "more than one run begins with '" + beginning + "'",
                "give more of its id");
  }
  return tracking::BookedRun{std::move(runs.front()), experiment_.name()};
}

Result<std::vector<tracking::BookedRun>> RemoteRunBook::Search(
    const tracking::SearchRequest& request, tracking::RunLevel level) {
  std::vector<tracking::BookedRun> found;
  std::string token;
  const auto wanted = static_cast<size_t>(request.max_results);
  do {
    // MLflow's filters cannot say "without a parent": trials are left out here.
    const int64_t size = level == tracking::RunLevel::kTop ? kPage : request.max_results;
    QUERN_ASSIGN(auto page, Page(request.filter, request.order_by, size, token));
    for (Run& run : page) {
      if (level == tracking::RunLevel::kTop && !run.info.parent_id.empty()) continue;
      if (found.size() == wanted) return found;
      found.push_back({std::move(run), experiment_.name()});
    }
  } while (!token.empty() && found.size() < wanted);
  return found;
}

}  // namespace quern::remote
