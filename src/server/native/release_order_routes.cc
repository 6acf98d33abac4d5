// Orders about releases from the page: what `quern deploy` does, by the same functions, on the same
// store.
#include <boost/json.hpp>
#include <deque>
#include <string>

#include "base/text.h"
#include "deploy/store_orders.h"
#include "registry/ask_gate.h"
#include "registry/registry.h"
#include "server/http/respond.h"
#include "server/mlflow/registry_routes.h"
#include "server/native/asked_release.h"
#include "server/native/view_routes.h"

namespace quern::server::native {
namespace {

using mlflow::ActorOf;
using mlflow::Args;

/// Of a request: who orders, why, and whether a closed gate may be passed.
registry::Passage PassageOf(const Args& args) {
  return {ActorOf(args), mlflow::ReasonOf(args), args.Flag("force", false)};
}

/// kInvalidArgument for an order that nobody gives, or that passes a gate without saying why.
Status CheckPassage(const registry::Passage& passage) {
  QUERN_TRY(CheckActor(passage.actor));
  if (passage.force && passage.reason.empty()) {
    return Fail(Code::kInvalidArgument, "'reason' is missing: who passes a closed gate says why");
  }
  return {};
}

deploy::OrderRegistry Asking(const ViewContext& c, registry::Passage passage) {
  deploy::OrderRegistry asked;
  asked.number = [&c](const std::string& model, const std::string& text) {
    registry::Registry registry(c.database, c.clock, "");
    return registry::VersionNumber(registry, model, text);
  };
  asked.may_promote = [&c, passage = std::move(passage)](const std::string& model,
                                                         const std::string& alias,
                                                         const std::string& version) -> Status {
    QUERN_ASSIGN(const auto gate, registry::AskGate(c.database, c.clock, model, alias,
                                                    ParseInt(version).value_or(0), passage));
    return registry::Allowed(gate);
  };
  return asked;
}

net::HttpResponse Answer(const deploy::Release& release, const std::string& sentence) {
  return JsonResponse(
      WriteJson(json::object{{"release", deploy::ReleaseJson(release)}, {"sentence", sentence}}));
}

Result<deploy::Strategy> StrategyOf(const Args& args) {
  if (!args.Has("strategy")) return deploy::Strategy();
  QUERN_ASSIGN(const json::value body, ParseBody(args.request().body));
  return AskedStrategy(body.at("strategy"));
}

Result<net::HttpResponse> Begin(const ViewContext& c, const Args& args) {
  deploy::NewRelease wanted;
  wanted.model = args.RequiredText("model");
  wanted.candidate = args.Text("candidate");
  wanted.stable = args.MaybeText("stable").value_or("champion");
  wanted.alias = args.MaybeText("alias").value_or("champion");
  const registry::Passage passage = PassageOf(args);
  wanted.actor = passage.actor;
  QUERN_TRY(args.status());
  QUERN_TRY(CheckPassage(passage));
  QUERN_ASSIGN(wanted.strategy, StrategyOf(args));
  deploy::ReleaseStore releases(c.database);
  QUERN_ASSIGN(const auto begun,
               deploy::StoreOrders(releases, c.clock, Asking(c, passage)).Begin(std::move(wanted)));
  return Answer(begun.release, "begun");
}

Result<net::HttpResponse> Order(const ViewContext& c, const Args& args, deploy::CommandKind kind) {
  deploy::Command order;
  order.kind = kind;
  order.version = args.Text("version");
  const registry::Passage passage = PassageOf(args);
  order.actor = passage.actor;
  order.reason = passage.reason;
  if (kind == deploy::CommandKind::kSetWeight) order.weight = args.RequiredNumber("weight");
  QUERN_TRY(args.status());
  QUERN_TRY(CheckPassage(passage));
  deploy::ReleaseStore releases(c.database);
  QUERN_ASSIGN(const auto done, deploy::StoreOrders(releases, c.clock, Asking(c, passage))
                                    .Order("", args.PathParam("id"), order));
  return Answer(done.stored.release, done.sentence);
}

}  // namespace

void AddReleaseOrderRoutes(Router* router, const ViewContext& context) {
  const ViewContext* c = &context;
  std::vector<mlflow::ApiRoute> routes;
  routes.push_back(OwnRoute(
      "POST", "/quern/serving/releases",
      "begins a release: {model, candidate, strategy, stable, alias, actor, reason, force}",
      [c](const Args& args) { return Begin(*c, args); }));
  std::deque<std::string> paths;  // routes point at them until they are added
  for (const ReleaseVerb& verb : kReleaseVerbs) {
    paths.push_back(std::string("/quern/serving/releases/{id}/") + verb.path);
    routes.push_back(
        OwnRoute("POST", paths.back(), verb.doc,
                 [c, kind = verb.kind](const Args& args) { return Order(*c, args, kind); }));
  }
  mlflow::AddApiRoutes(router, routes);
}

}  // namespace quern::server::native
