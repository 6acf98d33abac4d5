#include "registry/source.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <regex>
#include <vector>

#include "base/text.h"

namespace quern::registry {
namespace {

constexpr std::string_view kRelative =
    "If supplying a source as an http, https, local file path, ftp, objectstore, or "
    "mlflow-artifacts uri, an absolute path must be provided without relative path references "
    "present. Please provide an absolute path.";
constexpr std::string_view kNotInRun =
    "To use a local path as a model version source, the run_id request parameter has to be "
    "specified and the local path has to be contained within the artifact directory of the run "
    "specified by the run_id.";

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Percent signs decoded once; broken ones stay as they are.
std::string Decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

/// Decoded until nothing is left to decode. Each round is shorter, so it ends.
std::string FullyDecoded(std::string_view text) {
  std::string now(text);
  for (;;) {
    std::string next = Decoded(now);
    if (next == now) return now;
    now = std::move(next);
  }
}

bool HasPart(std::string_view path, std::string_view part) {
  for (const std::string_view piece : Split(path, '/')) {
    if (piece == part) return true;
  }
  return false;
}

/// The folder that a local path or file: URI names, links followed; nothing if that cannot be told.
std::optional<std::filesystem::path> RealFolder(std::string_view text) {
  const SourceUri uri = ParseSource(text);
  if (!uri.local()) return std::nullopt;
  if (!uri.authority.empty() && uri.authority != "localhost") return std::nullopt;
  const std::string path = uri.scheme == "file" ? Decoded(uri.path) : std::string(text);
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string::npos) {
    return std::nullopt;
  }
  std::error_code failed;
  const auto real = std::filesystem::weakly_canonical(path, failed);
  if (failed) return std::nullopt;
  return real;
}

class RegexRule : public SourceRule {
 public:
  explicit RegexRule(const std::string& expression) : regex_(expression) {}
  Status Check(const std::string& source) const override {
    try {
      if (std::regex_search(source, regex_)) return {};
    } catch (const std::regex_error&) {
      return InvalidSource(source, "It is too complex for the rule that this server has for them.");
    }
    return Fail(Code::kInvalidArgument, "Invalid model version source: '" + source + "'.");
  }

 private:
  std::regex regex_;
};

}  // namespace

SourceUri ParseSource(std::string_view source) {
  SourceUri uri;
  std::string_view rest = source;
  const size_t colon = source.find(':');
  const auto scheme_character = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
  };
  if (colon != std::string_view::npos && colon > 0 &&
      std::all_of(source.begin(), source.begin() + static_cast<ptrdiff_t>(colon),
                  scheme_character)) {
    uri.scheme = ToLower(source.substr(0, colon));
    rest = source.substr(colon + 1);
    if (StartsWith(rest, "//")) {
      rest.remove_prefix(2);
      const size_t slash = std::min(rest.find('/'), rest.size());
      uri.authority = rest.substr(0, slash);
      rest = rest.substr(slash);
    }
  }
  uri.path = rest;
  return uri;
}

Result<ModelReference> ParseModelReference(std::string_view source) {
  const SourceUri uri = ParseSource(source);
  const auto refuse = [&] {
    return InvalidSource(source,
                         "Registered models are named models:/<name>/<version>, "
                         "models:/<name>@<alias> or models:/<model id>.");
  };
  if (!uri.authority.empty()) {
    return InvalidSource(source, "Registered model sources must use the active model registry.");
  }
  if (uri.path.size() < 2 || uri.path.front() != '/') return refuse();
  const std::string_view text = std::string_view(uri.path).substr(1);
  ModelReference reference;
  const size_t slash = text.rfind('/');
  const size_t at = text.rfind('@');
  if (slash != std::string_view::npos) {
    reference.name = text.substr(0, slash);
    reference.version = text.substr(slash + 1);
    if (reference.version.empty()) return refuse();
  } else if (at != std::string_view::npos) {
    reference.name = text.substr(0, at);
    reference.alias = text.substr(at + 1);
    if (reference.alias.empty()) return refuse();
  } else if (StartsWith(text, "m-")) {
    reference.model_id = text;
    return reference;
  }
  if (reference.name.empty() || reference.name.find('/') != std::string::npos) return refuse();
  return reference;
}

Status CheckRemoteSource(std::string_view source) {
  const std::string plain = FullyDecoded(source);
  const SourceUri uri = ParseSource(plain);
  if (plain.find('\0') != std::string::npos || plain.find('\\') != std::string::npos ||
      HasPart(plain, "..") || HasPart(uri.path, ".") ||
      (!uri.path.empty() && uri.path.front() != '/')) {
    return InvalidSource(source, kRelative);
  }
  if (source.find('?') != std::string_view::npos) {
    return InvalidSource(source, "A source cannot have a query string.");
  }
  return {};
}

Status CheckLocalSource(std::string_view source, std::string_view artifacts) {
  const auto folder = RealFolder(artifacts);
  const auto wanted = RealFolder(source);
  if (!folder || !wanted) return InvalidSource(source, kNotInRun);
  const auto [end, at] =
      std::mismatch(folder->begin(), folder->end(), wanted->begin(), wanted->end());
  if (end != folder->end()) return InvalidSource(source, kNotInRun);
  return {};
}

std::unexpected<Error> InvalidSource(std::string_view source, std::string_view why) {
  return Fail(Code::kInvalidArgument,
              "Invalid model version source: '" + std::string(source) + "'. " + std::string(why));
}

Result<std::shared_ptr<const SourceRule>> SourceRule::Make(const std::string& expression,
                                                           const std::string& where) {
  try {
    return std::make_shared<const RegexRule>(expression);
  } catch (const std::regex_error& error) {
    return Fail(Code::kInvalidArgument,
                where + " is not a regular expression: '" + expression + "': " + error.what(),
                "write one as JavaScript does, or unset it");
  }
}

}  // namespace quern::registry
