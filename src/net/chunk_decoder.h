#pragma once
// The chunked transfer coding (RFC 9112, section 7.1). Pure: bytes in, pieces of the body out.
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace quern::net {

/// Decodes one body. Trailers are checked and dropped. Framing is bounded: a line of a chunk's size
/// (4 KB), all trailers together (16 KB), and what tiny chunks and long extensions cost beside the
/// data that they carry.
class ChunkDecoder {
 public:
  enum class Event { kMore, kData, kDone, kBad };
  struct Step {
    Event event = Event::kMore;
    /// Bytes that are dealt with, `data` among them: they come not again.
    size_t used = 0;
    /// Of kData: a part of `bytes`.
    std::string_view data;
  };

  /// `bytes` are those that earlier steps have not used, with what has come since. After kMore more
  /// of them are needed; after kDone what follows is the next request's.
  Step Next(std::string_view bytes);
  /// Bytes of all chunks so far, with those of the present one that are still to come.
  uint64_t announced() const { return announced_; }
  /// What is wrong, after kBad.
  std::string_view problem() const { return problem_; }

 private:
  enum class State { kSize, kData, kDataEnd, kTrailer, kEnd };

  Step Bad(std::string_view problem);
  Step Line(std::string_view bytes);
  Step SizeLine(std::string_view line, size_t used);
  Step TrailerLine(std::string_view line, size_t used);

  State state_ = State::kSize;
  uint64_t left_ = 0;
  uint64_t announced_ = 0;
  size_t overhead_ = 0;
  size_t trailers_ = 0;
  std::string_view problem_;
};

}  // namespace quern::net
