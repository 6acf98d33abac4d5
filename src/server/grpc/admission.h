#pragma once
// Who may call: bearer tokens, as HTTP takes them.
#include <grpcpp/grpcpp.h>

#include <string>
#include <vector>

namespace quern::server::grpc {

/// Thread-safe. Borrows the tokens; without any, everybody may call.
class Admission {
 public:
  explicit Admission(const std::vector<std::string>& tokens) : tokens_(tokens) {}

  /// Whether the call carries a token (`authorization: Bearer TOKEN`), or nobody needs one.
  bool Admits(const ::grpc::ServerContext& call) const;

 private:
  const std::vector<std::string>& tokens_;
};

/// UNAUTHENTICATED.
::grpc::Status Stranger();

}  // namespace quern::server::grpc
