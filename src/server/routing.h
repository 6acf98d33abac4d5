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

/// Tells the release how the request ended: `failed` is the code of its error, if it had one.
void FinishRouted(const Routed& routed, std::optional<Code> failed, double ms);
/// X-Quern-Model, X-Quern-Version and X-Quern-Route of a request that a release routed.
void NameRoute(const Routed& routed, std::string_view model, net::ResponseWriter& out);

/// Whether an error counts against the version that answered: not the caller's, nor of what the
/// server has around it (a log that is full, a queue).
bool OurFault(Code code);
/// How this thread's last call ended.
deploy::Outcome OutcomeOf(std::optional<Code> failed, double ms);

/// The text of the first element of an input, in `arena`: what a key field is taken from. "" if it
/// is missing.
std::string_view KeyText(const serving::InferenceCall& call, std::string_view field, Arena& arena);

}  // namespace quern::server
