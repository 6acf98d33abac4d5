#include "tracking/names.h"

#include <array>
#include <functional>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/text.h"

namespace quern::tracking {
namespace {

std::string Quoting(std::string_view value, std::string_view path) {
  return "Invalid value \"" + std::string(value) + "\" for parameter '" + std::string(path) +
         "' supplied: ";
}

/// The path without ".", ".." and doubled slashes, as the file system would read it.
std::string Normalised(std::string_view path) {
  const bool absolute = StartsWith(path, "/");
  std::vector<std::string> parts;
  for (const std::string_view part : Split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (part != ".." || !absolute) {
      parts.emplace_back(part);
    }
  }
  std::string out = absolute ? "/" : "";
  out += Join(parts, "/");
  return out.empty() ? "." : out;
}

/// 1.0 not 1: how MLflow's messages show a number.
std::string AsPython(double value) {
  std::string text = ShortestDouble(value);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

size_t Characters(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return count;
}

constexpr std::array kAdjectives{
    "able",   "amber",  "brave",  "bright", "calm",   "clever",  "crisp", "curious",
    "eager",  "fair",   "fleet",  "gentle", "golden", "honest",  "keen",  "kind",
    "lively", "lucid",  "mellow", "nimble", "noble",  "patient", "quiet", "rapid",
    "silver", "steady", "sturdy", "subtle", "sunny",  "tidy",    "vivid", "warm"};
constexpr std::array kAnimals{"badger", "beaver", "bison", "crane", "crow",  "deer",   "dolphin",
                              "falcon", "ferret", "finch", "fox",   "gecko", "goose",  "hare",
                              "heron",  "ibex",   "jay",   "koala", "lark",  "lynx",   "marten",
                              "mole",   "otter",  "owl",   "panda", "raven", "salmon", "seal",
                              "stork",  "swift",  "trout", "wren"};

}  // namespace

Status CheckKey(std::string_view key, std::string_view path, std::string_view kind) {
  if (key.empty()) {
    return Fail(Code::kInvalidArgument,
                "Missing value for required parameter '" + std::string(path) +
                    "'. See the API docs for more information about request parameters.");
  }
  QUERN_TRY(CheckNameCharacters(key, path));
  QUERN_TRY(CheckNameAsPath(key, path));
  return CheckLength(key, kMaxKey, kind.empty() ? path : kind);
}

bool IsWordCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

Status CheckKeys(const Texts& texts, std::string_view path) {
  for (const auto& [key, value] : texts) QUERN_TRY(CheckKey(key, path));
  return {};
}

Status CheckNameCharacters(std::string_view name, std::string_view path) {
  for (const char c : name) {
    if (IsWordCharacter(c) || std::string_view("-. :/").find(c) != std::string_view::npos) continue;
    return Fail(Code::kInvalidArgument,
                Quoting(name, path) +
                    "Names may only contain alphanumerics, underscores (_), dashes (-), periods "
                    "(.), spaces ( ), colon(:) and slashes (/).");
  }
  return {};
}

Status CheckNameAsPath(std::string_view name, std::string_view path) {
  const std::string plain = Normalised(name);
  if (plain == name && plain != "." && !StartsWith(plain, "..") && !StartsWith(plain, "/")) {
    return {};
  }
  return Fail(Code::kInvalidArgument,
              Quoting(name, path) +
                  "Names may be treated as files in certain cases, and must not resolve to other "
                  "names when treated as such. This name would resolve to '" +
                  plain + "'");
}

Status CheckExperimentName(std::string_view name) {
  if (name.empty()) {
    return Fail(Code::kInvalidArgument, "Invalid experiment name: ''", "give it a name");
  }
  return CheckLength(name, kMaxExperimentName, "name");
}

Status CheckLength(std::string_view text, size_t limit, std::string_view path) {
  if (text.size() <= limit || Characters(text) <= limit) return {};
  return Fail(Code::kInvalidArgument, "'" + std::string(path) + "' exceeds the maximum length of " +
                                          std::to_string(limit) + " characters");
}

Status CheckRunId(std::string_view id) {
  bool good = !id.empty() && id.size() <= 256 && id.front() != '-' && id.front() != '_';
  for (const char c : id) good = good && (IsWordCharacter(c) || c == '-');
  if (good) return {};
  return Fail(Code::kInvalidArgument, "Invalid run ID: '" + std::string(id.substr(0, 300)) + "'");
}

Status CheckModelName(std::string_view name) {
  constexpr std::string_view kForbidden = "/:.%\"'";
  if (!name.empty() && name.find_first_of(kForbidden) == std::string_view::npos) return {};
  return Fail(Code::kInvalidArgument,
              "Invalid model name ('" + std::string(name) +
                  "') provided. Model name must be a non-empty string and cannot contain the "
                  "following characters: ('/', ':', '.', '%', '\"', \"'\")");
}

Status CheckArtifactLocation(std::string_view location) {
  QUERN_TRY(CheckLength(location, kMaxArtifactLocation, "artifact_location"));
  if (location.find_first_of("#?;") == std::string_view::npos) return {};
  return Fail(Code::kInvalidArgument, "'artifact_location' URL can't include fragments or params.");
}

Status CheckTimestamp(std::string_view key, double value, int64_t time_ms, std::string_view path) {
  if (time_ms >= 0) return {};
  return Fail(Code::kInvalidArgument,
              "Invalid value " + std::to_string(time_ms) + " for parameter '" + std::string(path) +
                  "' supplied: metric '" + std::string(key) + "' (value=" + AsPython(value) +
                  "). Timestamp must be a nonnegative long (64-bit "
                  "integer) ");
}

Status CheckMaxResults(int64_t value, int64_t limit) {
  if (value < 1) {
    return Fail(Code::kInvalidArgument, "Invalid value " + std::to_string(value) +
                                            " for parameter 'max_results' supplied. It must be a "
                                            "positive integer");
  }
  if (value > limit) {
    return Fail(Code::kInvalidArgument,
                "Invalid value " + std::to_string(value) +
                    " for parameter 'max_results' supplied. It must be at most " +
                    std::to_string(limit),
                "ask for the rest with page_token");
  }
  return {};
}

std::string_view CutTo(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) continue;
    if (count == limit) return text.substr(0, i);
    ++count;
  }
  return text;
}

std::string RandomRunName() {
  thread_local Rng rng(std::hash<std::string>()(NewHexId()));
  return std::string(kAdjectives[rng.Below(kAdjectives.size())]) + "-" +
         kAnimals[rng.Below(kAnimals.size())] + "-" + std::to_string(rng.Below(1000));
}

}  // namespace quern::tracking
