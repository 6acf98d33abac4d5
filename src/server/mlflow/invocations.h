#pragma once
// POST /invocations, wherever it is handled: MLflow's scoring server, and SageMaker's container.
#include "server/context.h"
#include "server/http/exchange.h"

namespace quern::server::mlflow {

/// Reads, scores by the model of that name ("": the default one), answers. After warm-up allocates
/// from the exchange's arena alone, if the body is JSON.
void Invocations(const ServingContext& context, std::string_view model, const Exchange& exchange);

/// Reads as Invocations() does, which then need not: an exchange that was gathered brings it back.
Result<ReadAhead> ReadCall(const serving::ServedModel& served, const Exchange& exchange);

/// Scores a body as /invocations would and forgets it, without counting: whether a model works on
/// its own example. The error says what is wrong.
Status TryExample(const serving::ServedModel& served, std::string_view body);

/// Lets explanations compare with the rows of such a body, where the model came without background
/// rows and does not leave them out on purpose. Nothing changes for a model that takes no table.
Status KeepExample(std::string_view body, serving::ServedModel& served);

}  // namespace quern::server::mlflow
