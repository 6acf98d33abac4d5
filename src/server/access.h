#pragma once
// Who may ask a model server, and how the answers travel: TLS and bearer tokens, over HTTP and
// gRPC.
#include <string>
#include <string_view>

#include "base/fs.h"
#include "base/result.h"
#include "server/serve.h"

namespace quern::server {

struct AccessOptions {
  /// PEM files, both or neither.
  std::string tls_certificate;
  std::string tls_key;
  /// A token a line; blank lines and those that begin with '#' are skipped. "": anyone may ask.
  std::string token_file;
};

/// Whether `host`, as it is given on the command line, reaches no further than this machine.
bool IsLoopbackHost(std::string_view host);

/// Where anyone may ask who reaches the host, the log warns. Tokens are not asked for at the paths
/// of liveness and readiness, which an orchestrator probes. kInvalidArgument: a certificate without
/// its key, a file without a token, a token that is short or that no header can carry (it is named
/// by its line, never shown). kNotFound: a file is not there.
Status SetAccess(const AccessOptions& wanted, Fs& fs, ServeOptions* options);

}  // namespace quern::server
