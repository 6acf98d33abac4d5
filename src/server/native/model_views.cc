#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>

#include "base/json_read.h"
#include "base/text.h"
#include "registry/dossier.h"
#include "registry/gate.h"
#include "registry/log.h"
#include "registry/overview.h"
#include "registry/registry.h"
#include "registry/reviews.h"
#include "server/http/respond.h"
#include "server/native/package_view.h"
#include "server/native/view_json.h"
#include "server/native/view_routes.h"
#include "serving/traffic.h"
#include "tracking/lineage.h"
#include "tracking/pipeline_history.h"

namespace quern::server::native {
namespace {

using registry::ModelVersion;
using tracking::PipelineHistory;
using tracking::StepResult;

/// Results of register, deploy and retrain steps that are looked through for what judged a version.
constexpr int64_t kJudgements = 200;
/// Runs of the pipeline that are looked through for retrainings.
constexpr int64_t kRetrainingRuns = 20;
constexpr int64_t kChanges = 500;

std::string TagOf(const ModelVersion& version, const char* key) {
  const auto tag = version.tags.find(key);
  return tag == version.tags.end() ? "" : tag->second;
}

json::object VersionJson(const ModelVersion& version) {
  json::array aliases;
  for (const std::string& alias : version.aliases) aliases.emplace_back(alias);
  return json::object{{"name", version.name},
                      {"version", version.version},
                      {"aliases", std::move(aliases)},
                      {"created_ms", version.created_ms},
                      {"updated_ms", version.updated_ms},
                      {"run_id", TextOrNull(version.run_id)},
                      {"user", TextOrNull(version.user_id)},
                      {"description", version.description},
                      {"stage", version.stage},
                      {"status", version.status},
                      {"digest", TextOrNull(version.digest)},
                      {"source", TextOrNull(version.source)},
                      {"package", !version.path.empty()},
                      {"learner", TextOrNull(TagOf(version, "quern.model"))},
                      {"data", TextOrNull(TagOf(version, "quern.data"))},
                      {"metrics", registry::TagJson(version, "quern.metrics")}};
}

/// What the steps of `quern run` found out about versions of one model: gates by version, and the
/// contest that a version won or lost.
class Judgements {
 public:
  static Result<Judgements> Read(PipelineHistory& history, const std::string& model) {
    Judgements out;
    QUERN_TRY(out.Add(history, "register", model));
    QUERN_TRY(out.Add(history, "deploy", model));
    QUERN_ASSIGN(const auto retrainings, history.StepIds("retrain", kRetrainingRuns));
    for (const std::string& step : retrainings) QUERN_TRY(out.Add(history, step, model));
    return out;
  }

  /// [{kind, …, step, at_ms}]: of each gate the last judgement.
  json::array GatesOf(int64_t version) const {
    json::array gates;
    for (const auto& [of, gate] : gates_) {
      if (of == version) gates.push_back(gate);
    }
    return gates;
  }
  json::array ContestsOf(int64_t version) const {
    json::array contests;
    for (const auto& [of, contest] : contests_) {
      if (of == version) contests.push_back(contest);
    }
    return contests;
  }

 private:
  Status Add(PipelineHistory& history, const std::string& step, const std::string& model) {
    QUERN_ASSIGN(auto results, history.Results(step, kJudgements));
    std::reverse(results.begin(), results.end());
    for (const StepResult& result : results) {
      const json::value& record = result.record;
      AddGates(record, step, result, model);
      AddGates(At(record, "/deployment"), step, result, model);
      const std::string of = TextAt(record, "/champion/name");
      if (!of.empty() && of != model && TextAt(record, "/name") != model) continue;
      for (const json::value& candidate : ListAt(record, "/candidates")) {
        const auto version = NumberAt(candidate, "/version");
        if (!version) continue;
        contests_.emplace_back(static_cast<int64_t>(*version),
                               json::object{{"step", step},
                                            {"at_ms", result.finished_ms},
                                            {"batch", At(record, "/batch")},
                                            {"metric", At(record, "/metric")},
                                            {"rows", At(record, "/holdout_rows")},
                                            {"before", At(record, "/before")},
                                            {"candidate", candidate}});
      }
    }
    return {};
  }

