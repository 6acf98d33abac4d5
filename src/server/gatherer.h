#pragma once
// Requests that reach an event loop in one wake-up, and are asked of one model, scored together.
#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/inline.h"
#include "server/context.h"
#include "server/http/exchange.h"
#include "serving/gathering.h"

namespace quern::server {

/// Bytes of a request that is taken in with others: of a longer one the values cost more than the
/// call does, and its memory is held until all are answered.
inline constexpr size_t kMostGathered = size_t{16} << 10;

/// The model that a request asks for, if its requests are scored together and no release chooses
/// the version at the moment; else null, also for a model that is not known. Worth a look only if
/// Catalog::batches().
serving::ServedModelPtr FindJoinable(const ServingContext& context, std::string_view model,
                                     std::string_view version);

/// Takes in a call that was read into the arena of `mine`, at `arrived` (MonotonicSeconds()); 0 if
/// it is to be answered by itself: it is no call of that model, or has as many rows as a run may
/// have.
size_t TakeIn(serving::Gathering& mine, serving::ServedModelPtr served, const ReadAhead& ahead,
              double arrived);

/// Each loop uses what is its own, on its own thread. A request that is taken in is read, and when
/// all that came with it was looked at, all are scored; then each is asked again, and
/// finds its answer there. That is cheaper than to hand it to a thread which waits for others.
class Gatherer {
 public:
  using Reader =
      std::function<Result<ReadAhead>(const serving::ServedModel& served, const Exchange&)>;

  Gatherer(const ServingContext& context, size_t loops) : context_(context), loops_(loops) {}

  /// Reads the call and takes it in; 0 if it is to be answered by itself now: no other may come
  /// with it, its model is scored row by row or under a release, it has many values, or it is no
  /// call of that model.
  size_t TakeIn(const net::RequestView& request, std::string_view model, std::string_view version,
                net::ResponseWriter& out, const Reader& read);
  /// Scores what the loop has taken in.
  void Run(size_t loop) { loops_[loop].Run(); }
  /// What was found of a request that is asked again; null for others.
  const serving::GatheredCall* Find(const net::RequestView& request) const {
    return request.ticket > 0 ? &loops_[request.loop].Call(request.ticket) : nullptr;
  }
  void Clear(size_t loop) { loops_[loop].Clear(); }

 private:
  bool Wants(const net::RequestView& request) const;

  const ServingContext& context_;
  std::vector<serving::Gathering> loops_;
};

}  // namespace quern::server
