#include "serving/log_frame.h"

#include <bit>
#include <cstring>

#include "base/digest.h"

namespace quern::serving {
namespace {

static_assert(std::endian::native == std::endian::little, "the log is little-endian");

constexpr std::string_view kMagic = "QUERNPL\n";
constexpr uint32_t kVersion = 1;
constexpr uint32_t kFrameMark = 0x52504c51;  // "QLPR"
/// The header without its own checksum.
constexpr size_t kChecked = kSegmentHeader - sizeof(uint64_t);

struct FrameHead {
  uint32_t mark;
  uint32_t length;  // of the payload
  uint64_t checksum;
};
static_assert(sizeof(FrameHead) == kFrameHeader);

uint64_t Checksum(std::string_view payload, uint64_t offset) {
  return Hash64(payload, offset ^ std::rotl(static_cast<uint64_t>(payload.size()), 40));
}

size_t Padded(size_t size) { return (size + kFrameAlign - 1) / kFrameAlign * kFrameAlign; }

}  // namespace

std::string SegmentHeader(int64_t created_at) {
  std::string out(kMagic);
  const uint32_t numbers[] = {kVersion, kSegmentHeader};
  out.append(reinterpret_cast<const char*>(numbers), sizeof numbers);
  out.append(reinterpret_cast<const char*>(&created_at), sizeof created_at);
  const uint64_t checksum = Hash64(out);
  out.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  return out;
}

Status CheckSegmentHeader(std::string_view bytes) {
  if (bytes.size() < kSegmentHeader || bytes.substr(0, kMagic.size()) != kMagic) {
    return Fail(Code::kDataLoss, "it does not begin as a segment of the prediction log does");
  }
  uint64_t checksum = 0;
  std::memcpy(&checksum, bytes.data() + kChecked, sizeof checksum);
  if (checksum != Hash64(bytes.substr(0, kChecked))) {
    return Fail(Code::kDataLoss, "the checksum of its header is wrong");
  }
  uint32_t version = 0;
  std::memcpy(&version, bytes.data() + kMagic.size(), sizeof version);
  if (version == kVersion) return {};
  return Fail(Code::kFailedPrecondition,
              "its format is " + std::to_string(version) + ", this program knows " +
                  std::to_string(kVersion),
              "run the program that wrote it, which moves it into the database");
}

size_t BeginFrame(std::string* out) {
  const size_t begin = out->size();
  out->append(kFrameHeader, '\0');
  return begin;
}

void EndFrame(std::string* out, size_t begin, uint64_t offset) {
  const size_t length = out->size() - begin - kFrameHeader;
  const std::string_view payload(out->data() + begin + kFrameHeader, length);
  const FrameHead head{kFrameMark, static_cast<uint32_t>(length), Checksum(payload, offset)};
  std::memcpy(out->data() + begin, &head, sizeof head);
  out->append(Padded(length) - length, '\0');
}

LogFrame ReadFrame(std::string_view bytes, uint64_t offset) {
  if (bytes.size() < kFrameHeader) return {FrameState::kShort, {}, kFrameHeader};
  FrameHead head;
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.mark != kFrameMark) return {FrameState::kBad, {}, 0};
  const size_t size = kFrameHeader + Padded(head.length);
  if (bytes.size() < size) return {FrameState::kShort, {}, size};
  const std::string_view payload = bytes.substr(kFrameHeader, head.length);
  if (Checksum(payload, offset) != head.checksum) return {FrameState::kBad, {}, size};
  return {FrameState::kWhole, payload, size};
}

size_t FindFrame(std::string_view bytes, uint64_t offset) {
  for (size_t skip = (kFrameAlign - offset % kFrameAlign) % kFrameAlign;
       skip + kFrameHeader <= bytes.size(); skip += kFrameAlign) {
    if (ReadFrame(bytes.substr(skip), offset + skip).state == FrameState::kWhole) return skip;
  }
  return bytes.size();
}

}  // namespace quern::serving