  void AddGates(const json::value& record, const std::string& step, const StepResult& result,
                const std::string& model) {
    const auto version = NumberAt(record, "/version");
    if (!version || TextAt(record, "/name") != model) return;
    const auto number = static_cast<int64_t>(*version);
    for (const json::value& gate : ListAt(record, "/gates")) {
      const auto same = std::find_if(gates_.begin(), gates_.end(), [&](const auto& known) {
        return known.first == number && TextAt(known.second, "/kind") == TextAt(gate, "/kind") &&
               TextAt(known.second, "/id") == TextAt(gate, "/id");
      });
      const bool pending = TextAt(gate, "/status") == "pending";
      if (same != gates_.end() && pending) continue;
      json::object kept = gate.is_object() ? gate.as_object() : json::object();
      kept["step"] = step;
      kept["at_ms"] = result.finished_ms;
      if (same != gates_.end()) {
        same->second = std::move(kept);
      } else {
        gates_.emplace_back(number, std::move(kept));
      }
    }
  }

  std::vector<std::pair<int64_t, json::value>> gates_;
  std::vector<std::pair<int64_t, json::value>> contests_;
};

json::object GateCounts(const json::array& gates) {
  int64_t pass = 0, fail = 0, pending = 0;
  for (const json::value& gate : gates) {
    const std::string status = TextAt(gate, "/status");
    ++(status == "pass" ? pass : status == "fail" ? fail : pending);
  }
  return json::object{{"pass", pass}, {"fail", fail}, {"pending", pending}};
}

Result<json::array> DeploymentsOf(PipelineHistory& history, const std::string& name) {
  QUERN_ASSIGN(const auto found, history.Deployments(name, kJudgements));
  json::array out;
  for (const tracking::Deployment& d : found) out.push_back(DeploymentJson(d));
  return out;
}

json::array AliasesJson(const std::vector<registry::Alias>& aliases) {
  json::array out;
  for (const registry::Alias& alias : aliases) {
    out.push_back(json::object{{"alias", alias.alias}, {"version", alias.version}});
  }
  return out;
}

json::object TagsJson(const registry::Texts& tags) {
  json::object out;
  for (const auto& [key, value] : tags) out[key] = value;
  return out;
}

Result<json::value> Models(const ViewContext& c, const mlflow::Args& args) {
  const int64_t limit = ReadLimit(args, 200);
  const std::string after = args.Text("after");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto models, registry::Glance(c.database, after, limit));
  registry::Registry registry(c.database, c.clock, "");
  json::array out;
  for (const registry::ModelGlance& model : models) {
    QUERN_ASSIGN(const auto champion, registry.ByAlias(model.name, "champion"));
    out.push_back(json::object{
        {"name", model.name},
        {"description", model.description},
        {"created_ms", model.created_ms},
        {"updated_ms", model.updated_ms},
        {"versions", model.versions},
        {"newest", model.newest == 0 ? json::value(nullptr) : json::value(model.newest)},
        {"aliases", AliasesJson(model.aliases)},
        {"champion", champion ? json::value(VersionJson(*champion)) : json::value(nullptr)}});
  }
  const bool more = static_cast<int64_t>(models.size()) == limit;
  return json::object{{"models", std::move(out)},
                      {"next", more ? json::value(models.back().name) : json::value(nullptr)}};
}

using Log = std::vector<registry::LogEntry>;

/// Newest first.
Result<Log> LogOf(const ViewContext& c, const std::string& name) {
  QUERN_ASSIGN(Log log, registry::ReadLog(c.database, name));
  std::reverse(log.begin(), log.end());
  return log;
}

/// The newest of them; the whole is had from `…/log`.
json::array NewestChanges(const Log& log) {
  json::array out;
  for (const registry::LogEntry& entry : log) {
    if (static_cast<int64_t>(out.size()) == kChanges) break;
    out.push_back(registry::LogEntryJson(entry));
  }
  return out;
}

/// {whole, chained, unchained, problem}: whether the log of all models is as it was written.
Result<json::value> WholeLog(const ViewContext& c, const mlflow::Args& args) {
  QUERN_TRY(args.status());
  const auto check = registry::CheckLog(c.database);
  if (!check && check.error().code != Code::kDataLoss) return std::unexpected(check.error());
  return json::object{
      {"whole", check.has_value()},
      {"chained", check ? json::value(check->chained) : json::value(nullptr)},
      {"unchained", check ? json::value(check->unchained) : json::value(nullptr)},
      {"problem", check ? json::value(nullptr) : json::value(check.error().message)}};
}

/// Whether the version may have each alias that asks for something, and what was said of it.
Status AddReviews(const ViewContext& c, const ModelVersion& version, json::object& shown) {
  json::array gates;
  QUERN_ASSIGN(const json::value policies, registry::PoliciesOf(c.database, version.name));
  for (const json::value& policy : policies.as_array()) {
    QUERN_ASSIGN(const auto report, registry::JudgeGate(c.database, version.name,
                                                        TextAt(policy, "/alias"), version.version));
    gates.push_back(registry::GateReportJson(report));
  }
  shown["alias_gates"] = std::move(gates);
  QUERN_ASSIGN(const json::value said,
               registry::ReviewsOf(c.database, version.name, version.version));
  for (const auto& [key, value] : said.get_object()) shown[key] = value;
  return {};
}

/// Where the policies of the model must be changed, {where, problem}; null: here. With a project
/// file that cannot be read nobody knows of which model it is.
json::value DeclaredAt(const ViewContext& c, const std::string& name) {
  const auto found = DeclarationOf(c.policies, name);
  if (!found) {
    return json::object{{"where", found.error().where.ToString()},
                        {"problem", found.error().message}};
  }
  if (!*found) return nullptr;
  return json::object{{"where", (*found)->where}, {"problem", nullptr}};
}

Result<json::value> OneModel(const ViewContext& c, const mlflow::Args& args) {
  const std::string name = args.PathParam("name");
  const int64_t limit = ReadLimit(args, 200);
  const int64_t before = args.Int("before", 0);
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto found, registry::Named(c.database, name));
  QUERN_ASSIGN(const auto versions, registry::NewestVersions(c.database, name, before, limit));
  PipelineHistory history(c.database);
  QUERN_ASSIGN(const Judgements judged, Judgements::Read(history, name));
  json::array out;
  for (const ModelVersion& version : versions) {
    json::object shown = VersionJson(version);
    shown["gates"] = GateCounts(judged.GatesOf(version.version));
    out.push_back(std::move(shown));
  }
  QUERN_ASSIGN(const Log log, LogOf(c, name));
  QUERN_ASSIGN(json::array deployments, DeploymentsOf(history, name));
  QUERN_ASSIGN(const registry::Texts tags, registry::ModelTags(c.database, name));
  QUERN_ASSIGN(json::value policies, registry::PoliciesOf(c.database, name));
  const bool more = static_cast<int64_t>(versions.size()) == limit;
  return json::object{{"name", name},
                      {"description", found.description},
                      {"created_ms", found.created_ms},
                      {"updated_ms", found.updated_ms},
                      {"aliases", AliasesJson(found.aliases)},
                      {"tags", TagsJson(tags)},
                      {"policies", std::move(policies)},
                      {"policies_at", DeclaredAt(c, name)},
                      {"versions_in_all", found.versions},
                      {"versions", std::move(out)},
                      {"next", more ? json::value(versions.back().version) : json::value(nullptr)},
                      {"log", NewestChanges(log)},
                      {"log_in_all", log.size()},
                      {"deployments", std::move(deployments)}};
}

