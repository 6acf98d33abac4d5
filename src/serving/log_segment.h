#pragma once
// A segment of the prediction log as a file: one thread writes it, others read along.
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/fs.h"
#include "base/result.h"
#include "base/time.h"

namespace quern::serving {

/// Behind the name of a segment that is being made.
inline constexpr std::string_view kUnnamedSuffix = ".new";

/// Being written. The file carries a lock while this lives: whoever gets that lock knows that
/// nothing more will come.
class LogSegment {
 public:
  /// A new file in `folder`, which exists.
  static Result<std::shared_ptr<LogSegment>> Create(Fs& fs, const std::string& folder,
                                                    const Clock& clock);

  /// By one write(2), as far as the system takes it at once; with `to_disk` the disk has confirmed
  /// it. After an error the file is cut back to what it was and takes nothing more: a reader may
  /// have been faster. One thread.
  Status Append(std::string_view bytes, bool to_disk);
  /// What was appended reaches the disk. Thread-safe.
  Status Sync();

  /// Bytes that were appended, with the header.
  uint64_t size() const { return size_.load(std::memory_order_acquire); }
  int64_t created_at() const { return created_at_; }
  const std::string& path() const { return path_; }

 private:
  LogSegment() = default;
  void CutBack(uint64_t size);
  std::string path_;
  int64_t created_at_ = 0;
  std::unique_ptr<FileWriter> writer_;
  UniqueFd file_;  // the same file, to sync and to cut
  std::atomic<uint64_t> size_{0};
  std::atomic<uint64_t> synced_{0};
};

/// Reads a segment frame by frame, also while it is written.
class SegmentReader {
 public:
  /// kNotFound; kDataLoss or kFailedPrecondition for a header that is none of ours.
  static Result<SegmentReader> Open(const std::string& path);

  /// True if no writer has the file any more; it is then locked against being read by others as
  /// finished. Ask before Next(): what is at the end of a finished file stays as it is.
  bool Finished();
  /// The bytes of the file now.
  Result<uint64_t> Size() const;

  enum class Step {
    kFrame,
    kEnd,     // no whole frame yet; ask again later if the segment is not finished
    kCut,     // of a finished segment: it ends within a frame, as its writer was killed
    kBroken,  // of a finished segment: bytes that are no frame, with frames after them or at the
              // end
  };
  Result<Step> Next();
  /// After kFrame, until the next call.
  std::string_view payload() const { return payload_; }
  /// Where the last step began, and where the next one begins.
  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_; }

 private:
  explicit SegmentReader(UniqueFd fd) : fd_(std::move(fd)) {}
  Result<bool> Fill(size_t bytes);
  Result<Step> AfterBroken();

  UniqueFd fd_;
  bool finished_ = false;
  std::string window_;  // bytes of the file from window_at_ on
  uint64_t window_at_ = 0;
  uint64_t begin_ = 0;
  uint64_t end_ = 0;
  std::string_view payload_;
};

}  // namespace quern::serving
