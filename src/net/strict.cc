#include "net/strict.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "net/http.h"

namespace quern::net {
namespace {

constexpr std::array<unsigned char, 256> MakeSets() {
  std::array<unsigned char, 256> sets{};
  const std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const auto add = [&](std::string_view chars, unsigned char set) {
    for (char c : chars) sets[static_cast<unsigned char>(c)] |= set;
  };
  add(letters, kTokenChar | kHostChar);
  add("!#$%&'*+-.^_`|~", kTokenChar);
  add(".-_:[]", kHostChar);
  for (unsigned c = 0; c < 256; ++c) {
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) sets[c] |= kValueChar;
    if (c > 0x20 && c < 0x7f && c != '#') sets[c] |= kTargetChar;
  }
  return sets;
}
constexpr std::array<unsigned char, 256> kSets = MakeSets();

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Appends `text` with its percent signs decoded; false if one is malformed.
bool DecodeInto(std::string_view text, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      *out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return false;
    int high = HexValue(text[i + 1]);
    int low = HexValue(text[i + 2]);
    if (high < 0 || low < 0) return false;
    *out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Calls `on_part` with each part of a path that begins with '/', until it says false.
template <class OnPart>
bool EachPart(std::string_view path, OnPart on_part) {
  for (size_t at = 1;;) {
    size_t slash = path.find('/', at);
    if (!on_part(path.substr(at, slash - at))) return false;
    if (slash == std::string_view::npos) return true;
    at = slash + 1;
  }
}

bool IsPath(std::string_view path, std::string* scratch) {
  // Without a percent sign it is visible ASCII, as the whole target is.
  if (path.find('%') == std::string_view::npos) return true;
  return EachPart(path, [&](std::string_view part) {
    scratch->clear();
    return DecodeInto(part, scratch) && !FindInvalidUtf8(*scratch) &&
           std::none_of(scratch->begin(), scratch->end(), IsControl);
  });
}

}  // namespace

bool IsOf(char c, CharSet set) { return (kSets[static_cast<unsigned char>(c)] & set) != 0; }

bool AllOf(std::string_view text, CharSet set) {
  unsigned char in = set;
  for (char c : text) in &= kSets[static_cast<unsigned char>(c)];
  return in != 0;
}

std::optional<std::string> DecodeUrl(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  if (!DecodeInto(text, &out)) return std::nullopt;
  return out;
}

std::optional<Refusal> SplitTarget(std::string_view target, std::string_view* path,
                                   std::string_view* query, std::string* scratch) {
  if (!AllOf(target, kTargetChar)) return Refusal{400, "the request target is malformed"};
  if (target.starts_with("http://")) {
    size_t slash = target.find('/', 7);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (!target.starts_with('/')) return Refusal{400, "the request target must begin with '/'"};
  size_t question = target.find('?');
  *path = target.substr(0, question);
  *query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  if (!IsPath(*path, scratch)) return Refusal{400, "the path is not percent-encoded UTF-8 text"};
  return std::nullopt;
}

std::optional<Refusal> SplitTarget(std::string_view target, HttpRequest* request) {
  std::string_view path;
  std::string_view query;
  std::string scratch;
  if (auto refusal = SplitTarget(target, &path, &query, &scratch)) return refusal;
  request->path = path;
  request->query = query;
  request->segments.clear();
  if (path == "/") return std::nullopt;
  EachPart(path, [&](std::string_view part) {
    return DecodeInto(part, &request->segments.emplace_back());
  });
  return std::nullopt;
}

}  // namespace quern::net
