#include "server/mlflow/artifact_parts.h"

#include <algorithm>

#include "base/text.h"
#include "server/http/respond.h"
#include "server/mlflow/api.h"
#include "server/mlflow/json_out.h"

namespace quern::server::mlflow {
namespace {

constexpr std::string_view kPartsPath = "/api/2.0/mlflow-artifacts/mpu/parts/";

/// The folder of the URL and the name of the client's local file, which may be a whole path of its
/// system.
std::string Target(const Args& args, std::string_view local) {
  std::string folder = args.PathParam("path");
  while (folder.ends_with('/')) folder.pop_back();
  const std::string_view name = local.substr(local.find_last_of("/\\") + 1);
  return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

std::string_view Unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    return etag.substr(1, etag.size() - 2);
  }
  return etag;
}

Result<net::HttpResponse> BeginUpload(store::MultipartUploads& uploads, const Args& args) {
  const std::string local = args.RequiredText("path");
  const int64_t parts = args.Int("num_parts", 1);
  QUERN_TRY(args.status());
  const int count =
      static_cast<int>(std::clamp<int64_t>(parts, 0, store::MultipartUploads::kMaxParts + 1));
  QUERN_ASSIGN(const std::string id, uploads.Create(Target(args, local), count));
  const std::string url = BaseUrl(args.request()) + std::string(kPartsPath) + id + "/";
  std::string body;
  {
    ObjectOut out(&body);
    out.Text("upload_id", id);
    std::string* list = out.Name("credentials");
    serving::AppendJsonList(list, static_cast<size_t>(count), [&](size_t i) {
      ObjectOut credential(list);
      credential.Text("url", url + std::to_string(i + 1));
      credential.Int("part_number", static_cast<int64_t>(i) + 1);
      credential.Name("headers")->append("{}");
    });
  }
  return JsonResponse(std::move(body));
}

Result<net::HttpResponse> Complete(store::MultipartUploads& uploads, const Args& args) {
  const std::string local = args.RequiredText("path");
  const std::string id = args.RequiredText("upload_id");
  std::vector<store::UploadedPart> parts;
  for (const Fields& part : args.Items("parts")) {
    const int64_t number = part.RequiredInt("part_number");
    const bool bounded = number >= 0 && number <= store::MultipartUploads::kMaxParts;
    parts.push_back(
        {bounded ? static_cast<int>(number) : 0, std::string(Unquoted(part.RequiredText("etag")))});
  }
  if (!args.Has("parts")) args.Missing("parts");
  QUERN_TRY(args.status());
  QUERN_TRY(uploads.Complete(id, Target(args, local), parts));
  return JsonResponse("{}");
}

Result<net::HttpResponse> Abort(store::MultipartUploads& uploads, const Args& args) {
  const std::string local = args.RequiredText("path");
  const std::string id = args.RequiredText("upload_id");
  QUERN_TRY(args.status());
  QUERN_TRY(uploads.Abort(id, Target(args, local)));
  return JsonResponse("{}");
}

}  // namespace

int PartNumber(std::string_view text) {
  auto number = ParseInt(text);
  bool good = number && *number >= 1 && *number <= store::MultipartUploads::kMaxParts;
  return good ? static_cast<int>(*number) : 0;
}

void AddPartRoutes(Router* router, store::MultipartUploads* uploads) {
  struct Action {
    std::string_view name;
    std::string_view doc;
    Result<net::HttpResponse> (*act)(store::MultipartUploads&, const Args&);
  };
  for (const Action& action : {Action{"create", "begins an upload in parts", &BeginUpload},
                               Action{"complete", "joins the parts of an upload", &Complete},
                               Action{"abort", "forgets an upload in parts", &Abort}}) {
    ApiHandler handler = [uploads,
                          act = action.act](const Args& args) -> Result<net::HttpResponse> {
      if (uploads != nullptr) return act(*uploads, args);
      return Fail(Code::kUnimplemented,
                  "Multipart upload is not supported for the current artifact repository");
    };
    const std::string path = "/mlflow-artifacts/mpu/" + std::string(action.name);
    const std::string below = path + "/{path...}";
    AddApiRoutes(router,
                 {{"POST", path, action.doc, handler}, {"POST", below, action.doc, handler}});
  }
}

}  // namespace quern::server::mlflow
