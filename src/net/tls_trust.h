#pragma once
#include <string>

namespace quern::net {

/// Which servers' certificates are believed.
struct TlsTrust {
  /// A file of certificates in PEM that is trusted instead of the system's; "" for the system's.
  std::string ca_bundle;
  /// False: any certificate will do.
  bool verify = true;
};

}  // namespace quern::net
