#include "net/request_head.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "net/compression.h"

namespace quern::net {
namespace {

/// Content-Length has at most this many digits: every such number fits into 64 bits.
constexpr size_t kMaxLengthDigits = 18;

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// "HTTP/" and two digits around a point: a version, if not one of ours.
bool NamesVersion(std::string_view word) {
  return word.size() == 8 && word.starts_with("HTTP/") && IsDigit(word[5]) && word[6] == '.' &&
         IsDigit(word[7]);
}

/// Calls `on_token` with each token of a comma-separated list.
template <class OnToken>
void EachToken(std::string_view list, OnToken on_token) {
  for (;;) {
    size_t comma = list.find(',');
    on_token(TrimBlanks(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

void Move(std::string_view* text, const char* from, const char* to) {
  if (text->data() != nullptr) *text = {to + (text->data() - from), text->size()};
}

}  // namespace

bool RequestHead::encoded() const { return IsEncoded(content_encoding); }

void HeadParser::Reset() {
  std::vector<HeaderView> headers = std::move(head_.headers);
  headers.clear();
  head_ = RequestHead();
  head_.headers = std::move(headers);
  line_ = searched_ = 0;
  hosts_ = lengths_ = codings_ = expectations_ = 0;
  says_keep_alive_ = says_close_ = false;
}

void HeadParser::Rebase(const char* from, const char* to) {
  for (std::string_view* text : {&head_.target, &head_.method, &head_.path, &head_.query,
                                 &head_.content_encoding, &head_.authorization}) {
    Move(text, from, to);
  }
  for (HeaderView& header : head_.headers) {
    Move(&header.name, from, to);
    Move(&header.value, from, to);
  }
}

HeadParser::Verdict HeadParser::Bad(std::string_view message) {
  Refuse(400, std::string(message));
  return Verdict::kBad;
}

bool HeadParser::Refuse(int status, std::string message) {
  refusal_ = Refusal{status, std::move(message)};
  return false;
}

HeadParser::Verdict HeadParser::Parse(std::string_view bytes) {
  for (;;) {
    const void* found = std::memchr(bytes.data() + searched_, '\n', bytes.size() - searched_);
    if (found == nullptr) return CheckPart(bytes);
    const size_t end = static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
    if (end >= limit_) return CheckPart(bytes);
    if (end == line_ || bytes[end - 1] != '\r') {
      return Bad("a line feed without carriage return");
    }
    std::string_view line = bytes.substr(line_, end - 1 - line_);
    const bool first = line_ == 0;
    line_ = searched_ = end + 1;
    if (line.empty()) {
      if (first) return Bad("an empty line before the request line");
      head_.length = line_;
      return Finish() ? Verdict::kDone : Verdict::kBad;
    }
    if (!(first ? RequestLine(line) : HeaderLine(line))) return Verdict::kBad;
  }
}

/// Looks at a line that has not ended yet, or not within the limit.
HeadParser::Verdict HeadParser::CheckPart(std::string_view bytes) {
  bytes = bytes.substr(0, limit_ + 1);
  if (std::string_view part = bytes.substr(searched_); !part.empty()) {
    if (part.find('\0') != std::string_view::npos) return Bad("a zero byte in the head");
    if (searched_ > line_ && bytes[searched_ - 1] == '\r') {
      return Bad("a carriage return that no line feed follows");
    }
    const size_t cr = part.find('\r');
    if (cr != std::string_view::npos && cr + 1 < part.size() && part[cr + 1] != '\n') {
      return Bad("a carriage return that no line feed follows");
    }
    if (line_ > 0 && IsBlank(bytes[line_])) {
      return Bad("a line that begins with a blank (folded header)");
    }
  }
  searched_ = bytes.size();
  if (bytes.size() <= limit_) return Verdict::kMore;
  Refuse(431,
         "request line and headers are above the limit of " + std::to_string(limit_) + " bytes");
  return Verdict::kBad;
}

bool HeadParser::RequestLine(std::string_view line) {
  if (line.find('\0') != std::string_view::npos) return Refuse(400, "a zero byte in the head");
  if (line.find('\r') != std::string_view::npos) {
    return Refuse(400, "a carriage return that no line feed follows");
  }
  const size_t one = line.find(' ');
  const size_t two = one == std::string_view::npos ? one : line.find(' ', one + 1);
  if (two == std::string_view::npos) return Refuse(400, "malformed request line");
  head_.method = line.substr(0, one);
  head_.target = line.substr(one + 1, two - one - 1);
  const std::string_view version = line.substr(two + 1);
  if (head_.method.empty() || !AllOf(head_.method, kTokenChar) || head_.target.empty() ||
      !NamesVersion(version)) {
    return Refuse(400, "malformed request line");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return Refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  }
  head_.version = version.back() == '1' ? 11 : 10;
  return true;
}

bool HeadParser::HeaderLine(std::string_view line) {
  if (IsBlank(line[0])) return Refuse(400, "a line that begins with a blank (folded header)");
  size_t colon = 0;
  while (colon < line.size() && IsOf(line[colon], kTokenChar)) ++colon;
  const std::string_view value = line.substr(std::min(colon + 1, line.size()));
  const bool named = colon > 0 && colon < line.size() && line[colon] == ':';
  if (!named || !AllOf(value, kValueChar)) {
    if (line.find('\0') != std::string_view::npos) return Refuse(400, "a zero byte in the head");
    if (line.find('\r') != std::string_view::npos) {
      return Refuse(400, "a carriage return that no line feed follows");
    }
    return Refuse(400, named ? "a control character in a header" : "a malformed header line");
  }
  const HeaderView header{line.substr(0, colon), TrimBlanks(value)};
  head_.headers.push_back(header);
  return Known(header.name, header.value);
}

/// Headers that this room itself acts on.
bool HeadParser::Known(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 4:
      if (!SameName(name, "host")) return true;
      if (++hosts_ > 1) return Refuse(400, "more than one Host header");
      if (AllOf(value, kHostChar)) return true;
      return Refuse(400, "the Host header is not a host name");
    case 6:
      if (!SameName(name, "expect")) return true;
      head_.expects_continue = true;
      if (++expectations_ == 1 && SameName(value, "100-continue")) return true;
      return Refuse(417, "the only expectation understood is 100-continue");
    case 10:
      if (!SameName(name, "connection")) return true;
      EachToken(value, [&](std::string_view token) {
        says_close_ = says_close_ || SameName(token, "close");
        says_keep_alive_ = says_keep_alive_ || SameName(token, "keep-alive");
      });
      return true;
    case 13:
      if (SameName(name, "authorization") && head_.authorization.empty()) {
        head_.authorization = value;
      }
      return true;
    case 14:
      return !SameName(name, "content-length") || ContentLength(value);
    case 16:
      if (SameName(name, "content-encoding") && head_.content_encoding.empty()) {
        head_.content_encoding = value;
      }
      return true;
    case 17:
      if (!SameName(name, "transfer-encoding")) return true;
      head_.chunked = true;
      if (++codings_ == 1 && SameName(value, "chunked")) return true;
      return Refuse(400, "the only Transfer-Encoding supported is chunked");
    default:
      return true;
  }
}

bool HeadParser::ContentLength(std::string_view value) {
  if (++lengths_ > 1) return Refuse(400, "more than one Content-Length header");
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, head_.content_length);
  if (value.size() <= kMaxLengthDigits && error == std::errc() && stop == end) return true;
  return Refuse(400, "Content-Length is not a decimal number");
}

bool HeadParser::Finish() {
  if (hosts_ == 0 && head_.version >= 11) return Refuse(400, "HTTP/1.1 requires a Host header");
  if (head_.chunked && lengths_ > 0)
    return Refuse(400, "both Content-Length and Transfer-Encoding");
  if (head_.chunked && head_.version < 11) return Refuse(400, "Transfer-Encoding needs HTTP/1.1");
  head_.keep_alive = !says_close_ && (head_.version >= 11 || says_keep_alive_);
  head_.expects_continue = head_.expects_continue && head_.version >= 11 && head_.has_body();
  if (auto refusal = SplitTarget(head_.target, &head_.path, &head_.query, &scratch_)) {
    refusal_ = std::move(*refusal);
    return false;
  }
  return true;
}

}  // namespace quern::net
