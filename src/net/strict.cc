#include "net/strict.h"

#include "base/text.h"

namespace quern::net {
namespace {

std::optional<Refusal> Refuse(int status, std::string message) {
  return Refusal{status, std::move(message)};
}

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Every value of a header, in order.
std::vector<std::string_view> All(const std::vector<Header>& headers, std::string_view lower_name) {
  std::vector<std::string_view> values;
  for (const Header& header : headers) {
    if (ToLower(header.name) == lower_name) values.push_back(header.value);
  }
  return values;
}

std::optional<Refusal> CheckHost(const Head& head) {
  auto hosts = All(*head.headers, "host");
  if (hosts.size() > 1) return Refuse(400, "more than one Host header");
  if (hosts.empty()) {
    if (head.version >= 11) return Refuse(400, "HTTP/1.1 requires a Host header");
    return std::nullopt;
  }
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
  if (hosts[0].find_first_not_of(kAllowed) != std::string_view::npos) {
    return Refuse(400, "the Host header is not a host name");
  }
  return std::nullopt;
}

std::optional<Refusal> CheckBody(const Head& head) {
  auto lengths = All(*head.headers, "content-length");
  auto encodings = All(*head.headers, "transfer-encoding");
  if (lengths.size() > 1) return Refuse(400, "more than one Content-Length header");
  if (!encodings.empty()) {
    if (!lengths.empty()) return Refuse(400, "both Content-Length and Transfer-Encoding");
    if (head.version < 11) return Refuse(400, "Transfer-Encoding needs HTTP/1.1");
    if (encodings.size() > 1 || ToLower(Trim(encodings[0])) != "chunked") {
      return Refuse(400, "the only Transfer-Encoding supported is chunked");
    }
  }
  if (!lengths.empty()) {
    if (!IsDigits(lengths[0]) || lengths[0].size() > 18) {
      return Refuse(400, "Content-Length is not a decimal number");
    }
  }
  return std::nullopt;
}

}  // namespace

HeadScanner::Verdict HeadScanner::Bad(std::string_view problem) {
  problem_ = problem;
  return Verdict::kBad;
}

HeadScanner::Verdict HeadScanner::Scan(std::string_view bytes) {
  for (; at_ < bytes.size(); ++at_) {
    char c = bytes[at_];
    bool after_cr = at_ > 0 && bytes[at_ - 1] == '\r';
    if (after_cr && c != '\n') return Bad("a carriage return that no line feed follows");
    if (c == '\n') {
      if (!after_cr) return Bad("a line feed without carriage return");
      bool empty_line = at_ - line_start_ == 1;
      if (empty_line && line_start_ == 0) return Bad("an empty line before the request line");
      line_start_ = at_ + 1;
      if (empty_line) {
        ++at_;
        return Verdict::kDone;
      }
    } else if (c == '\0') {
      return Bad("a zero byte in the head");
    } else if (at_ == line_start_ && (c == ' ' || c == '\t')) {
      return Bad("a line that begins with a blank (folded header)");
    }
  }
  return Verdict::kMore;
}

std::optional<Refusal> CheckHead(const Head& head) {
  if (head.version != 10 && head.version != 11) {
    return Refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  }
  if (auto refusal = CheckHost(head)) return refusal;
  if (auto refusal = CheckBody(head)) return refusal;
  auto expectations = All(*head.headers, "expect");
  if (expectations.size() > 1 ||
      (expectations.size() == 1 && ToLower(Trim(expectations[0])) != "100-continue")) {
    return Refuse(417, "the only expectation understood is 100-continue");
  }
  return std::nullopt;
}

std::optional<Refusal> CheckLength(const std::vector<Header>& headers, uint64_t max_body) {
  std::string_view text = FindHeader(headers, "Content-Length");
  if (text.empty()) return std::nullopt;
  auto length = ParseInt(text);
  if (length && static_cast<uint64_t>(*length) <= max_body) return std::nullopt;
  return Refuse(413, "a body of " + std::string(text) + " bytes is above the limit of " +
                         std::to_string(max_body));
}

std::optional<std::string> DecodeUrl(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    int high = HexValue(text[i + 1]);
    int low = HexValue(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::optional<Refusal> SplitTarget(std::string_view target, HttpRequest* request) {
  for (char c : target) {
    if (c <= 0x20 || c == 0x7f || c == '#') return Refuse(400, "the request target is malformed");
  }
  if (StartsWith(target, "http://")) {
    size_t slash = target.find('/', 7);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (!StartsWith(target, "/")) return Refuse(400, "the request target must begin with '/'");
  size_t question = target.find('?');
  request->path = target.substr(0, question);
  request->query = question == std::string_view::npos ? "" : target.substr(question + 1);
  request->segments.clear();
  std::string_view path = request->path;
  if (path == "/") return std::nullopt;
  for (std::string_view part : Split(path.substr(1), '/')) {
    auto decoded = DecodeUrl(part);
    bool bad = !decoded || FindInvalidUtf8(*decoded).has_value();
    for (size_t i = 0; !bad && i < decoded->size(); ++i) {
      auto byte = static_cast<unsigned char>((*decoded)[i]);
      bad = byte < 0x20 || byte == 0x7f;
    }
    if (bad) return Refuse(400, "the path is not percent-encoded UTF-8 text");
    request->segments.push_back(std::move(*decoded));
  }
  return std::nullopt;
}

}  // namespace quern::net
