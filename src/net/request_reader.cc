#include "net/request_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace quern::net {
namespace {

constexpr size_t kMaxPiece = 256u << 10;
/// Received at once: of a head, and of a body whose length is not known.
constexpr size_t kHeadRoom = 4u << 10;
constexpr size_t kChunkedRoom = 16u << 10;
/// Leaves room for a line between chunks, so that a buffer of kMaxPiece is enough.
constexpr size_t kStreamedRoom = kMaxPiece - (8u << 10);

}  // namespace

size_t RequestReader::Wanted() const {
  if (!in_body_) return kHeadRoom;
  if (head().chunked) {
    return streamed_ ? kStreamedRoom : std::clamp(body_size_, kChunkedRoom, kMaxPiece);
  }
  const uint64_t missing = left_ - std::min<uint64_t>(left_, unread());
  return static_cast<size_t>(std::clamp<uint64_t>(missing, 1, kMaxPiece));
}

std::span<char> RequestReader::Space() {
  const size_t wanted = Wanted();
  if (buffer_.size - end_ < wanted) MakeRoom(wanted);
  return {buffer_.data.get() + end_, buffer_.size - end_};
}

/// Bytes of the head and of the body as far as it is read: nothing may be lost of them.
size_t RequestReader::Kept() const { return in_body_ ? body_ + body_size_ - begin_ : 0; }

/// What is needed goes to the front of the buffer, or of a larger one.
void RequestReader::MakeRoom(size_t bytes) {
  const size_t needed = Kept() + unread() + bytes;
  if (needed <= buffer_.size) return MoveTo(buffer_.data.get());
  Buffer larger = pool_.Take(needed);
  MoveTo(larger.data.get());
  std::swap(buffer_, larger);
  pool_.Give(std::move(larger));
}

void RequestReader::MoveTo(char* to) {
  const char* from = buffer_.data.get();
  if (from == nullptr) return;
  const size_t kept = Kept();
  const size_t waiting = unread();
  if (!streamed_) parser_.Rebase(from + begin_, to);
  std::memmove(to, from + begin_, kept);
  std::memmove(to + kept, from + raw_, waiting);
  body_ -= in_body_ ? begin_ : body_;
  begin_ = 0;
  raw_ = kept;
  end_ = kept + waiting;
}

RequestReader::Event RequestReader::Refuse(int status, std::string message) {
  refusal_ = Refusal{status, std::move(message)};
  return Event::kBad;
}

RequestReader::Event RequestReader::ReadHead() {
  if (empty()) return Event::kMore;
  const std::string_view bytes(buffer_.data.get() + begin_, end_ - begin_);
  switch (parser_.Parse(bytes)) {
    case HeadParser::Verdict::kMore:
      return Event::kMore;
    case HeadParser::Verdict::kBad:
      refusal_ = parser_.refusal();
      return Event::kBad;
    case HeadParser::Verdict::kDone:
      break;
  }
  in_body_ = true;
  streamed_ = false;
  raw_ = body_ = begin_ + head().length;
  body_size_ = 0;
  left_ = head().content_length;
  return Event::kHead;
}

void RequestReader::BeginBody(uint64_t limit, bool streamed) {
  limit_ = limit;
  streamed_ = streamed;
  chunks_ = ChunkDecoder();
  if (streamed) begin_ = body_ = raw_;
}

RequestReader::Event RequestReader::TooLarge() {
  const std::string limit = std::to_string(limit_);
  if (head().chunked) {
    return Refuse(413, "the body is above the limit of " + limit + " bytes");
  }
  return Refuse(413, "a body of " + std::to_string(head().content_length) +
                         " bytes is above the limit of " + limit);
}

RequestReader::Event RequestReader::ReadBody() {
  if (streamed_) {
    // The last piece has been taken.
    begin_ = body_ = raw_;
    body_size_ = 0;
  }
  if (head().content_length > limit_) return TooLarge();
  return head().chunked ? ReadChunked() : ReadPlain();
}

RequestReader::Event RequestReader::ReadPlain() {
  if (!streamed_) {
    if (unread() < left_) return Event::kMore;
    body_size_ = static_cast<size_t>(left_);
    raw_ += body_size_;
    left_ = 0;
    return Event::kBody;
  }
  body_size_ = static_cast<size_t>(std::min<uint64_t>({left_, unread(), kMaxPiece}));
  raw_ += body_size_;
  left_ -= body_size_;
  if (left_ == 0) return Event::kEnd;
  return body_size_ > 0 ? Event::kPiece : Event::kMore;
}

/// Moves the data of the chunks together, where the first of them lies.
RequestReader::Event RequestReader::ReadChunked() {
  char* data = buffer_.data.get();
  for (;;) {
    const size_t room = streamed_ ? kMaxPiece - body_size_ : SIZE_MAX;
    if (room == 0) return Event::kPiece;
    const auto step = chunks_.Next({data + raw_, std::min(unread(), room)});
    if (step.event == ChunkDecoder::Event::kBad) {
      return Refuse(400, "malformed body: " + std::string(chunks_.problem()));
    }
    if (chunks_.announced() > limit_) return TooLarge();
    if (!step.data.empty()) {
      char* to = data + body_ + body_size_;
      if (to != step.data.data()) std::memmove(to, step.data.data(), step.data.size());
      body_size_ += step.data.size();
    }
    raw_ += step.used;
    if (step.event == ChunkDecoder::Event::kDone) return streamed_ ? Event::kEnd : Event::kBody;
    if (step.event == ChunkDecoder::Event::kMore && step.used == 0) break;
  }
  return streamed_ && body_size_ > 0 ? Event::kPiece : Event::kMore;
}

void RequestReader::NextRequest() {
  parser_.Reset();
  in_body_ = streamed_ = false;
  begin_ = body_ = raw_;
  body_size_ = 0;
  Rewind();
}

void RequestReader::Discard() {
  raw_ = end_;
  NextRequest();
}

void RequestReader::Rewind() {
  if (begin_ != end_ || in_body_) return;
  begin_ = body_ = raw_ = end_ = 0;
  pool_.Give(std::exchange(buffer_, Buffer()));
}

}  // namespace quern::net
