#include "server/grpc/watched.h"

#include <array>
#include <vector>

#include "server/http/respond.h"

namespace quern::server::grpc {
namespace {

constexpr const char* kRequestId = "x-request-id";
constexpr const char* kTraceparent = "traceparent";

}  // namespace

net::RequestView HeadersOf(const ::grpc::ServerContext& call) {
  static thread_local std::vector<net::HeaderView> headers;
  headers.clear();
  for (const auto& [name, value] : call.client_metadata()) {
    headers.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  }
  net::RequestView view;
  view.headers = headers;
  return view;
}

Watched::Watched(Observer& observer, std::string_view path, const net::RequestView& headers,
                 double began)
    : observer_(observer),
      request_id_(headers.Find(kRequestId)),
      began_(observer_.Begin(headers.Find(kTraceparent))),
      path_(path) {
  if (began > 0) began_.begin = began;
}

void Watched::End(std::optional<Code> failed, size_t bytes) {
  Observer::Seen seen;
  seen.protocol = Protocol::kGrpc;
  seen.method = "POST";
  seen.path = path_;
  seen.request_id = request_id_;
  seen.status = failed ? HttpStatus(*failed) : 200;
  seen.code = failed ? static_cast<int>(*failed) : 0;
  seen.bytes = bytes;
  observer_.End(began_, seen);
}

void Watched::Tell(const Told& told, ::grpc::ServerContext* call) const {
  std::array<char, kTraceparentBytes> room{};
  const auto add = [&](const char* name, std::string_view text) {
    // Metadata that is not printable ends the call.
    if (!text.empty()) call->AddTrailingMetadata(name, Printable(text));
  };
  add(kRequestId, request_id_);
  add(kTraceparent, observer_.Trace(began_, room));
  add("x-quern-model", told.model);
  add("x-quern-version", told.version);
  add("x-quern-route", told.route);
}

}  // namespace quern::server::grpc
