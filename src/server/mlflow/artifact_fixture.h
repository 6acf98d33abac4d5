#pragma once
// For tests: the artifact proxy over a temporary folder, on a real socket.
#include <boost/json.hpp>
#include <memory>
#include <string>

#include "net/client.h"
#include "net/http.h"
#include "server/mlflow/artifacts.h"
#include "store/folder_artifacts.h"
#include "store/full_disk.h"

namespace quern::server::mlflow {

struct ArtifactServer {
  ArtifactServer() {
    AddArtifactRoutes(&router, context);
    net::ServerOptions options;
    options.body_hook = ArtifactBodies(context);
    http = std::make_unique<net::HttpServer>(
        options, [this](const net::HttpRequest& request) { return router.Dispatch(request); });
    port = http->Start().value();
  }

  net::HttpResponse Ask(std::string_view method, std::string_view target,
                        std::string_view body = "",
                        const std::vector<net::Header>& headers = {}) const {
    auto response = net::HttpClient("127.0.0.1", port).Send(method, target, body, headers);
    return response ? *response : net::HttpResponse{0, "", {}, response.error().message, nullptr};
  }
  /// The error code in the body of an answer.
  static std::string ErrorOf(const net::HttpResponse& response) {
    boost::system::error_code bad;
    auto body = boost::json::parse(response.body, bad);
    if (bad || !body.is_object() || !body.as_object().contains("error_code")) return "";
    return std::string(body.as_object().at("error_code").as_string());
  }
  size_t Unfinished() const { return RealFs().List(store->scratch())->size(); }

  TempDir dir;
  store::FullDisk disk;
  std::unique_ptr<store::FolderArtifacts> store =
      store::FolderArtifacts::Open(dir.File("root"), disk).value();
  store::MultipartUploads uploads{*store, dir.File("root/.quern-tmp/parts"), disk, SystemClock()};
  ArtifactContext context{store.get(), &uploads};
  Router router;
  std::unique_ptr<net::HttpServer> http;
  uint16_t port = 0;
};

inline const std::string kArtifacts = "/api/2.0/mlflow-artifacts/artifacts";

}  // namespace quern::server::mlflow
