#include "server/native/release_routes.h"

#include <algorithm>
#include <boost/json.hpp>
#include <initializer_list>

#include "base/text.h"
#include "base/time.h"
#include "server/http/respond.h"
#include "server/native/asked_release.h"

namespace quern::server::native {
namespace {

constexpr int64_t kListed = 100;

net::HttpResponse Answer(const Result<json::value>& result, int status = 200) {
  return result ? JsonResponse(WriteJson(*result), status) : ErrorResponse(result.error());
}

/// The object of a body, which has no other keys than `known`; an empty body is an empty object.
Result<json::object> ReadObject(std::string_view body,
                                std::initializer_list<std::string_view> known) {
  if (Trim(body).empty()) return json::object();
  QUERN_ASSIGN(const json::value value, ParseBody(body));
  if (!value.is_object()) {
    return Fail(Code::kInvalidArgument, "the request body must be a JSON object");
  }
  for (const auto& entry : value.as_object()) {
    const std::string key(entry.key());
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    return Fail(Code::kInvalidArgument, "unknown key '" + Printable(key) + "'",
                SuggestName(key, std::vector<std::string>(known.begin(), known.end())));
  }
  return value.as_object();
}

/// A text, or a number for a version; `otherwise` if it is not there.
Result<std::string> TextOf(const json::object& object, std::string_view key,
                           std::string otherwise = {}) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return otherwise;
  if (value->is_string()) return std::string(value->as_string());
  if (value->is_int64()) return std::to_string(value->as_int64());
  return Fail(Code::kInvalidArgument, "'" + std::string(key) + "' must be a text");
}

json::value Shown(const deploy::Release& release) { return deploy::ReleaseJson(release); }

/// The one under way as this server sees it, else the newest of the store.
Result<deploy::Release> Latest(Releases& releases, const std::string& model) {
  QUERN_ASSIGN(deploy::ReleaseController* const controller, releases.Of(model));
  if (auto current = controller->Current()) return std::move(*current);
  QUERN_ASSIGN(auto newest, releases.store().List(model, 1));
  if (!newest.empty()) return std::move(newest[0].release);
  return Fail(Code::kNotFound, "model '" + model + "' has had no release",
              "POST /v1/releases begins one");
}

Result<json::value> List(Releases& releases) {
  json::array all;
  for (const std::string& model : releases.models()) {
    QUERN_ASSIGN(const auto list, releases.store().List(model, kListed));
    for (const deploy::StoredRelease& stored : list) all.push_back(Shown(stored.release));
  }
  return json::object{{"releases", std::move(all)}};
}

Result<json::value> Show(Releases& releases, const std::string& model) {
  QUERN_ASSIGN(const deploy::Release release, Latest(releases, model));
  QUERN_ASSIGN(deploy::ReleaseController* const controller, releases.Of(model));
  deploy::ShadowReport shadow;
  if (controller->Current()) {
    shadow = controller->Shadow();
  } else if (auto stored = releases.store().Shadow(release.id)) {
    shadow = std::move(*stored);
  } else if (stored.error().code != Code::kNotFound) {
    return std::unexpected(stored.error());
  }
  return json::object{{"release", Shown(release)},
                      {"verdicts", deploy::VerdictsJson(release, SystemClock().NowMs())},
                      {"earned", deploy::EarnedJson(release)},
                      {"shadow", shadow.Summary()}};
}

Result<json::value> ShowLog(Releases& releases, const std::string& model) {
  QUERN_ASSIGN(const deploy::Release release, Latest(releases, model));
  QUERN_ASSIGN(const auto audits, releases.store().Audits(release.id));
  json::array out;
  for (const deploy::ChainedAudit& chained : audits) {
    QUERN_ASSIGN(json::value record, deploy::AuditJson(chained));
    out.push_back(std::move(record));
  }
  return json::object{{"release", release.id}, {"log", std::move(out)}};
}

Result<json::value> BeginRelease(Releases& releases, std::string_view body) {
  QUERN_ASSIGN(const json::object asked,
               ReadObject(body, {"model", "stable", "candidate", "alias", "strategy", "actor"}));
  deploy::NewRelease wanted;
  QUERN_ASSIGN(wanted.model, TextOf(asked, "model"));
  if (wanted.model.empty()) return Fail(Code::kInvalidArgument, "'model' is missing");
  QUERN_ASSIGN(wanted.alias, TextOf(asked, "alias", "champion"));
  QUERN_ASSIGN(wanted.stable, TextOf(asked, "stable"));
  QUERN_ASSIGN(wanted.candidate, TextOf(asked, "candidate"));
  QUERN_ASSIGN(wanted.actor, TextOf(asked, "actor", "api"));
  if (const json::value* strategy = asked.if_contains("strategy")) {
    QUERN_ASSIGN(wanted.strategy, AskedStrategy(*strategy));
  }
  QUERN_ASSIGN(const std::string id, releases.Begin(wanted));
  QUERN_ASSIGN(const deploy::StoredRelease stored, releases.store().Get(id));
  return Shown(stored.release);
}

Result<json::value> Order(Releases& releases, const std::string& model, deploy::CommandKind kind,
                          std::string_view body) {
  QUERN_ASSIGN(const json::object asked,
               ReadObject(body, {"reason", "actor", "version", "weight"}));
  deploy::Command order;
  order.kind = kind;
  QUERN_ASSIGN(order.actor, TextOf(asked, "actor", "api"));
  QUERN_ASSIGN(order.reason, TextOf(asked, "reason"));
  QUERN_ASSIGN(order.version, TextOf(asked, "version"));
  const json::value* weight = asked.if_contains("weight");
  if (kind == deploy::CommandKind::kSetWeight) {
    if (weight == nullptr || !weight->is_number()) {
      return Fail(Code::kInvalidArgument, "'weight' must be a number: percent of the traffic");
    }
    order.weight = weight->to_number<double>();
  }
  QUERN_ASSIGN(deploy::ReleaseController* const controller, releases.Of(model));
  QUERN_TRY(controller->Order(order));
  QUERN_ASSIGN(const deploy::Release release, Latest(releases, model));
  return Shown(release);
}

}  // namespace

void AddReleaseRoutes(Router* router, Releases& releases) {
  Releases* r = &releases;
  router->Add({"GET", "/v1/releases", "releases of the models served here, newest first",
               [r](const Call&) { return Answer(List(*r)); }});
  router->Add({"POST", "/v1/releases",
               "begins a release: {model, candidate, strategy, stable?, alias?, actor?}",
               [r](const Call& call) {
                 if (auto why = NotJson(call.request)) return net::RenderJsonError(415, *why);
                 return Answer(BeginRelease(*r, call.request.body), 201);
               }});
  const std::string one = "/v1/releases/{model}";
  router->Add({"GET", one, "the release of a model with its evidence", [r](const Call& call) {
                 return Answer(Show(*r, std::string(call.Param("model"))));
               }});
  router->Add({"GET", one + "/log", "its audit records, each checked", [r](const Call& call) {
                 return Answer(ShowLog(*r, std::string(call.Param("model"))));
               }});
  for (const ReleaseVerb& verb : kReleaseVerbs) {
    router->Add({"POST", one + "/" + verb.path, verb.doc, [r, kind = verb.kind](const Call& call) {
                   if (auto why = NotJson(call.request)) return net::RenderJsonError(415, *why);
                   return Answer(
                       Order(*r, std::string(call.Param("model")), kind, call.request.body));
                 }});
  }
}

}  // namespace quern::server::native
