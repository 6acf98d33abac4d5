#pragma once
// The requests of one connection, taken apart as their bytes arrive. No sockets: bytes in, events
// out.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "net/buffer_pool.h"
#include "net/chunk_decoder.h"
#include "net/request_head.h"

namespace quern::net {

/// Owns the one buffer that a connection's bytes lie in: received there, read there, and given to
/// handlers there. It grows with what has really come, and goes back to the pool between requests.
///
///   reader.ReadHead() until kHead, then BufferBody() or StreamBody(), then
///   reader.ReadBody() until kBody or kEnd, then NextRequest().
class RequestReader {
 public:
  enum class Event {
    kMore,   // bytes are missing: fill Space(), say Received(), ask again
    kHead,   // head() is whole
    kBody,   // body() is the whole body
    kPiece,  // body() is the next piece of a streamed body, which is not its last
    kEnd,    // body() is the last piece of a streamed body, perhaps empty
    kBad,    // refusal() says why
  };

  /// `pool` outlives the reader. `max_head` is in bytes.
  RequestReader(BufferPool& pool, size_t max_head) : pool_(pool), parser_(max_head) {}
  ~RequestReader() { pool_.Give(std::move(buffer_)); }
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Where the next bytes go; never empty.
  std::span<char> Space();
  void Received(size_t bytes) { end_ += bytes; }
  /// True if nothing of the next request has come.
  bool empty() const { return begin_ == end_; }
  /// Bytes that have come and were not read yet.
  size_t unread() const { return end_ - raw_; }

  Event ReadHead();
  /// Valid until StreamBody() or NextRequest(); Space() keeps it in step with the buffer.
  const RequestHead& head() const { return parser_.head(); }
  /// True if the head announces the body's length and the whole body has come.
  bool body_is_here() const { return !head().chunked && head().content_length <= unread(); }

  /// The body is to lie in memory, one that is longer than `limit` bytes is refused with 413.
  void BufferBody(uint64_t limit) { BeginBody(limit, false); }
  /// The body is to come in pieces, each at most 256 KB; the head is gone from now on.
  void StreamBody(uint64_t limit) { BeginBody(limit, true); }
  Event ReadBody();
  std::string_view body() const { return {buffer_.data.get() + body_, body_size_}; }
  const Refusal& refusal() const { return refusal_; }

  /// Lets go of the request, if it is whole, with its bytes.
  void NextRequest();
  /// Lets go of everything that has come.
  void Discard();
  /// Gives the buffer back if there is nothing in it: Space() was asked for in vain.
  void Rewind();

 private:
  void BeginBody(uint64_t limit, bool streamed);
  Event ReadPlain();
  Event ReadChunked();
  Event Refuse(int status, std::string message);
  Event TooLarge();
  size_t Wanted() const;
  size_t Kept() const;
  void MakeRoom(size_t bytes);
  void MoveTo(char* to);

  BufferPool& pool_;
  HeadParser parser_;
  ChunkDecoder chunks_;
  Refusal refusal_;
  Buffer buffer_;
  /// begin_ ≤ body_, body_ + body_size_ ≤ raw_ ≤ end_: head, body as decoded, bytes not read yet.
  size_t begin_ = 0;
  size_t body_ = 0;
  size_t body_size_ = 0;
  size_t raw_ = 0;
  size_t end_ = 0;
  /// Of a body whose length was announced: bytes that are not in any piece yet.
  uint64_t left_ = 0;
  uint64_t limit_ = 0;
  bool in_body_ = false;
  bool streamed_ = false;
};

}  // namespace quern::net
