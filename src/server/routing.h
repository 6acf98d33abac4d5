#pragma once
// One request under a release: which version answers it, what it says of its route, how it ended.
#include <optional>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "net/inline.h"
#include "server/releases.h"

namespace quern::server {

struct ServingContext;

/// Reads the text of a request's field or column as the model takes it; "" if there is none.
class FieldReader {
 public:
  virtual ~FieldReader() = default;
  virtual std::string_view Read(const serving::ServedModelPtr& served, std::string_view field) = 0;
};

/// The model that a request asks for: the version that a running release chooses, where the request
/// names none or the alias that the release moves; else what the catalog says. Key and override are
/// read from `headers`. After warm-up allocates from `arena` alone. kNotFound.
Result<serving::ServedModelPtr> FindRouted(const ServingContext& context, std::string_view name,
                                           std::string_view version,
                                           const net::RequestView& headers, FieldReader& field,
                                           Arena& arena, Routed* routed);

/// Scores by the version that was found, and has the request mirrored if the release wants it.
Result<serving::InferenceAnswer> InferRouted(const ServingContext& context,
                                             const serving::ServedModelPtr& served,
                                             serving::InferenceCall& call, const Routed& routed,
                                             Arena& arena);

/// Who is asked for an answer that the first version did not give.
struct SecondTry {
  /// Null: nobody else is asked.
  serving::ServedModelPtr served;
  Routed routed;
};
/// The stable version, where a candidate refused the input or failed on it. Not where that would
/// not help: no time is left, or what failed is around the versions (a queue, the log). After
/// warm-up allocates from `arena` alone.
SecondTry AskStable(const ServingContext& context, const Routed& failed, std::string_view model,
                    Code code, Arena& arena);

/// X-Quern-Model, X-Quern-Version and X-Quern-Route of a request that a release routed.
void NameRoute(const Routed& routed, std::string_view model, net::ResponseWriter& out);

/// Whether an error counts against the version that answered: not the caller's, nor of what the
/// server has around it (a log that is full, a queue).
bool OurFault(Code code);
/// How this thread's last call ended: `failed` is the code of its error, if it had one.
deploy::Outcome OutcomeOf(std::optional<Code> failed, double ms);
/// Of a candidate that gave no answer, once the stable version was asked: what that one answers is
/// the candidate's failure, whatever it gave as the reason; what both refuse is the caller's.
deploy::Outcome OutcomeOfRefused(deploy::Outcome outcome, bool stable_answered);

/// The text of the first element of an input, in `arena`: what a key field is taken from. "" if it
/// is missing.
std::string_view KeyText(const serving::InferenceCall& call, std::string_view field, Arena& arena);

}  // namespace quern::server
