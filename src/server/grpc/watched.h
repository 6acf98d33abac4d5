#pragma once
// What is written down of a call, and what its trailing metadata says.
#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <optional>
#include <string_view>

#include "net/inline.h"
#include "server/grpc/infer.h"
#include "server/observer.h"

namespace quern::server::grpc {

/// The metadata of a call as the headers of a request; valid until this thread asks again.
net::RequestView HeadersOf(const ::grpc::ServerContext& call);

/// One request, from here to End() on this thread.
class Watched {
 public:
  /// `began`: MonotonicSeconds() when its answering began, 0 = now.
  Watched(Observer& observer, std::string_view path, const net::RequestView& headers, double began);

  void End(std::optional<Code> failed, size_t bytes);
  /// As HTTP does by headers: whose request it was, in which trace, and what a release says of it.
  void Tell(const Told& told, ::grpc::ServerContext* call) const;

 private:
  Observer& observer_;
  std::string_view request_id_;
  Observer::Inline began_;
  std::string_view path_;
};

}  // namespace quern::server::grpc
