#include "server/http/respond.h"
#include "server/mlflow/artifacts.h"
#include "server/mlflow/json_out.h"
#include "server/mlflow/tracking_routes.h"
#include "store/artifact_path.h"

namespace quern::server::mlflow {
namespace {

constexpr size_t kMaxUpload = 10u << 20;  // of MLflow's page, which sends small files only

/// A path that a request names below a run's or model's root; "" is the root itself.
Result<std::string> CleanPath(const std::string& path) {
  if (path.empty()) return path;
  return store::CleanArtifactPath(path);
}

/// `root_uri` and what lies in its folder `path`; paths in the answer count from `root_uri`.
Result<net::HttpResponse> ListBelow(const TrackingContext& c, const std::string& root_uri,
                                    const std::string& path) {
  QUERN_ASSIGN(const std::string folder, CleanPath(path));
  QUERN_ASSIGN(const ArtifactPlace place, c.places.Find(root_uri));
  QUERN_ASSIGN(const auto entries, place.store->List(BelowPath(place.path, folder)));
  std::string out;
  {
    ObjectOut object(&out);
    object.Text("root_uri", root_uri);
    object.ListIfAny("files", entries, [&](const store::ArtifactEntry& entry) {
      ObjectOut file(&out);
      file.Text("path", BelowPath(folder, entry.name));
      file.Flag("is_dir", entry.is_dir);
      if (entry.size > 0) file.Int("file_size", static_cast<int64_t>(entry.size));
    });
  }
  return JsonResponse(std::move(out));
}

Result<net::HttpResponse> ListOfRun(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredRunId();
  const std::string path = args.Text("path");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const tracking::RunInfo run, c.runs.Info(id));
  return ListBelow(c, run.artifact_uri, path);
}

Result<net::HttpResponse> ListOfModel(const TrackingContext& c, const Args& args) {
  const std::string path = args.Text("artifact_directory_path");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto model, c.models.Get(args.PathParam("model_id")));
  return ListBelow(c, model.artifact_uri, path);
}

Result<net::HttpResponse> FileBelow(const TrackingContext& c, const Args& args,
                                    const std::string& root_uri, const std::string& path) {
  QUERN_ASSIGN(const std::string clean, store::CleanArtifactPath(path));
  QUERN_ASSIGN(const ArtifactPlace place, c.places.Find(root_uri));
  return ServeArtifact(*place.store, BelowPath(place.path, clean), args.request());
}

Result<net::HttpResponse> FileOfModel(const TrackingContext& c, const Args& args) {
  const std::string path = args.Text("artifact_file_path");
  if (path.empty()) args.Refuse("Request must include the \"artifact_file_path\" query parameter.");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto model, c.models.Get(args.PathParam("model_id")));
  return FileBelow(c, args, model.artifact_uri, path);
}

Result<net::HttpResponse> Upload(const TrackingContext& c, const Args& args) {
  const std::string id = args.Text("run_uuid");
  const std::string path = args.Text("path");
  const std::string& data = args.request().body;
  if (id.empty()) args.Refuse("Request must specify run_uuid.");
  if (path.empty()) args.Refuse("Request must specify path.");
  if (data.size() > kMaxUpload) args.Refuse("Artifact size is too large. Max size is 10MB.");
  if (data.empty()) args.Refuse("Request must specify data.");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const std::string clean, store::CleanArtifactPath(path));
  QUERN_ASSIGN(const tracking::RunInfo run, c.runs.Info(id));
  QUERN_ASSIGN(const ArtifactPlace place, c.places.Find(run.artifact_uri));
  QUERN_ASSIGN(const auto writer, place.store->Put(BelowPath(place.path, clean)));
  QUERN_TRY(writer->Append(data));
  QUERN_TRY(writer->Commit());
  return Done();
}

}  // namespace

Result<net::HttpResponse> FileOfRun(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredRunId();
  const std::string path = args.RequiredText("path");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const tracking::RunInfo run, c.runs.Info(id));
  return FileBelow(c, args, run.artifact_uri, path);
}

std::vector<ApiRoute> ArtifactListRoutes(const TrackingContext& c) {
  return {
      {"GET", "/mlflow/artifacts/list", "the artifacts of a run, one folder at a time",
       Bind(c, ListOfRun)},
      {"GET", "/mlflow/logged-models/{model_id}/artifacts/directories",
       "the artifacts of a logged model, one folder at a time", Bind(c, ListOfModel)},
      {"GET", "/mlflow/logged-models/{model_id}/artifacts/files", "one file of a logged model",
       Bind(c, FileOfModel), Surface::kAjaxOnly},
      {"POST", "/mlflow/upload-artifact", "a small file for a run", Bind(c, Upload),
       Surface::kAjaxOnly, BodyForm::kRaw},
  };
}

}  // namespace quern::server::mlflow
