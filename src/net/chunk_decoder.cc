#include "net/chunk_decoder.h"

#include <algorithm>
#include <charconv>

#include "net/strict.h"

namespace quern::net {
namespace {

constexpr size_t kMaxLine = 4096;
constexpr size_t kMaxTrailers = 16u << 10;
/// Chunk lines may take as many bytes as twice the data, and these for each chunk, before they are
/// counted against kMaxOverhead. One-byte chunks without extensions never are.
constexpr size_t kFreeOverhead = 16;
constexpr size_t kMaxOverhead = 16u << 10;

std::string_view SkipBlanks(std::string_view text) {
  size_t at = text.find_first_not_of(" \t");
  return at == std::string_view::npos ? std::string_view() : text.substr(at);
}

}  // namespace

ChunkDecoder::Step ChunkDecoder::Bad(std::string_view problem) {
  problem_ = problem;
  return {Event::kBad, 0, {}};
}

ChunkDecoder::Step ChunkDecoder::Next(std::string_view bytes) {
  switch (state_) {
    case State::kEnd:
      return {Event::kDone, 0, {}};
    case State::kData: {
      if (bytes.empty()) return {};
      const auto size = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
      left_ -= size;
      if (left_ == 0) state_ = State::kDataEnd;
      return {Event::kData, size, bytes.substr(0, size)};
    }
    case State::kDataEnd:
      if (bytes.empty()) return {};
      if (bytes[0] != '\r' || (bytes.size() > 1 && bytes[1] != '\n')) {
        return Bad("a chunk is longer than its size says");
      }
      if (bytes.size() < 2) return {};
      state_ = State::kSize;
      return {Event::kMore, 2, {}};
    default:
      return Line(bytes);
  }
}

ChunkDecoder::Step ChunkDecoder::Line(std::string_view bytes) {
  const size_t end = bytes.substr(0, kMaxLine).find('\n');
  if (end == std::string_view::npos) {
    if (bytes.size() >= kMaxLine) return Bad("a line between chunks is too long");
    const size_t cr = bytes.find('\r');
    const bool bare = cr != std::string_view::npos && cr + 1 < bytes.size();
    return bare ? Bad("a carriage return that no line feed follows") : Step();
  }
  if (end == 0 || bytes[end - 1] != '\r') return Bad("a line feed without carriage return");
  const std::string_view line = bytes.substr(0, end - 1);
  return state_ == State::kSize ? SizeLine(line, end + 1) : TrailerLine(line, end + 1);
}

ChunkDecoder::Step ChunkDecoder::SizeLine(std::string_view line, size_t used) {
  uint64_t size = 0;
  const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  if (error != std::errc() || size > UINT64_MAX - announced_) return Bad("not a chunk's size");
  const std::string_view rest = line.substr(static_cast<size_t>(stop - line.data()));
  const std::string_view extension = SkipBlanks(rest);
  if (!rest.empty() && (!extension.starts_with(';') || !AllOf(extension, kValueChar))) {
    return Bad("a malformed chunk extension");
  }
  announced_ += size;
  left_ = size;
  state_ = size == 0 ? State::kTrailer : State::kData;
  overhead_ += used;
  overhead_ -= static_cast<size_t>(
      std::min<uint64_t>(overhead_, kFreeOverhead + 2 * std::min<uint64_t>(size, kMaxOverhead)));
  if (overhead_ > kMaxOverhead) return Bad("too much beside the data of the chunks");
  return {Event::kMore, used, {}};
}

ChunkDecoder::Step ChunkDecoder::TrailerLine(std::string_view line, size_t used) {
  trailers_ += used;
  if (trailers_ > kMaxTrailers) return Bad("the trailers are too long");
  if (line.empty()) {
    state_ = State::kEnd;
    return {Event::kDone, used, {}};
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 || !AllOf(line.substr(0, colon), kTokenChar) ||
      !AllOf(line.substr(colon + 1), kValueChar)) {
    return Bad("a malformed trailer");
  }
  return {Event::kMore, used, {}};
}

}  // namespace quern::net
