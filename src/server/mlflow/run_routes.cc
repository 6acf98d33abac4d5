#include "server/http/respond.h"
#include "server/mlflow/json_out.h"
#include "server/mlflow/render.h"
#include "server/mlflow/tracking_routes.h"

namespace quern::server::mlflow {
namespace {

net::HttpResponse OneRun(const tracking::Run& run, const RunView& view = {}) {
  std::string out;
  {
    ObjectOut object(&out);
    AppendRun(object.Name("run"), run, view);
  }
  return JsonResponse(std::move(out));
}

Result<net::HttpResponse> CreateRun(const TrackingContext& c, const Args& args) {
  tracking::NewRun run;
  const std::string experiment = args.Text("experiment_id");
  run.start_ms = args.Int("start_time");
  run.name = args.Text("run_name");
  run.user_id = args.Text("user_id");
  run.tags = ReadPairs(args, "tags");
  QUERN_TRY(args.status());
  if (run.start_ms == 0) run.start_ms = c.clock.NowMs();
  QUERN_ASSIGN(run.experiment_id, ExperimentNumber(experiment));
  QUERN_ASSIGN(const tracking::Run made, c.runs.Create(run));
  RunView view;
  view.outputs = false;  // MLflow's own server says nothing of them here
  return OneRun(made, view);
}

Result<net::HttpResponse> GetRun(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredRunId();
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const tracking::Run run, c.runs.Get(id));
  return OneRun(run);
}

Result<net::HttpResponse> UpdateRun(const TrackingContext& c, const Args& args) {
  constexpr std::string_view kStatuses[] = {"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"};
  const std::string id = args.RequiredRunId();
  tracking::RunUpdate update;
  update.end_ms = args.MaybeInt("end_time");
  if (const auto status = args.Choice("status", kStatuses)) {
    update.status = tracking::FindStatus(kStatuses[*status]);
  }
  update.name = args.MaybeText("run_name");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const tracking::RunInfo info, c.runs.Update(id, update));
  std::string out;
  {
    ObjectOut object(&out);
    AppendRunInfo(object.Name("run_info"), info);
  }
  return JsonResponse(std::move(out));
}

Result<net::HttpResponse> DeleteRun(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredRunId();
  QUERN_TRY(args.status());
  QUERN_TRY(c.runs.Delete(id));
  return Done();
}

Result<net::HttpResponse> RestoreRun(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredRunId();
  QUERN_TRY(args.status());
  QUERN_TRY(c.runs.Restore(id));
  return Done();
}

}  // namespace

std::vector<ApiRoute> RunRoutes(const TrackingContext& c) {
  return {
      {"POST", "/mlflow/runs/create", "starts a run", Bind(c, CreateRun)},
      {"GET", "/mlflow/runs/get", "a run with its parameters, last metrics and tags",
       Bind(c, GetRun)},
      {"POST", "/mlflow/runs/update", "changes a run's status, end or name", Bind(c, UpdateRun)},
      {"POST", "/mlflow/runs/delete", "marks a run deleted", Bind(c, DeleteRun)},
      {"POST", "/mlflow/runs/restore", "brings a deleted run back", Bind(c, RestoreRun)},
  };
}

}  // namespace quern::server::mlflow
