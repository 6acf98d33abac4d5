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

/// What a front does of one request.
class Scorer {
 public:
  virtual ~Scorer() = default;
  /// Makes the answer; may be called once more with another version, and what it wrote the first
  /// time is to be forgotten.
  virtual Status Score(const serving::ServedModelPtr& served, const Routed& routed) = 0;
  /// The text of the request's field or column as the model takes it; "" if there is none.
  virtual std::string_view Read(const serving::ServedModelPtr& served, std::string_view field) = 0;
};

/// How a request to a model ended.
struct Scored {
  Status status;
  /// Who gave the answer or the error; null if the model is not known.
  serving::ServedModelPtr served;
  Routed routed;
  double seconds = 0;
};

/// The model that a request asks for: the version that a running release chooses, where the request
/// names none or the alias that the release moves; else what the catalog says. The release hears
/// nothing of it. After warm-up allocates from `arena` alone. kNotFound.
Result<serving::ServedModelPtr> FindRouted(const ServingContext& context, std::string_view name,
                                           std::string_view version,
                                           const net::RequestView& headers, Scorer& scorer,
                                           Arena& arena, Routed* routed);

/// One request to a model, whatever its protocol: has the answer made by the version that a running
/// release chooses, where the request names none or the alias that the release moves, else by what
/// the catalog says, and tells the release how it ended. Key and override are read from `headers`.
/// Where a candidate refuses the input or fails on it, the stable version is asked, and what that
/// one answers counts as an error of the candidate; not where that would not help (no time is left,
/// or what failed is around the versions: a queue, the log). The caller counts the request; one
/// that another version answers instead is counted here for the candidate. `name` may be "" for the
/// default model. After warm-up allocates from `arena` alone, and for errors. kNotFound, and errors
/// of Score().
Scored ScoreRouted(const ServingContext& context, std::string_view name, std::string_view version,
                   const net::RequestView& headers, Arena& arena, Scorer& scorer);

/// Scores by the version that was found, and has the request mirrored if the release wants it.
Result<serving::InferenceAnswer> InferRouted(const ServingContext& context,
                                             const serving::ServedModelPtr& served,
                                             serving::InferenceCall& call, const Routed& routed,
                                             Arena& arena);

/// X-Quern-Model, X-Quern-Version and X-Quern-Route of a request that a release routed.
void NameRoute(const Routed& routed, std::string_view model, net::ResponseWriter& out);

/// Whether an error counts against the version that answered: not the caller's, nor of what the
/// server has around it (a log that is full, a queue).
bool OurFault(Code code);
/// How this thread's last call ended: `failed` is the code of its error, if it had one.
deploy::Outcome OutcomeOf(std::optional<Code> failed, double ms);

/// The text of the first element of an input, in `arena`: what a key field is taken from. "" if it
/// is missing.
std::string_view KeyText(const serving::InferenceCall& call, std::string_view field, Arena& arena);

}  // namespace quern::server
