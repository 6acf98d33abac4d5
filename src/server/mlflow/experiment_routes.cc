#include "server/http/respond.h"
#include "server/mlflow/json_out.h"
#include "server/mlflow/render.h"
#include "server/mlflow/tracking_routes.h"

namespace quern::server::mlflow {
namespace {

using tracking::Experiment;

net::HttpResponse OneExperiment(const Experiment& experiment) {
  std::string out;
  {
    ObjectOut object(&out);
    AppendExperiment(object.Name("experiment"), experiment);
  }
  return JsonResponse(std::move(out));
}

/// `experiment_id`, which must be there.
Result<int64_t> RequiredExperiment(const Args& args) {
  const std::string id = args.RequiredText("experiment_id");
  QUERN_TRY(args.status());
  return ExperimentNumber(id);
}

Result<net::HttpResponse> CreateExperiment(const TrackingContext& c, const Args& args) {
  const std::string name = args.RequiredText("name");
  const std::string location = args.Text("artifact_location");
  const tracking::Texts tags = ReadPairs(args, "tags");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const int64_t id, c.experiments.Create(name, location, tags));
  std::string out;
  {
    ObjectOut object(&out);
    object.Text("experiment_id", std::to_string(id));
  }
  return JsonResponse(std::move(out));
}

Result<net::HttpResponse> GetExperiment(const TrackingContext& c, const Args& args) {
  QUERN_ASSIGN(const int64_t id, RequiredExperiment(args));
  QUERN_ASSIGN(const Experiment experiment, c.experiments.Get(id));
  return OneExperiment(experiment);
}

Result<net::HttpResponse> GetByName(const TrackingContext& c, const Args& args) {
  const std::string name = args.RequiredText("experiment_name");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const Experiment experiment, c.experiments.ByName(name));
  return OneExperiment(experiment);
}

Result<net::HttpResponse> SearchExperiments(const TrackingContext& c, const Args& args) {
  const tracking::ViewType view = ReadView(args, "view_type");
  const tracking::SearchRequest search = ReadSearch(args, 0);
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto page, c.experiments.Search(view, search));
  std::string out;
  {
    ObjectOut object(&out);
    object.ListIfAny("experiments", page.items,
                     [&](const Experiment& experiment) { AppendExperiment(&out, experiment); });
    object.TextIfSet("next_page_token", page.next_token);
  }
  return JsonResponse(std::move(out));
}

Result<net::HttpResponse> DeleteExperiment(const TrackingContext& c, const Args& args) {
  QUERN_ASSIGN(const int64_t id, RequiredExperiment(args));
  QUERN_TRY(c.experiments.Delete(id));
  return Done();
}

Result<net::HttpResponse> RestoreExperiment(const TrackingContext& c, const Args& args) {
  QUERN_ASSIGN(const int64_t id, RequiredExperiment(args));
  QUERN_TRY(c.experiments.Restore(id));
  return Done();
}

Result<net::HttpResponse> UpdateExperiment(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredText("experiment_id");
  const std::string name = args.RequiredText("new_name");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const int64_t number, ExperimentNumber(id));
  QUERN_TRY(c.experiments.Rename(number, name));
  return Done();
}

Result<net::HttpResponse> SetExperimentTag(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredText("experiment_id");
  const std::string key = args.RequiredText("key");
  const std::string value = args.Text("value");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const int64_t number, ExperimentNumber(id));
  QUERN_TRY(c.experiments.SetTag(number, key, value));
  return Done();
}

Result<net::HttpResponse> DeleteExperimentTag(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredText("experiment_id");
  const std::string key = args.RequiredText("key");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const int64_t number, ExperimentNumber(id));
  QUERN_TRY(c.experiments.DeleteTag(number, key));
  return Done();
}

}  // namespace

std::vector<ApiRoute> ExperimentRoutes(const TrackingContext& c) {
  return {
      {"POST", "/mlflow/experiments/create", "makes an experiment", Bind(c, CreateExperiment)},
      {"GET", "/mlflow/experiments/get", "an experiment by its id", Bind(c, GetExperiment)},
      {"GET", "/mlflow/experiments/get-by-name", "an experiment by its name, deleted ones too",
       Bind(c, GetByName)},
      {"POST GET", "/mlflow/experiments/search", "experiments that a filter finds",
       Bind(c, SearchExperiments)},
      {"POST", "/mlflow/experiments/delete", "marks an experiment and its runs deleted",
       Bind(c, DeleteExperiment)},
      {"POST", "/mlflow/experiments/restore", "brings a deleted experiment back",
       Bind(c, RestoreExperiment)},
      {"POST", "/mlflow/experiments/update", "renames an experiment", Bind(c, UpdateExperiment)},
      {"POST", "/mlflow/experiments/set-experiment-tag", "sets a tag of an experiment",
       Bind(c, SetExperimentTag)},
      {"POST", "/mlflow/experiments/delete-experiment-tag", "removes a tag of an experiment",
       Bind(c, DeleteExperimentTag)},
  };
}

}  // namespace quern::server::mlflow
