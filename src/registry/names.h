#pragma once
// Limits and names of the registry as MLflow's clients know them, with its words for what is wrong:
// client code matches them. All errors are kInvalidArgument.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "registry/types.h"

namespace quern::registry {

inline constexpr size_t kMaxTagKey = 250;  // characters, as all of these
inline constexpr size_t kMaxTagValue = 100000;
inline constexpr size_t kMaxModelName = 256;
inline constexpr size_t kMaxAlias = 255;
inline constexpr size_t kMaxSource = 2048;
/// Bytes of a reason, and of who says so.
inline constexpr size_t kLongestReason = 5000;
inline constexpr int64_t kMaxModelsPage = 1000;
inline constexpr int64_t kMaxVersionsPage = 200000;

/// Set to 'true' on a model, and on its versions, that hold a prompt.
inline constexpr std::string_view kPromptTag = "mlflow.prompt.is_prompt";

/// A registered model's name: not blank, no '/' or ':', a path that normalises to itself, at most
/// kMaxModelName characters.
/// `parameter` is what the request calls it: "name", "new_name".
Status CheckModelName(std::string_view name, std::string_view parameter);
/// A name that an alias may get: word characters and dashes, neither "latest" nor like "v1".
Status CheckNewAlias(std::string_view alias);
/// The same, but for reading and deleting: reserved names are allowed.
Status CheckAlias(std::string_view alias);
Status CheckTag(std::string_view key, std::string_view value);
Status CheckTags(const Texts& tags);
Status CheckSourceLength(std::string_view source);
/// 1 to `limit`.
Status CheckMaxResults(int64_t value, int64_t limit);

/// A version's number as requests carry it. A number too large to hold is the greatest, which no
/// version has.
Result<int64_t> ParseVersion(std::string_view text);
/// A stage in its own spelling, from any case.
Result<std::string> CanonicalStage(std::string_view text);
/// Whether these tags are those of a prompt.
bool IsPrompt(const Texts& tags);

/// kNotFound in MLflow's words.
std::unexpected<Error> NoModel(std::string_view name);
std::unexpected<Error> NoVersion(std::string_view name, std::string_view version);

}  // namespace quern::registry
