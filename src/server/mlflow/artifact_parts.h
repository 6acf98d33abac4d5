#pragma once
// Uploads in parts as MLflow's client asks for them: create, complete, abort.
#include <string_view>

#include "server/http/router.h"
#include "store/multipart.h"

namespace quern::server::mlflow {

/// `uploads` may be null: then they are answered NOT_IMPLEMENTED. Each part is to be PUT to a URL
/// of this server, at the host that the client itself used.
void AddPartRoutes(Router* router, store::MultipartUploads* uploads);

/// The number of a part in a URL; 0, which is none, for anything else.
int PartNumber(std::string_view text);

}  // namespace quern::server::mlflow
