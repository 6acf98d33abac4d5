#include "registry/names.h"

#include <algorithm>

#include "base/text.h"
#include "tracking/names.h"

namespace quern::registry {
namespace {

std::unexpected<Error> Invalid(std::string message) {
  return Fail(Code::kInvalidArgument, std::move(message));
}

}  // namespace

Status CheckModelName(std::string_view name, std::string_view parameter) {
  if (Trim(name).empty()) {
    return Invalid("Missing value for required parameter '" + std::string(parameter) + "'.");
  }
  if (name.find_first_of("/:") != std::string_view::npos) {
    return Invalid("Invalid model name '" + std::string(name) +
                   "'. Names cannot contain '/' or ':'.");
  }
  QUERN_TRY(tracking::CheckNameAsPath(name, parameter));
  return tracking::CheckLength(name, kMaxModelName, parameter);
}

Status CheckAlias(std::string_view alias) {
  if (alias.empty()) return Invalid("Registered model alias name cannot be empty.");
  for (const char c : alias) {
    if (tracking::IsWordCharacter(c) || c == '-') continue;
    return Invalid("Invalid alias name: '" + std::string(alias) +
                   "'. Names may only contain alphanumerics, underscores (_), and dashes (-).");
  }
  return tracking::CheckLength(alias, kMaxAlias, "Registered model alias name");
}

Status CheckNewAlias(std::string_view alias) {
  QUERN_TRY(CheckAlias(alias));
  if (ToLower(alias) == "latest") {
    return Invalid("'latest' alias name (case insensitive) is reserved.");
  }
  const bool like_version =
      alias.size() > 1 && (alias[0] == 'v' || alias[0] == 'V') &&
      std::all_of(alias.begin() + 1, alias.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (like_version) {
    return Invalid("Version alias name '" + std::string(alias) + "' is reserved.");
  }
  return {};
}

Status CheckTag(std::string_view key, std::string_view value) {
  QUERN_TRY(tracking::CheckNameCharacters(key, "key"));
  QUERN_TRY(tracking::CheckNameAsPath(key, "key"));
  QUERN_TRY(tracking::CheckLength(key, kMaxTagKey, "key"));
  return tracking::CheckLength(value, kMaxTagValue, "value");
}

Status CheckTags(const Texts& tags) {
  for (const auto& [key, value] : tags) QUERN_TRY(CheckTag(key, value));
  return {};
}

Status CheckSourceLength(std::string_view source) {
  return tracking::CheckLength(source, kMaxSource, "source");
}

Status CheckMaxResults(int64_t value, int64_t limit) {
  if (value < 1) {
    return Invalid("Invalid value for max_results. It must be a positive integer, but got " +
                   std::to_string(value));
  }
  if (value > limit) {
    return Invalid("Invalid value for request parameter max_results. It must be at most " +
                   std::to_string(limit) + ", but got value " + std::to_string(value));
  }
  return {};
}

Result<int64_t> ParseVersion(std::string_view text) {
  if (const auto number = ParseInt(text)) return *number;
  const std::string_view digits = StartsWith(text, "-") ? text.substr(1) : text;
  if (!digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos) {
    return INT64_MAX;
  }
  return Invalid("Parameter 'version' must be an integer, got '" + std::string(text) + "'.");
}

Result<std::string> CanonicalStage(std::string_view text) {
  for (const auto stage : {kStageNone, kStageStaging, kStageProduction, kStageArchived}) {
    if (ToLower(text) == ToLower(stage)) return std::string(stage);
  }
  return Invalid("Invalid Model Version stage: " + std::string(text) +
                 ". Value must be one of None, Staging, Production, Archived.");
}

bool IsPrompt(const Texts& tags) {
  const auto found = tags.find(std::string(kPromptTag));
  return found != tags.end() && ToLower(found->second) == "true";
}

std::unexpected<Error> NoModel(std::string_view name) {
  return Fail(Code::kNotFound, "Registered Model with name=" + std::string(name) + " not found");
}

std::unexpected<Error> NoVersion(std::string_view name, std::string_view version) {
  return Fail(Code::kNotFound, "Model Version (name=" + std::string(name) +
                                   ", version=" + std::string(version) + ") not found");
}

}  // namespace quern::registry
