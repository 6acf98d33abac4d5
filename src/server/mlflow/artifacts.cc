#include "server/mlflow/artifacts.h"

#include "base/fs.h"
#include "base/text.h"
#include "server/http/file_response.h"
#include "server/http/respond.h"
#include "server/mlflow/api.h"
#include "server/mlflow/artifact_parts.h"
#include "server/mlflow/artifact_upload.h"
#include "server/mlflow/content_type.h"
#include "server/mlflow/errors.h"
#include "server/mlflow/json_out.h"

namespace quern::server::mlflow {
namespace {

using Opened = Result<std::shared_ptr<ArtifactUpload>>;

Opened OpenUpload(store::ArtifactStore& store, std::string_view path) {
  QUERN_ASSIGN(auto writer, store.Put(path));
  return std::make_shared<ArtifactUpload>(std::move(writer), "");
}

Opened OpenPart(store::MultipartUploads& uploads, std::string_view upload,
                std::string_view number) {
  QUERN_ASSIGN(auto writer, uploads.PutPart(upload, PartNumber(number)));
  std::string etag = writer->etag();
  return std::make_shared<ArtifactUpload>(std::move(writer), std::move(etag));
}

/// MLflow's client names folders with a slash at the end, too.
std::string_view FolderPath(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

Result<net::HttpResponse> ListArtifacts(store::ArtifactStore& store, const Args& args) {
  const std::string path = args.Text("path");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(auto entries, store.List(FolderPath(path)));
  std::string body;
  {
    ObjectOut out(&body);
    out.ListIfAny("files", entries, [&](const store::ArtifactEntry& entry) {
      ObjectOut file(&body);
      file.Text("path", entry.name);
      file.Flag("is_dir", entry.is_dir);
      if (!entry.is_dir) file.Int("file_size", static_cast<int64_t>(entry.size));
    });
  }
  return JsonResponse(std::move(body));
}

net::HttpResponse Uploaded(const Result<std::string>& finished) {
  if (!finished) return MlflowError(finished.error());
  net::HttpResponse response = JsonResponse("{}");
  if (!finished->empty()) response.headers.push_back({"ETag", "\"" + *finished + "\""});
  return response;
}

void AddUploads(Router* router, const ArtifactContext& context) {
  store::ArtifactStore* store = context.store;
  store::MultipartUploads* uploads = context.uploads;
  for (std::string prefix : {"/api", "/ajax-api"}) {
    prefix += "/2.0/mlflow-artifacts";
    router->Add({"PUT", prefix + "/artifacts/{path...}", "MLflow: stores an artifact",
                 [store](const Call& call) {
                   return Uploaded(FinishUpload(
                       call.request, [&] { return OpenUpload(*store, call.Param("path")); }));
                 }});
    if (uploads == nullptr) continue;
    router->Add({"PUT", prefix + "/mpu/parts/{upload_id}/{number}",
                 "MLflow: stores one part of an upload", [uploads](const Call& call) {
                   return Uploaded(FinishUpload(call.request, [&] {
                     return OpenPart(*uploads, call.Param("upload_id"), call.Param("number"));
                   }));
                 }});
  }
}

}  // namespace

net::HttpResponse ServeArtifact(store::ArtifactStore& store, std::string_view path,
                                const net::HttpRequest& request) {
  auto file = store.OpenPart(path, [&](uint64_t size, std::string_view etag) {
    const ByteRange range = ServedRange(request, size, etag);
    return store::ArtifactSpan{range.first, range.length};
  });
  if (!file) return MlflowError(file.error());
  return FileResponse(request, {std::move(file->fd), file->size, std::move(file->etag),
                                BaseName(path), ContentTypeOf(path)});
}

void AddArtifactRoutes(Router* router, const ArtifactContext& context) {
  store::ArtifactStore* store = context.store;
  AddApiRoutes(
      router,
      {{"GET", "/mlflow-artifacts/artifacts", "what a folder of artifacts holds",
        [store](const Args& args) { return ListArtifacts(*store, args); }},
       {"GET", "/mlflow-artifacts/artifacts/{path...}", "one artifact, or a range of it",
        [store](const Args& args) -> Result<net::HttpResponse> {
          return ServeArtifact(*store, args.PathParam("path"), args.request());
        }},
       {"DELETE", "/mlflow-artifacts/artifacts/{path...}", "deletes an artifact or a folder",
        [store](const Args& args) -> Result<net::HttpResponse> {
          const std::string path = args.PathParam("path");
          QUERN_TRY(store->Delete(FolderPath(path)));
          return JsonResponse("{}");
        }}});
  AddUploads(router, context);
  AddPartRoutes(router, context.uploads);
}

net::BodyHook ArtifactBodies(const ArtifactContext& context) {
  return [context](const net::HttpRequest& head) -> Result<std::shared_ptr<net::BodySink>> {
    const std::vector<std::string>& at = head.segments;
    bool proxy = head.method == "PUT" && at.size() >= 5 &&
                 (at[0] == "api" || at[0] == "ajax-api") && at[1] == "2.0" &&
                 at[2] == "mlflow-artifacts";
    if (proxy && at[3] == "artifacts") return OpenUpload(*context.store, JoinSegments(at, 4));
    if (proxy && at[3] == "mpu" && at[4] == "parts" && at.size() == 7 && context.uploads) {
      return OpenPart(*context.uploads, at[5], at[6]);
    }
    return std::shared_ptr<net::BodySink>();
  };
}

}  // namespace quern::server::mlflow
