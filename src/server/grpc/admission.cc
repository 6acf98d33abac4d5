#include "server/grpc/admission.h"

#include <string_view>

#include "net/bearer.h"

namespace quern::server::grpc {
namespace {

using Metadata = std::multimap<::grpc::string_ref, ::grpc::string_ref>;

constexpr const char* kStranger = "a bearer token is needed: authorization: Bearer TOKEN";

bool Carries(const Metadata& metadata, const std::vector<std::string>& tokens) {
  const auto found = metadata.find("authorization");
  return found != metadata.end() &&
         net::CarriesToken({found->second.data(), found->second.size()}, tokens);
}

}  // namespace

bool Admission::Admits(const ::grpc::ServerContext& call) const {
  return tokens_.empty() || Carries(call.client_metadata(), tokens_);
}

::grpc::Status Stranger() { return {::grpc::StatusCode::UNAUTHENTICATED, kStranger}; }

}  // namespace quern::server::grpc
