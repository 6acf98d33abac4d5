#include "server/http/respond.h"
#include "server/mlflow/json_out.h"
#include "server/mlflow/render.h"
#include "server/mlflow/tracking_routes.h"

namespace quern::server::mlflow {
namespace {

using tracking::LoggedModel;

constexpr int64_t kLoggedModelsPage = 50;

net::HttpResponse OneModel(const LoggedModel& model) {
  std::string out;
  {
    ObjectOut object(&out);
    AppendLoggedModel(object.Name("model"), model);
  }
  return JsonResponse(std::move(out));
}

Result<net::HttpResponse> CreateLoggedModel(const TrackingContext& c, const Args& args) {
  tracking::NewLoggedModel model;
  const std::string experiment = args.RequiredText("experiment_id");
  model.name = args.Text("name");
  model.model_type = args.Text("model_type");
  model.source_run_id = args.Text("source_run_id");
  model.params = ReadPairs(args, "params");
  model.tags = ReadPairs(args, "tags");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(model.experiment_id, ExperimentNumber(experiment));
  QUERN_ASSIGN(const LoggedModel made, c.models.Create(model));
  return OneModel(made);
}

Result<net::HttpResponse> GetLoggedModel(const TrackingContext& c, const Args& args) {
  const bool deleted_too = args.Flag("allow_deleted", false);
  QUERN_TRY(args.status());
  const std::string id = args.PathParam("model_id");
  QUERN_ASSIGN(const LoggedModel model, deleted_too ? c.models.GetAny(id) : c.models.Get(id));
  return OneModel(model);
}

Result<net::HttpResponse> Finalize(const TrackingContext& c, const Args& args) {
  constexpr std::string_view kStatuses[] = {"LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY",
                                            "LOGGED_MODEL_UPLOAD_FAILED"};
  if (!args.Has("status")) args.Missing("status");
  const auto status = args.Choice("status", kStatuses);
  if (status == 0u) args.Invalid("status");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const LoggedModel model,
               c.models.Finalize(args.PathParam("model_id"), std::string(kStatuses[*status])));
  return OneModel(model);
}

Result<net::HttpResponse> DeleteLoggedModel(const TrackingContext& c, const Args& args) {
  QUERN_TRY(c.models.Delete(args.PathParam("model_id")));
  return Done();
}

Result<net::HttpResponse> SetTags(const TrackingContext& c, const Args& args) {
  const tracking::Texts tags = ReadPairs(args, "tags");
  QUERN_TRY(args.status());
  QUERN_TRY(c.models.SetTags(args.PathParam("model_id"), tags));
  return Done();
}

Result<net::HttpResponse> DeleteLoggedModelTag(const TrackingContext& c, const Args& args) {
  QUERN_TRY(c.models.DeleteTag(args.PathParam("model_id"), args.PathParam("tag_key")));
  return Done();
}

Result<net::HttpResponse> LogParams(const TrackingContext& c, const Args& args) {
  const tracking::Texts params = ReadPairs(args, "params");
  QUERN_TRY(args.status());
  QUERN_TRY(c.models.LogParams(args.PathParam("model_id"), params));
  return Done();
}

std::vector<search::DatasetFilter> ReadDatasets(const Args& args) {
  std::vector<search::DatasetFilter> datasets;
  for (const Fields& item : args.Items("datasets")) {
    datasets.push_back({item.RequiredText("dataset_name"), item.Text("dataset_digest")});
  }
  return datasets;
}

std::vector<search::FieldOrder> ReadOrder(const Args& args) {
  std::vector<search::FieldOrder> order;
  for (const Fields& item : args.Items("order_by")) {
    order.push_back({item.RequiredText("field_name"),
                     item.Flag("ascending", true),
                     {item.Text("dataset_name"), item.Text("dataset_digest")}});
  }
  return order;
}

Result<net::HttpResponse> SearchLoggedModels(const TrackingContext& c, const Args& args) {
  if (!args.Has("experiment_ids")) args.Missing("experiment_ids");
  const std::vector<int64_t> experiments = ExperimentNumbers(args.Texts("experiment_ids"));
  const std::string filter = args.Text("filter");
  const std::vector<search::DatasetFilter> datasets = ReadDatasets(args);
  int64_t max_results = args.Int("max_results", kLoggedModelsPage);
  if (max_results == 0) max_results = kLoggedModelsPage;
  const std::vector<search::FieldOrder> order = ReadOrder(args);
  const std::string token = args.Text("page_token");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto page,
               c.models.Search(experiments, filter, datasets, order, max_results, token));
  std::string out;
  {
    ObjectOut object(&out);
    object.ListIfAny("models", page.items,
                     [&](const LoggedModel& model) { AppendLoggedModel(&out, model); });
    object.TextIfSet("next_page_token", page.next_token);
  }
  return JsonResponse(std::move(out));
}

}  // namespace

std::vector<ApiRoute> LoggedModelRoutes(const TrackingContext& c) {
  return {
      {"POST", "/mlflow/logged-models", "makes a logged model", Bind(c, CreateLoggedModel)},
      {"POST", "/mlflow/logged-models/search", "logged models that a filter finds",
       Bind(c, SearchLoggedModels)},
      {"GET", "/mlflow/logged-models/{model_id}", "a logged model", Bind(c, GetLoggedModel)},
      {"PATCH", "/mlflow/logged-models/{model_id}", "says that its files are there, or failed",
       Bind(c, Finalize)},
      {"DELETE", "/mlflow/logged-models/{model_id}", "marks a logged model deleted",
       Bind(c, DeleteLoggedModel)},
      {"PATCH", "/mlflow/logged-models/{model_id}/tags", "sets tags of a logged model",
       Bind(c, SetTags)},
      {"DELETE", "/mlflow/logged-models/{model_id}/tags/{tag_key}",
       "removes a tag of a logged model", Bind(c, DeleteLoggedModelTag)},
      {"POST", "/mlflow/logged-models/{model_id}/params", "parameters of a logged model",
       Bind(c, LogParams)},
  };
}

}  // namespace quern::server::mlflow
