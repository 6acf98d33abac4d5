#include "store/artifact_path.h"

#include <optional>

#include "base/text.h"

namespace quern::store {
namespace {

/// Bytes: what Linux takes for a name, and half of what it takes for a path, for the root before
/// it.
constexpr size_t kMaxPart = 255;
constexpr size_t kMaxPath = 2048;
/// How many layers of percent-encoding are looked through.
constexpr int kMaxLayers = 16;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Decodes what is an escape and leaves every other percent sign as it is.
std::string DecodeLayer(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    int high = text[i] == '%' && i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
    int low = high >= 0 ? HexValue(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Why `path` is not one, or nothing.
std::optional<std::string> Problem(std::string_view path) {
  if (path.empty()) return "it is empty";
  if (path.size() > kMaxPath) return "it is longer than " + std::to_string(kMaxPath) + " bytes";
  if (path.front() == '/' || (path.size() > 2 && IsLetter(path[0]) && path.substr(1, 2) == ":/")) {
    return "it is absolute";
  }
  for (char c : path) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '\\') return "it holds a backslash";
    if (byte < 0x20 || byte == 0x7f) return "it holds a control character";
  }
  if (FindInvalidUtf8(path)) return "it is not UTF-8";
  for (std::string_view part : Split(path, '/')) {
    if (part.empty()) return "a part of it is empty";
    if (part == "." || part == "..") return "a part of it is '" + std::string(part) + "'";
    if (part.size() > kMaxPart) {
      return "a part of it is longer than " + std::to_string(kMaxPart) + " bytes";
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> CleanArtifactPath(std::string_view text) {
  std::string layer(text);
  for (int i = 0; i < kMaxLayers; ++i) {
    if (auto problem = Problem(layer)) {
      if (i > 0) *problem += " once its percent signs are decoded";
      return Fail(Code::kInvalidArgument, "Invalid path", std::move(*problem));
    }
    std::string decoded = DecodeLayer(layer);
    if (decoded == layer) return std::string(text);
    layer = std::move(decoded);
  }
  return Fail(Code::kInvalidArgument, "Invalid path", "it is percent-encoded too many times");
}

}  // namespace quern::store
