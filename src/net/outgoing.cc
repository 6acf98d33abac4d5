#include "net/outgoing.h"

#include <array>
#include <utility>

namespace quern::net {
namespace {

/// Up to here a copy costs less than a second buffer.
constexpr size_t kCopied = 64u << 10;
/// Bytes that the buffer keeps for later answers.
constexpr size_t kKept = 64u << 10;

iovec Part(std::string& text, size_t from) { return {text.data() + from, text.size() - from}; }

}  // namespace

void Outgoing::AddBody(std::string body) {
  if (body.size() <= kCopied) {
    buffer_ += body;
  } else {
    body_ = std::move(body);
  }
}

Io Outgoing::Send(Transport& transport) {
  size_t total = 0;
  while (!empty()) {
    std::array<iovec, 2> parts;
    size_t count = 0;
    if (sent_ < buffer_.size()) parts[count++] = Part(buffer_, sent_);
    const size_t of_body = sent_ > buffer_.size() ? sent_ - buffer_.size() : 0;
    if (of_body < body_.size()) parts[count++] = Part(body_, of_body);
    const Io io = transport.Write({parts.data(), count});
    if (io.kind != Io::Kind::kDone) return {io.kind, total};
    sent_ += io.bytes;
    total += io.bytes;
  }
  Clear();
  return {Io::Kind::kDone, total};
}

void Outgoing::Clear() {
  sent_ = 0;
  body_ = std::string();
  if (buffer_.capacity() > kKept) {
    buffer_ = std::string();
  } else {
    buffer_.clear();
  }
}

}  // namespace quern::net