/// Changes that concern one version: it is named, or what it was or became.
Log ChangesOf(Log log, const std::string& version) {
  std::erase_if(log, [&](const registry::LogEntry& entry) {
    const bool names = entry.change.ends_with(" " + version) ||
                       entry.change.find("version " + version + " ") != std::string::npos;
    return !names && entry.before != version && entry.after != version;
  });
  return log;
}

/// How the caller names this server, and the folder of the project.
CallPlace PlaceOf(const ViewContext& c, const mlflow::Args& args) {
  std::error_code none;
  const std::string state = std::filesystem::absolute(c.state_dir, none).lexically_normal();
  return {BaseUrl(args.request()), BaseName(state) == ".quern" ? DirName(state) : state};
}

Result<json::value> OneVersion(const ViewContext& c, const mlflow::Args& args) {
  const std::string name = args.PathParam("name");
  const std::string text = args.PathParam("version");
  registry::Registry registry(c.database, c.clock, "");
  std::optional<ModelVersion> version;
  const bool digits = !text.empty() && text.size() < 18 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  if (digits) {
    QUERN_ASSIGN(version, registry.Get(name, std::stoll(text)));
  } else {
    QUERN_ASSIGN(version, registry.ByAlias(name, text));
    if (!version) {
      return Fail(Code::kNotFound,
                  "model '" + name + "' has no version and no alias '" + text + "'",
                  "GET /api/2.0/quern/models/NAME lists its versions");
    }
  }
  PipelineHistory history(c.database);
  QUERN_ASSIGN(const Judgements judged, Judgements::Read(history, name));
  const PackageView package = ReadPackageView(*version, c.state_dir, c.fs);
  QUERN_ASSIGN(const Log log, LogOf(c, name));
  QUERN_ASSIGN(const json::array deployments, DeploymentsOf(history, name));
  json::object shown = VersionJson(*version);
  shown["tags"] = TagsJson(version->tags);
  QUERN_TRY(AddReviews(c, *version, shown));
  shown["gates"] = judged.GatesOf(version->version);
  shown["contests"] = judged.ContestsOf(version->version);
  shown["card"] = package.package;
  shown["card_missing"] = TextOrNull(package.why);
  shown["example"] = package.example;
  shown["snippets"] = Snippets(*version, package, PlaceOf(c, args));
  const Log own = ChangesOf(log, std::to_string(version->version));
  shown["log"] = NewestChanges(own);
  shown["log_in_all"] = own.size();
  json::array mine;
  for (const json::value& d : deployments) {
    if (At(d, "/version") == json::value(version->version)) mine.push_back(d);
  }
  shown["deployments"] = std::move(mine);
  QUERN_ASSIGN(const auto served,
               serving::Served(c.database, name, std::to_string(version->version)));
  shown["served"] = nullptr;
  if (served) {
    shown["served"] = json::object{{"predictions", served->predictions},
                                   {"more", served->more},
                                   {"first_ms", served->first_ms},
                                   {"last_ms", served->last_ms}};
  }
  shown["experiment_id"] = nullptr;
  QUERN_TRY(c.database.Query(
      "SELECT experiment_id FROM runs WHERE id = ?", {version->run_id},
      [&](const store::Row& row) { shown["experiment_id"] = std::to_string(row.Int(0)); }));
  tracking::Lineage lineage(c.database, c.clock);
  const std::string node = "model_version:" + name + "/" + std::to_string(version->version);
  auto graph = lineage.Around(node);
  // "heart/1" is a prefix of "heart/10": what is not in the lineage must not find another.
  const bool there =
      graph && std::any_of(graph->nodes.begin(), graph->nodes.end(),
                           [&](const tracking::LineageNode& n) { return n.id == node; });
  shown["lineage"] = there ? tracking::LineageJson(*graph) : json::value(nullptr);
  return shown;
}

}  // namespace

std::vector<ViewRoute> ModelViews() {
  return {
      {"/quern/models", "registered models with aliases and the champion's metrics", Models},
      {"/quern/models/{name}", "one model: versions with metrics and gates, changes, deployments",
       OneModel},
      {"/quern/models/{name}/versions/{version}",
       "one version, by number or alias: gates, reviews, schema, lineage, how to call it",
       OneVersion},
      {"/quern/registry/log", "whether the registry's log of all models is as it was written",
       WholeLog},
  };
}

}  // namespace quern::server::native
