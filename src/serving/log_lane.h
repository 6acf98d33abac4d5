#pragma once
// What one thread needs to log: its buffer and its segment. No other thread waits for it, nor it
// for others.
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/keyed_hash.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "serving/log_encode.h"
#include "serving/log_schema.h"
#include "serving/log_segment.h"

namespace quern::serving {

struct LaneOptions {
  std::string folder;
  uint64_t segment_bytes = 0;
  /// Of a segment, so that what it holds can be moved and checked to the end.
  int64_t segment_ms = 0;
  bool to_disk = false;
  LogPolicy policy;
  Fs* fs = nullptr;
  const Clock* clock = nullptr;
};

/// One thread at a time, but for segment().
class LogLane {
 public:
  /// `hash` may be null if nothing is hashed; borrowed like `options`.
  LogLane(const LaneOptions& options, const KeyedHash* hash) : options_(options), hash_(hash) {}

  Uuid NextUuid(int64_t now_ms);
  /// Into the buffer. An error if a new segment was needed and could not be made.
  Status Add(const ScoredCall& scored, const RowIdentity& identity);
  /// The buffer into the segment; it is empty afterwards, whether that went well or not.
  Status Write();
  size_t buffered_bytes() const { return buffer_.size(); }
  uint64_t buffered_rows() const { return rows_; }

  /// The segment in use, or null. Thread-safe.
  std::shared_ptr<LogSegment> segment() const;
  /// Segments that ended since the last call and may not be on the disk yet. Thread-safe.
  std::vector<std::shared_ptr<LogSegment>> TakeEnded();
  /// Nothing more is written to the segment in use: it can be moved to its end.
  void Close();

  /// A thread has it.
  std::atomic<bool> taken{true};

 private:
  struct Known {
    const ServedModel* model = nullptr;
    int64_t loaded_at = 0;
    LogSchema schema;
    bool written = false;  // in this segment
  };
  Status PrepareSegment();
  size_t SchemaOf(const ServedModel& model);

  const LaneOptions& options_;
  const KeyedHash* hash_;
  std::string buffer_;
  uint64_t rows_ = 0;
  std::vector<Known> known_;
  std::array<uint8_t, 100 * kUuidRandom> random_{};
  size_t random_used_ = random_.size();
  mutable Mutex mutex_;
  std::shared_ptr<LogSegment> segment_ QUERN_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<LogSegment>> ended_ QUERN_GUARDED_BY(mutex_);
  LogSegment* current_ = nullptr;  // the same, for its thread
};

}  // namespace quern::serving
