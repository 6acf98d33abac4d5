#pragma once
// For tests: what a RequestReader makes of a stream of bytes, however it is cut.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "net/request_reader.h"

namespace quern::net {

struct Reading {
  size_t max_head = 16u << 10;
  uint64_t max_body = 512;
  bool streamed = false;
};

/// Feeds `stream`, cut into parts of these lengths (the last goes on for ever), and writes down the
/// requests that come out of it; a streamed body as one text, whatever its pieces.
inline std::string Transcript(std::string_view stream, const std::vector<size_t>& parts,
                              const Reading& reading) {
  using Event = RequestReader::Event;
  BufferPool pool;
  RequestReader reader(pool, reading.max_head);
  std::string out;
  bool in_body = false;
  const auto bad = [&] {
    return out + "refused " + std::to_string(reader.refusal().status) + " " +
           reader.refusal().message;
  };
  const auto read = [&] {
    for (;;) {
      const Event event = in_body ? reader.ReadBody() : reader.ReadHead();
      if (event == Event::kBad) return false;
      if (event == Event::kMore) return true;
      if (event == Event::kHead) {
        in_body = true;
        const RequestHead& head = reader.head();
        out.append(head.method).append(" ").append(head.path).append(" ?").append(head.query);
        for (const HeaderView& header : head.headers) {
          out.append(" | ").append(header.name).append("=").append(header.value);
        }
        out += head.keep_alive ? " kept body " : " closed body ";
        if (reading.streamed) {
          reader.StreamBody(reading.max_body);
        } else {
          reader.BufferBody(reading.max_body);
        }
        continue;
      }
      // One request is one line.
      for (char c : reader.body()) out.append(c == '\n' ? "\\n" : std::string(1, c));
      if (event == Event::kPiece) continue;
      if (!reading.streamed) {
        // The head is there as long as the body.
        out.append(" of ").append(reader.head().path);
      }
      out += "\n";
      in_body = false;
      reader.NextRequest();
    }
  };
  for (size_t part = 0; !stream.empty(); ++part) {
    std::string_view bytes = stream.substr(0, parts[std::min(part, parts.size() - 1)]);
    stream.remove_prefix(bytes.size());
    while (!bytes.empty()) {
      const std::span<char> space = reader.Space();
      const size_t size = std::min(space.size(), bytes.size());
      std::copy_n(bytes.data(), size, space.data());
      reader.Received(size);
      bytes.remove_prefix(size);
      if (!read()) return bad();
    }
  }
  return out + (in_body || !reader.empty() ? "unfinished" : "done");
}

}  // namespace quern::net
