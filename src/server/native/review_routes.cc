// What people and pipelines say of versions, over HTTP: approvals, rejections, checks, policies,
// and the log of it all.
#include <boost/json.hpp>
#include <map>
#include <string>

#include "registry/gate.h"
#include "registry/log.h"
#include "registry/names.h"
#include "registry/overview.h"
#include "registry/reviews.h"
#include "server/http/respond.h"
#include "server/mlflow/api.h"
#include "server/mlflow/registry_routes.h"
#include "server/native/view_routes.h"

namespace quern::server::native {
namespace {

using mlflow::Args;
using registry::Reviews;

net::HttpResponse Answer(const json::value& value) { return JsonResponse(WriteJson(value)); }

/// The number of the version in the path.
Result<int64_t> VersionOf(const Args& args) {
  return registry::ParseVersion(args.PathParam("version"));
}

/// The gate of a version with all that was said of it.
Result<json::value> GateOf(const ViewContext& c, const std::string& name, int64_t version,
                           const std::string& alias) {
  QUERN_ASSIGN(const auto report, registry::JudgeGate(c.database, name, alias, version));
  QUERN_ASSIGN(const json::value said, registry::ReviewsOf(c.database, name, version));
  json::value shown = registry::GateReportJson(report);
  for (const auto& [key, value] : said.get_object()) shown.get_object()[key] = value;
  return shown;
}

Result<net::HttpResponse> Gate(const ViewContext& c, const Args& args) {
  std::string alias = args.Text("alias");
  QUERN_TRY(args.status());
  if (alias.empty()) alias = "champion";
  QUERN_ASSIGN(const int64_t version, VersionOf(args));
  QUERN_ASSIGN(const json::value shown, GateOf(c, args.PathParam("name"), version, alias));
  return Answer(shown);
}

Result<net::HttpResponse> Say(const ViewContext& c, const Args& args, registry::Verdict verdict) {
  const std::string reason = args.RequiredText("reason");
  const std::string actor = mlflow::ActorOf(args);
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const int64_t version, VersionOf(args));
  const std::string name = args.PathParam("name");
  QUERN_TRY(Reviews(c.database, c.clock, actor).Say({name, version, verdict, reason}));
  QUERN_ASSIGN(const json::value shown, GateOf(c, name, version, "champion"));
  return Answer(shown);
}

Result<net::HttpResponse> Approve(const ViewContext& c, const Args& args) {
  return Say(c, args, registry::Verdict::kApproved);
}

Result<net::HttpResponse> Reject(const ViewContext& c, const Args& args) {
  return Say(c, args, registry::Verdict::kRejected);
}

Result<net::HttpResponse> Check(const ViewContext& c, const Args& args) {
  const std::string check = args.RequiredText("check");
  const std::string reason = args.RequiredText("reason");
  if (!args.Has("passed")) args.Missing("passed");
  const bool passed = args.Flag("passed", false);
  const std::string actor = mlflow::ActorOf(args);
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const int64_t version, VersionOf(args));
  const std::string name = args.PathParam("name");
  QUERN_TRY(Reviews(c.database, c.clock, actor).Record({name, version, check, passed, reason}));
  QUERN_ASSIGN(const json::value shown, GateOf(c, name, version, "champion"));
  return Answer(shown);
}

Result<net::HttpResponse> Policies(const ViewContext& c, const Args& args) {
  QUERN_TRY(args.status());
  const std::string name = args.PathParam("name");
  QUERN_TRY(registry::Named(c.database, name));
  QUERN_ASSIGN(json::value policies, registry::PoliciesOf(c.database, name));
  return Answer(json::object{{"name", name}, {"policies", std::move(policies)}});
}

