#include "server/gatherer.h"

#include "server/releases.h"
#include "serving/batcher.h"

namespace quern::server {

serving::ServedModelPtr FindJoinable(const ServingContext& context, std::string_view model,
                                     std::string_view version) {
  auto served = context.inference.Find(model, version);
  if (!served || (*served)->batcher() == nullptr) return nullptr;
  deploy::RouteQuestion question;
  if (context.releases != nullptr &&
      context.releases->Deciding((*served)->name(), version, &question) != nullptr) {
    return nullptr;
  }
  return std::move(*served);
}

size_t TakeIn(serving::Gathering& mine, serving::ServedModelPtr served, const ReadAhead& ahead,
              double arrived) {
  const auto inputs = serving::BindInputs(*served, ahead.call, mine.arena());
  if (!inputs || inputs->rows == 0 || inputs->rows >= served->batcher()->options().rows) return 0;
  return mine.Add(std::move(served), *inputs, arrived, ahead.call.deadline, ahead.request);
}

/// Whether the request may have company, as far as that is known without looking at it.
bool Gatherer::Wants(const net::RequestView& request) const {
  const serving::Gathering& mine = loops_[request.loop];
  if (request.ticket > 0 || mine.ran() || request.body.size() > kMostGathered) return false;
  // A decompressed body lies where the next one will.
  if (!request.Find("Content-Encoding").empty()) return false;
  return request.behind > 0 || !mine.empty() || context_.inference.batch().delay > 0;
}

size_t Gatherer::TakeIn(const net::RequestView& request, std::string_view model,
                        std::string_view version, net::ResponseWriter& out, const Reader& read) {
  if (!context_.catalog.batches() || !Wants(request)) return 0;
  serving::ServedModelPtr served = FindJoinable(context_, model, version);
  if (served == nullptr) return 0;
  serving::Gathering& mine = loops_[request.loop];
  const double arrived = MonotonicSeconds();
  const auto ahead = read(*served, Exchange{request, out, mine.arena()});
  const size_t ticket = ahead ? server::TakeIn(mine, std::move(served), *ahead, arrived) : 0;
  // What was read of a request that is not taken in is nobody's.
  if (ticket == 0 && mine.empty()) mine.Clear();
  return ticket;
}

}  // namespace quern::server
