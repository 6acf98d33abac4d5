#include "server/context.h"

namespace quern::server {

net::HttpResponse AnswerScoring(
    const ServingContext& context, std::string_view name, std::string_view version,
    const std::function<Result<net::HttpResponse>(const serving::ServedModel&)>& score,
    const std::function<net::HttpResponse(const Error&)>& render_error) {
  double begin = MonotonicSeconds();
  auto served = name.empty() ? context.catalog.Default() : context.catalog.Find(name, version);
  if (!served) {
    // Under an empty name: labels of metrics must not grow with what clients make up.
    net::HttpResponse response = render_error(served.error());
    context.metrics.Request("", "", response.status, MonotonicSeconds() - begin);
    return response;
  }
  auto answer = score(**served);
  net::HttpResponse response = answer ? std::move(*answer) : render_error(answer.error());
  context.metrics.Request((*served)->name, (*served)->version, response.status,
                          MonotonicSeconds() - begin);
  return response;
}

}  // namespace quern::server
