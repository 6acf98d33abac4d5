#include "server/access.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace quern::server {
namespace {

/// 16 random bytes in hexadecimal digits are 32 characters; fewer than these are guessed.
constexpr size_t kShortestToken = 16;

/// The characters of RFC 6750's b64token.
bool Carried(std::string_view token) {
  return std::all_of(token.begin(), token.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-._~+/=").find(c) != std::string_view::npos;
  });
}

Result<std::vector<std::string>> ReadTokens(const std::string& file, Fs& fs) {
  QUERN_ASSIGN(const std::string text, fs.Read(file));
  std::vector<std::string> tokens;
  size_t number = 0;
  for (size_t at = 0; at < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string token(Trim(std::string_view(text).substr(at, end - at)));
    at = end + 1;
    if (token.empty() || token[0] == '#') continue;
    if (token.size() < kShortestToken || !Carried(token)) {
      return Fail(Code::kInvalidArgument,
                  file + ":" + std::to_string(number + 1) + ": " +
                      (Carried(token) ? "the token is short" : "a header cannot carry the token"),
                  "16 or more letters, digits and -._~+/=, such as `openssl rand -hex 32` makes");
    }
    tokens.push_back(token);
  }
  if (tokens.empty()) {
    return Fail(Code::kInvalidArgument, file + " holds no token",
                "write one a line: openssl rand -hex 32 > " + file);
  }
  return tokens;
}

}  // namespace

bool IsLoopbackHost(std::string_view host) {
  return host == "127.0.0.1" || host == "localhost" || host == "::1";
}

Status SetAccess(const AccessOptions& wanted, Fs& fs, ServeOptions* options) {
  if (wanted.tls_certificate.empty() != wanted.tls_key.empty()) {
    return Fail(
        Code::kInvalidArgument,
        wanted.tls_key.empty() ? "--tls-cert without --tls-key" : "--tls-key without --tls-cert",
        "HTTPS needs both files");
  }
  options->http.tls_certificate = wanted.tls_certificate;
  options->http.tls_key = wanted.tls_key;
  if (wanted.token_file.empty()) {
    if (!IsLoopbackHost(options->http.host)) {
      Log(LogLevel::kWarning, "serving on " + options->http.host +
                                  ": anyone who reaches this address can ask the model; "
                                  "--token-file lets in who has a token");
    }
    return {};
  }
  QUERN_ASSIGN(options->http.bearer_tokens, ReadTokens(wanted.token_file, fs));
  options->http.open_paths = {"/v2/health/live", "/v2/health/ready", "/ping", "/health"};
  return {};
}

}  // namespace quern::server
