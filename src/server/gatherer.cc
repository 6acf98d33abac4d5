#include "server/gatherer.h"

#include "server/releases.h"
#include "serving/batcher.h"

namespace quern::server {
namespace {

/// Bytes of a body that is taken in: of a longer one the values cost more than the call does, and
/// its memory is held until all are answered.
constexpr size_t kMostBytes = size_t{16} << 10;

}  // namespace

/// Whether the request may have company, as far as that is known without looking at it.
bool Gatherer::Wants(const net::RequestView& request) const {
  const serving::Gathering& mine = loops_[request.loop];
  if (request.ticket > 0 || mine.ran() || request.body.size() > kMostBytes) return false;
  // A decompressed body lies where the next one will.
  if (!request.Find("Content-Encoding").empty()) return false;
  return request.behind > 0 || !mine.empty() || context_.inference.batch().delay > 0;
}

size_t Gatherer::TakeIn(const net::RequestView& request, std::string_view model,
                        std::string_view version, net::ResponseWriter& out, const Reader& read) {
  if (!context_.catalog.batches() || !Wants(request)) return 0;
  auto served = context_.inference.Find(model, version);
  if (!served || (*served)->batcher() == nullptr) return 0;
  deploy::RouteQuestion question;
  if (context_.releases != nullptr &&
      context_.releases->Deciding((*served)->name(), version, &question) != nullptr) {
    return 0;
  }
  serving::Gathering& mine = loops_[request.loop];
  const size_t ticket = Add(mine, std::move(*served), Exchange{request, out, mine.arena()}, read);
  // What was read of a request that is not taken in is nobody's.
  if (ticket == 0 && mine.empty()) mine.Clear();
  return ticket;
}

size_t Gatherer::Add(serving::Gathering& mine, serving::ServedModelPtr served,
                     const Exchange& exchange, const Reader& read) {
  const double arrived = MonotonicSeconds();
  const auto ahead = read(*served, exchange);
  if (!ahead) return 0;
  const auto inputs = serving::BindInputs(*served, ahead->call, mine.arena());
  if (!inputs || inputs->rows == 0 || inputs->rows >= served->batcher()->options().rows) return 0;
  return mine.Add(std::move(served), *inputs, arrived, ahead->call.deadline, ahead->request);
}

}  // namespace quern::server
