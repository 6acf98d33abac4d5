#pragma once
// One request for explanations, whatever protocol it came by.
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/context.h"
#include "serving/explain.h"

namespace quern::server {

/// Reads a request as the found model takes it; everything lies in the exchange's arena. May be
/// called twice: also for the key of a release.
using ReadCall = std::function<Result<serving::InferenceCall>(const serving::ServedModel&)>;
/// Writes members of the answer's object, each with a comma behind it.
using WriteHead = std::function<void(const serving::Explanation&, std::string* out)>;

/// Finds the model that would answer the caller, under a release too; explains by it, and writes
/// `{HEAD "explanations": …}` or an error. The request and its time are counted for the model, but
/// no release judges by them: an explanation takes as long as thousands of answers. Takes long:
/// not for an event loop's thread.
void AnswerExplain(const ServingContext& context, std::string_view name, std::string_view version,
                   const Exchange& exchange, const ReadCall& read, const WriteHead& head);

}  // namespace quern::server
