#include "webhooks/check.h"

#include <algorithm>

#include "base/text.h"
#include "net/address.h"

namespace quern::webhooks {
namespace {

bool LetterOrDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::unexpected<Error> Invalid(std::string message) {
  return Fail(Code::kInvalidArgument, std::move(message));
}

/// The host of "scheme://user@host:port/path", without brackets.
std::string HostOf(std::string_view url) {
  const size_t start = url.find("://");
  if (start == std::string_view::npos) return {};
  std::string_view place = url.substr(start + 3);
  place = place.substr(0, place.find_first_of("/?#\\"));
  if (const size_t at = place.rfind('@'); at != std::string_view::npos) place.remove_prefix(at + 1);
  if (StartsWith(place, "[")) return std::string(place.substr(1, place.find(']') - 1));
  return std::string(place.substr(0, place.find(':')));
}

}  // namespace

Status CheckName(const std::string& name) {
  const bool good = !name.empty() && name.size() <= kMaxName && LetterOrDigit(name.front()) &&
                    LetterOrDigit(name.back()) && std::all_of(name.begin(), name.end(), [](char c) {
                      return LetterOrDigit(c) || c == '.' || c == '_' || c == '-';
                    });
  if (good) return {};
  return Invalid(
      "Webhook name '" + name +
      "' is invalid. It must start and end with a letter or digit, be less than 63 "
      "characters long, and contain only letters, digits, dots (.), underscores (_), and "
      "hyphens (-).");
}

Status CheckUrl(const std::string& url, const Settings& settings) {
  if (Trim(url).empty()) {
    return Invalid("Webhook URL cannot be empty or just whitespace: '" + url + "'");
  }
  if (url.size() > kMaxUrl) {
    return Invalid("'url' exceeds the maximum length of " + std::to_string(kMaxUrl) +
                   " characters");
  }
  if (std::any_of(url.begin(), url.end(), [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '\\' || c == '\x7f';
      })) {
    return Invalid("Invalid webhook URL '" + url + "': it holds a blank or a control character");
  }
  const size_t colon = url.find(':');
  const std::string scheme = colon == std::string::npos ? "" : ToLower(url.substr(0, colon));
  if (std::find(settings.schemes.begin(), settings.schemes.end(), scheme) ==
      settings.schemes.end()) {
    return Invalid("Invalid webhook URL scheme: '" + scheme +
                   "'. Allowed schemes are: " + Join(settings.schemes, ", ") + ".");
  }
  const std::string host = HostOf(url);
  if (host.empty()) return Invalid("Webhook URL must include a hostname: '" + url + "'");
  if (settings.allow_private) return {};
  const auto addresses = net::ResolveHost(host);
  if (!addresses) {
    return Invalid("Cannot resolve Webhook URL hostname '" + host + "'");
  }
  for (const std::string& address : *addresses) {
    if (net::IsPublicAddress(address)) continue;
    return Invalid("Webhook URL must not resolve to a non-public IP address. '" + host +
                   "' resolves to " + address + ".");
  }
  return {};
}

Status CheckEvents(const std::vector<EventName>& events) {
  if (!events.empty()) return {};
  return Invalid("Webhook events must be a non-empty list of WebhookEvent objects: [].");
}

}  // namespace quern::webhooks
