#include "remote/server.h"

namespace quern::remote {

Result<std::unique_ptr<Server>> Server::Open(const ServerOptions& options, Fs& fs,
                                             const Clock& clock) {
  QUERN_ASSIGN(auto api, Api::Open(options.url, options.settings, options.cancel));
  return std::unique_ptr<Server>(new Server(std::move(api), options, fs, clock));
}

}  // namespace quern::remote