/// {"policies": {ALIAS: {key_metrics, reviewer, checks}}}: those of all aliases of the model.
Result<net::HttpResponse> SetPolicies(const ViewContext& c, const Args& args) {
  const std::string actor = mlflow::ActorOf(args);
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const json::value body, ParseJson(args.request().body));
  const json::value* wanted =
      body.is_object() ? body.get_object().if_contains("policies") : nullptr;
  if (wanted == nullptr || !wanted->is_object()) {
    return Fail(Code::kInvalidArgument, "'policies' must be an object: {ALIAS: policy}");
  }
  std::map<std::string, registry::AliasPolicy> policies;
  for (const auto& [alias, policy] : wanted->get_object()) {
    QUERN_ASSIGN(policies[std::string(alias)], registry::ReadPolicy(policy));
  }
  Reviews reviews(c.database, c.clock, actor.empty() ? "a client (unverified)" : actor);
  QUERN_TRY(reviews.SetPolicies(args.PathParam("name"), policies));
  return Policies(c, args);
}

/// {"policy": {key_metrics, reviewer, checks, signers}, "reason", "actor"}: that of one alias; {}
/// takes it away. Refused where a project file would set it back at its next run.
Result<net::HttpResponse> SetPolicy(const ViewContext& c, const Args& args) {
  const std::string reason = args.RequiredText("reason");
  const std::string actor = mlflow::ActorOf(args);
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const json::value body, ParseJson(args.request().body));
  const json::value* wanted = body.is_object() ? body.get_object().if_contains("policy") : nullptr;
  if (wanted == nullptr) return Fail(Code::kInvalidArgument, "'policy' is missing");
  QUERN_ASSIGN(const registry::AliasPolicy policy, registry::ReadPolicy(*wanted));
  const std::string name = args.PathParam("name");
  QUERN_TRY(MayChangePolicies(c.policies, name));
  Reviews reviews(c.database, c.clock, actor);
  QUERN_TRY(reviews.SetPolicy({name, args.PathParam("alias"), policy, reason}));
  return Policies(c, args);
}

/// {name, checked: {chained, unchained}, log}: oldest first. A chain that is broken is an error.
Result<net::HttpResponse> Log(const ViewContext& c, const Args& args) {
  QUERN_TRY(args.status());
  const std::string name = args.PathParam("name");
  QUERN_ASSIGN(const auto log, registry::ReadLog(c.database, name));
  if (log.empty()) return registry::NoModel(name);
  QUERN_ASSIGN(const registry::LogCheck check, registry::CheckLog(c.database));
  json::array entries;
  for (const registry::LogEntry& entry : log) entries.push_back(registry::LogEntryJson(entry));
  return Answer(json::object{
      {"name", name},
      {"checked", json::object{{"chained", check.chained}, {"unchained", check.unchained}}},
      {"log", std::move(entries)}});
}

using Handler = Result<net::HttpResponse> (*)(const ViewContext&, const Args&);

}  // namespace

void AddReviewRoutes(Router* router, const ViewContext& context) {
  const ViewContext* c = &context;
  const auto bound = [c](Handler handler) {
    return [c, handler](const Args& args) { return handler(*c, args); };
  };
  mlflow::AddApiRoutes(
      router,
      {OwnRoute("GET", "/quern/models/{name}/versions/{version}/gate",
                "whether a version may have an alias, what is missing, and what was said of it",
                bound(Gate)),
       OwnRoute("POST", "/quern/models/{name}/versions/{version}/approve",
                "a reviewer approves a version: {reason, actor}", bound(Approve)),
       OwnRoute("POST", "/quern/models/{name}/versions/{version}/reject",
                "a reviewer rejects a version: {reason, actor}", bound(Reject)),
       OwnRoute("POST", "/quern/models/{name}/versions/{version}/checks",
                "the outcome of a check: {check, passed, reason, actor}", bound(Check)),
       OwnRoute("GET", "/quern/models/{name}/policies", "what the aliases of a model ask for",
                bound(Policies)),
       OwnRoute("PUT", "/quern/models/{name}/policies",
                "the same from now on: {policies: {ALIAS: {…}}}", bound(SetPolicies)),
       OwnRoute("PUT", "/quern/models/{name}/policies/{alias}",
                "what one alias asks for from now on: {policy: {…}, reason, actor}",
                bound(SetPolicy)),
       OwnRoute("GET", "/quern/models/{name}/log", "every change of a model, the chain checked",
                bound(Log))});
}

}  // namespace quern::server::native
