#pragma once
// POST /v2/models/NAME[/versions/VERSION]/infer, wherever it is handled, and …/explain.
#include <string_view>

#include "server/context.h"
#include "server/http/exchange.h"

namespace quern::server::oip {

/// Name and version in the path of an inference, as they stand there. False for another path, and
/// for one with percent signs, which the router decodes.
bool MatchInfer(std::string_view path, std::string_view* name, std::string_view* version);

/// Reads, scores, answers. After warm-up allocates from the exchange's arena alone.
void Infer(const ServingContext& context, std::string_view name, std::string_view version,
           const Exchange& exchange);

/// What speaks for the answers that Infer would give to the same body; its parameters are those of
/// an explanation. For a worker: it may take long.
void Explain(const ServingContext& context, std::string_view name, std::string_view version,
             const Exchange& exchange);
/// Reads as Infer() does, which then need not: an exchange that was gathered brings it back.
Result<ReadAhead> ReadCall(const serving::ServedModel& served, const Exchange& exchange);

}  // namespace quern::server::oip
