#pragma once
// One request for explanations, whatever protocol it came by.
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/context.h"
#include "serving/explain.h"

namespace quern::server {

/// The parameter of a request for predictions that asks for explanations in their place.
inline constexpr std::string_view kExplainParameter = "explain";
/// Whether it asks. kInvalidArgument: neither true nor false.
Result<bool> ReadExplainParameter(const serving::ParameterValue& value);
/// Whether a body may hold that parameter. Quick, and never false for one that does: a request that
/// asks so must not be answered by a thread that others wait for.
bool MayAskForExplanations(std::string_view body);
/// Whether the object under `member` of a JSON body does ask: `{"params": {"explain": true}}`.
/// False for what cannot be read: that is said by who reads it for an answer.
bool AsksForExplanations(std::string_view body, std::string_view member, Arena& arena);

/// Reads a request as the found model takes it; everything lies in the request's arena. May be
/// called twice: also for the key of a release.
using ReadCall = std::function<Result<serving::InferenceCall>(const serving::ServedModel&)>;

/// How a request for explanations ended.
struct Explained {
  Result<serving::Explanation> explanation;
  /// Who gave it, or the error; null if the model is not known.
  serving::ServedModelPtr served;
  Routed routed;
};

/// Finds the model that would answer the caller, under a release too, and explains by it. The
/// request and its time are counted for the model, but no release judges by them: an explanation
/// takes as long as thousands of answers. Takes long: not for a thread that others wait for.
Explained ExplainRouted(const ServingContext& context, std::string_view name,
                        std::string_view version, const net::RequestView& headers, Arena& arena,
                        const ReadCall& read);

/// Writes members of the answer's object, each with a comma behind it.
using WriteHead = std::function<void(const serving::Explanation&, std::string* out)>;
using WriteFailure = std::function<void(const Error&, net::ResponseWriter&)>;

/// ExplainRouted() over HTTP: writes `{HEAD "background": …, "explanations": …}` or an error.
void AnswerExplain(const ServingContext& context, std::string_view name, std::string_view version,
                   const Exchange& exchange, const ReadCall& read, const WriteHead& head,
                   const WriteFailure& write_error = WriteError);

}  // namespace quern::server
