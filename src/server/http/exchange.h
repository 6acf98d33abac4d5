#pragma once
// One request and its answer as the scoring fronts see them, on an event loop or on a worker.
#include <functional>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "net/http.h"
#include "net/inline.h"

namespace quern::server {

struct Exchange {
  const net::RequestView& request;
  net::ResponseWriter& out;
  /// For everything that lives as long as the request.
  Arena& arena;
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
