#include "net/response_head.h"

#include <array>
#include <charconv>

#include "net/http.h"
#include "net/inline.h"

namespace quern::net {
namespace {

void AppendNumber(std::string* out, uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out->append(digits.data(), end);
}

}  // namespace

std::string_view DateLine::At(std::time_t now) {
  if (now == second_) return line_;
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 48> text{};
  const size_t length =
      std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
  line_.assign(text.data(), length);
  second_ = now;
  return line_;
}

bool HasBody(int status) { return status != 204 && status != 304; }

void BeginHead(std::string* out, int status, std::string_view date, uint64_t length,
               std::string_view content_type) {
  out->append("HTTP/1.1 ");
  AppendNumber(out, static_cast<uint64_t>(status));
  out->append(" ").append(ReasonPhrase(status)).append("\r\n").append(date);
  if (HasBody(status)) {
    out->append("Content-Length: ");
    AppendNumber(out, length);
    out->append("\r\n");
  }
  if (!content_type.empty()) AppendHeaderLine(out, "Content-Type", content_type);
}

void EndHead(std::string* out, Keep keep) {
  if (keep == Keep::kClose) out->append("Connection: close\r\n");
  if (keep == Keep::kOpenSaid) out->append("Connection: keep-alive\r\n");
  out->append("\r\n");
}

}  // namespace quern::net
