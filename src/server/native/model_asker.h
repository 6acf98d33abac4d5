#pragma once
// Asks the model servers that announced themselves in a store's folder, for pages that may not ask
// other origins. Nothing else can be asked: a caller names a server by its id, never by an address.
#include <string>
#include <string_view>

#include "base/fs.h"
#include "base/result.h"
#include "serving/announcement.h"

namespace quern::server::native {

/// kNotFound for a server that does not listen (any more).
Result<serving::ServerAddress> FindServer(const std::string& state_dir, const std::string& id,
                                          Fs& fs);

struct ModelCall {
  std::string_view method = "GET";
  std::string path;  // "/v2/models/heart", encoded
  std::string_view body = {};
  std::string token = {};  // one of the server's, as the caller gave it
  double seconds = 2;      // for the whole of it
};

/// What the process answered, whatever its status.
struct ModelAnswer {
  int status = 0;
  std::string content_type;
  std::string body;
  double ms = 0;        // of the exchange
  std::string version;  // that answered, under a release or an alias
  std::string route;    // of the release
};

/// kUnavailable if the server is gone, kDeadlineExceeded after `seconds`, kResourceExhausted for an
/// answer of more than 4 MiB; each names the server.
Result<ModelAnswer> Ask(const serving::ServerAddress& server, const ModelCall& call);

/// "/v2/models/NAME" or "/v2/models/NAME/versions/VERSION".
std::string ModelPath(std::string_view name, std::string_view version);

}  // namespace quern::server::native
