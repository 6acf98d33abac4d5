#pragma once
// One request and its answer as the scoring fronts see them, on an event loop or on a worker.
#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>

#include "base/arena.h"
#include "base/result.h"
#include "base/time.h"
#include "net/http.h"
#include "net/inline.h"
#include "serving/gathering.h"

namespace quern::server {

/// A call, and what its front has read of the request, in the arena of the exchange.
struct ReadAhead {
  serving::InferenceCall call;
  const void* request = nullptr;
};

struct Exchange {
  const net::RequestView& request;
  net::ResponseWriter& out;
  /// For everything that lives as long as the request.
  Arena& arena;
  /// Of a request that an event loop took in with others: what the engine has answered to it.
  const serving::GatheredCall* gathered = nullptr;
  /// Whether this thread may wait for others to be scored together with.
  bool may_wait = true;

  /// `read`, which has a `call`, in the arena.
  template <class Request>
  ReadAhead Keep(const Request& read) const {
    static_assert(std::is_trivially_destructible_v<Request>);
    Request* const kept = std::construct_at(arena.Make<Request>(1).data(), read);
    return {kept->call, kept};
  }
  /// What Keep() kept of this request when it was taken in for that model; null if it was not, or
  /// if another one has taken its place since.
  template <class Request>
  const Request* Kept(const serving::ServedModel& served) const {
    const bool same = gathered != nullptr && gathered->served.get() == &served;
    return same ? static_cast<const Request*>(gathered->request) : nullptr;
  }
  /// The request as it was kept, else what `read` makes of it; ready to be answered in this way.
  template <class Request, class Read>
  Result<Request> ReadOnce(const serving::ServedModel& served, Read read) const {
    const Request* const kept = Kept<Request>(served);
    Result<Request> whole = kept != nullptr ? Result<Request>(*kept) : read();
    if (whole) Prepare(&whole->call);
    return whole;
  }
  /// What an InferenceCall has of the way in which its request is answered.
  void Prepare(serving::InferenceCall* call) const {
    call->gathered = gathered;
    call->may_wait = may_wait;
  }
};

/// This thread's arena, empty.
Arena& RequestArena();

/// Lets `answer` handle a request that came by way of the router.
net::HttpResponse AnswerExchange(const net::HttpRequest& request,
                                 const std::function<void(const Exchange&)>& answer);

/// `{"error": message}` with the status that belongs to the code, in place of what was written.
void WriteError(const Error& error, net::ResponseWriter& out);
/// Status and Retry-After of an error whose body the caller writes; empties the body.
void StartError(const Error& error, net::ResponseWriter& out);

/// Compresses the answer if it is worth it and the client takes gzip or deflate.
void CompressAnswer(const Exchange& exchange);

/// The client's patience, of the header X-Request-Timeout-Ms: MonotonicSeconds() of its end; 0 if
/// there is none. kInvalidArgument for what is no whole number of milliseconds.
Result<double> ReadDeadline(const net::RequestView& request);
inline constexpr std::string_view kTimeoutHeader = "X-Request-Timeout-Ms";

/// Whether a Content-Type is JSON in UTF-8, or absent. Allocates nothing for the usual spelling.
bool IsJson(std::string_view content_type);

}  // namespace quern::server
