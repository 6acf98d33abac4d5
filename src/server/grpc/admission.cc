#include "server/grpc/admission.h"

#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <string_view>
#include <utility>

#include "net/bearer.h"

namespace quern::server::grpc {
namespace {

namespace experimental = ::grpc::experimental;
using Metadata = std::multimap<::grpc::string_ref, ::grpc::string_ref>;

constexpr const char* kStranger = "a bearer token is needed: authorization: Bearer TOKEN";

bool Carries(const Metadata& metadata, const std::vector<std::string>& tokens) {
  const auto found = metadata.find("authorization");
  return found != metadata.end() &&
         net::CarriesToken({found->second.data(), found->second.size()}, tokens);
}

/// Ends a call before its handler reads anything of it.
class Doorkeeper : public experimental::Interceptor {
 public:
  Doorkeeper(experimental::ServerRpcInfo* call, const std::vector<std::string>& tokens)
      : call_(call), tokens_(tokens) {}
  void Intercept(experimental::InterceptorBatchMethods* methods) override {
    using Point = experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(Point::POST_RECV_INITIAL_METADATA) &&
        !Carries(*methods->GetRecvInitialMetadata(), tokens_)) {
      grpc_call_cancel_with_status(call_->server_context()->c_call(), GRPC_STATUS_UNAUTHENTICATED,
                                   kStranger, nullptr);
    }
    methods->Proceed();
  }

 private:
  experimental::ServerRpcInfo* call_;
  const std::vector<std::string>& tokens_;
};

class Doorkeepers : public experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Doorkeepers(const std::vector<std::string>& tokens) : tokens_(tokens) {}
  experimental::Interceptor* CreateServerInterceptor(experimental::ServerRpcInfo* call) override {
    const std::string_view method = call->method();
    if (!method.starts_with("/grpc.reflection.")) return nullptr;
    return new Doorkeeper(call, tokens_);
  }

 private:
  const std::vector<std::string>& tokens_;
};

}  // namespace

bool Admission::Admits(Method method, const ::grpc::ServerContext& call) const {
  if (tokens_.empty() || method == Method::kServerLive || method == Method::kServerReady) {
    return true;
  }
  return Carries(call.client_metadata(), tokens_);
}

void Admission::GuardReflection(::grpc::ServerBuilder* builder) const {
  if (tokens_.empty()) return;
  std::vector<std::unique_ptr<experimental::ServerInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<Doorkeepers>(tokens_));
  builder->experimental().SetInterceptorCreators(std::move(factories));
}

::grpc::Status Stranger() { return {::grpc::StatusCode::UNAUTHENTICATED, kStranger}; }

}  // namespace quern::server::grpc
