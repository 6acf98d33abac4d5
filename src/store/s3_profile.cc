#include "store/s3_profile.h"

#include <map>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace quern::store {
namespace {

using Section = std::map<std::string, std::string, std::less<>>;

/// The settings of one section; nothing if the file has no such section. Lines that belong to
/// another setting (they begin with a blank) and comments are passed over.
std::optional<Section> SectionOf(std::string_view text, std::string_view name) {
  std::optional<Section> found;
  bool inside = false;
  for (std::string_view line : Split(text, '\n')) {
    if (line.empty() || line.front() == ' ' || line.front() == '\t') continue;
    line = Trim(line);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      inside = line.back() == ']' && Trim(line.substr(1, line.size() - 2)) == name;
      if (inside && !found) found.emplace();
      continue;
    }
    const size_t equals = line.find('=');
    if (!inside || equals == std::string_view::npos) continue;
    (*found)[ToLower(Trim(line.substr(0, equals)))] = std::string(Trim(line.substr(equals + 1)));
  }
  return found;
}

std::string ValueOf(const Section& section, std::string_view key) {
  const auto found = section.find(key);
  return found == section.end() ? std::string() : found->second;
}

}  // namespace

Result<S3Profile> ReadS3Profile(const std::function<std::string(const std::string&)>& get, Fs& fs) {
  const std::string asked = get("AWS_PROFILE");
  const std::string name = asked.empty() ? "default" : asked;
  const auto read = [&](const char* variable, const char* usual,
                        const std::string& section) -> Result<std::optional<Section>> {
    std::string path = get(variable);
    if (path.empty() && get("HOME").empty()) return std::nullopt;
    if (path.empty()) path = JoinPath(get("HOME"), usual);
    if (!fs.Exists(path)) return std::nullopt;
    QUERN_ASSIGN(const std::string text, fs.Read(path));
    return SectionOf(text, section);
  };
  QUERN_ASSIGN(const auto keys, read("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", name));
  QUERN_ASSIGN(const auto config, read("AWS_CONFIG_FILE", ".aws/config",
                                       name == "default" ? name : "profile " + name));
  if (!asked.empty() && !keys && !config) {
    return Fail(
        Code::kInvalidArgument, "AWS_PROFILE is '" + asked + "', and there is no such profile",
        "~/.aws/credentials holds them, or the file that AWS_SHARED_CREDENTIALS_FILE names");
  }
  S3Profile profile;
  // As the tools do it: credentials of their own file come first.
  for (const auto* section : {&config, &keys}) {
    if (!*section || ValueOf(**section, "aws_access_key_id").empty()) continue;
    profile.credentials = {ValueOf(**section, "aws_access_key_id"),
                           ValueOf(**section, "aws_secret_access_key"),
                           ValueOf(**section, "aws_session_token")};
  }
  if (config) profile.region = ValueOf(*config, "region");
  return profile;
}

}  // namespace quern::store
