#pragma once
// Who may call: bearer tokens, as HTTP takes them.
#include <grpcpp/grpcpp.h>

#include <string>
#include <vector>

#include "server/grpc/answer.h"

namespace quern::server::grpc {

/// Thread-safe. Borrows the tokens; without any, everybody may call.
class Admission {
 public:
  explicit Admission(const std::vector<std::string>& tokens) : tokens_(tokens) {}

  /// Whether the call carries a token (`authorization: Bearer TOKEN`), or needs none: ServerLive
  /// and ServerReady, which an orchestrator probes.
  bool Admits(Method method, const ::grpc::ServerContext& call) const;
  /// Reflection needs a token too, which the library answers by itself; health needs none.
  void GuardReflection(::grpc::ServerBuilder* builder) const;

 private:
  const std::vector<std::string>& tokens_;
};

/// UNAUTHENTICATED.
::grpc::Status Stranger();

}  // namespace quern::server::grpc
