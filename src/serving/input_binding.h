#pragma once
// Tensors as a client named and typed them become the inputs of an engine: the same rules for every
// front.
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "serving/inference_call.h"
#include "serving/served_model.h"

namespace quern::serving {

/// kInvalidArgument: what is wrong with a call, and perhaps what its sender meant.
inline std::unexpected<Error> BadCall(std::string what, std::string hint = {}) {
  return Fail(Code::kInvalidArgument, std::move(what), std::move(hint));
}

struct BoundInputs {
  /// In the engine's order. What needed no change lies where the client's tensor lies.
  std::span<const TensorView> views;
  /// Equal first dimensions of all of them; 1 for a model that has no rows.
  size_t rows = 0;
};

/// Matches by name; order is free and further tensors are ignored. A table comes as one tensor [N]
/// or [N,1] per column, or as a single one [N,F] whose columns are the model's in order, whatever
/// its name. Numbers are converted by the rule of convert.h. Text is never taken for a number,
/// except where nothing else can be sent: in a matrix of texts, and where the call says
/// `all_text` (empty and the words that pandas reads as missing are missing then). A package of
/// ours refuses infinities and takes text without its outer blanks.
/// kInvalidArgument, naming the input: absent, twice, of a shape or with a value that does not
/// fit; no rows. Allocates from `arena` alone.
Result<BoundInputs> BindInputs(const ServedModel& served, const InferenceCall& call, Arena& arena);

/// What pandas.read_csv reads as missing (its documented default list).
bool IsMissingText(std::string_view text);

/// `text` cut to a length that fits in a message, in quotes.
std::string Quoted(std::string_view text);
/// "[2,-1]".
std::string ShapeText(std::span<const int64_t> shape);

}  // namespace quern::serving
