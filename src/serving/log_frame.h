#pragma once
// How the prediction log lies in a file: a header, then frames with a length and a checksum each
// (docs/format/prediction_log.md). Nothing of what is in them.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern::serving {

inline constexpr std::string_view kSegmentSuffix = ".qpl";
inline constexpr size_t kSegmentHeader = 32;
inline constexpr size_t kFrameHeader = 16;
/// Frames begin at multiples of this, so that the next one is found after a broken one.
inline constexpr size_t kFrameAlign = 8;

/// `created_at`: milliseconds since the epoch.
std::string SegmentHeader(int64_t created_at);
/// kDataLoss if these bytes are not the beginning of a segment; kFailedPrecondition if a newer
/// program wrote it.
Status CheckSegmentHeader(std::string_view bytes);

/// Begins a frame at the end of `out`: append the payload, then call EndFrame with what this
/// returned.
size_t BeginFrame(std::string* out);
/// `offset`: of the frame in its file. The checksum covers it, so that a frame at a wrong place is
/// none.
void EndFrame(std::string* out, size_t begin, uint64_t offset);

enum class FrameState {
  kWhole,
  kShort,  // the bytes end before the frame does
  kBad,    // no frame, or not as it was written
};
struct LogFrame {
  FrameState state = FrameState::kBad;
  std::string_view payload;
  /// With header and padding. kShort: how many bytes it takes to know more.
  size_t size = 0;
};
/// The frame at the beginning of `bytes`, which stand at `offset` in their file.
LogFrame ReadFrame(std::string_view bytes, uint64_t offset);
/// Bytes to skip to the next whole frame; bytes.size() if there is none.
size_t FindFrame(std::string_view bytes, uint64_t offset);

}  // namespace quern::serving
