// Runs of the project that the page starts and cancels: `quern run` as a process of its own.
#include <boost/json.hpp>
#include <string>

#include "server/http/respond.h"
#include "server/mlflow/registry_routes.h"
#include "server/native/view_json.h"
#include "server/native/view_routes.h"

namespace quern::server::native {
namespace {

using mlflow::ActorOf;
using mlflow::Args;

json::value RunJson(const StartedRun& run) {
  return json::object{
      {"actor", run.actor},
      {"pid", run.pid},
      {"since_ms", run.since_ms},
      {"end_ms", run.end_ms > 0 ? json::value(run.end_ms) : json::value(nullptr)},
      {"exit_code", run.end_ms > 0 ? json::value(run.exit_code) : json::value(nullptr)},
      {"cancelled_by", TextOrNull(run.cancelled_by)},
      {"log", run.log}};
}

/// {project, allowed, why, run}: what can be started here, and the last run that was.
Result<net::HttpResponse> Control(const ViewContext& c, const Args& args) {
  QUERN_TRY(args.status());
  json::object shown{
      {"project", nullptr}, {"allowed", false}, {"why", TextOrNull(c.no_runs)}, {"run", nullptr}};
  if (c.runner != nullptr) {
    const auto project = c.runner->Project();
    if (project) {
      shown["project"] = *project;
      shown["allowed"] = true;
    } else {
      shown["why"] = project.error().ToString();
    }
    if (const auto last = c.runner->Last()) shown["run"] = RunJson(*last);
  }
  return JsonResponse(WriteJson(shown));
}

/// The runner, for somebody who says who it is.
Result<ProjectRunner*> Runner(const ViewContext& c, const std::string& actor) {
  if (c.runner == nullptr) return Fail(Code::kPermissionDenied, c.no_runs);
  QUERN_TRY(CheckActor(actor));
  return c.runner;
}

Result<net::HttpResponse> Start(const ViewContext& c, const Args& args) {
  const RunOrder order{ActorOf(args), args.Texts("force"), args.Texts("until")};
  QUERN_TRY(args.status());
  QUERN_ASSIGN(ProjectRunner* const runner, Runner(c, order.actor));
  QUERN_ASSIGN(const StartedRun started, runner->Start(order));
  return JsonResponse(WriteJson(json::object{{"run", RunJson(started)}}));
}

Result<net::HttpResponse> Cancel(const ViewContext& c, const Args& args) {
  const std::string actor = ActorOf(args);
  QUERN_TRY(args.status());
  QUERN_ASSIGN(ProjectRunner* const runner, Runner(c, actor));
  QUERN_TRY(runner->Cancel(actor));
  return mlflow::Done();
}

}  // namespace

void AddPipelineRoutes(Router* router, const ViewContext& context) {
  const ViewContext* c = &context;
  mlflow::AddApiRoutes(
      router, {OwnRoute("GET", "/quern/pipeline/control",
                        "whether runs of the project can be started here, and the last that was",
                        [c](const Args& args) { return Control(*c, args); }),
               OwnRoute("POST", "/quern/pipeline/start",
                        "starts `quern run` of the project: {actor, force, until}",
                        [c](const Args& args) { return Start(*c, args); }),
               OwnRoute("POST", "/quern/pipeline/cancel",
                        "ends the run that was started here, as Ctrl-C does: {actor}",
                        [c](const Args& args) { return Cancel(*c, args); })});
}

}  // namespace quern::server::native
