#include "serving/log_lane.h"

#include <limits>
#include <utility>

#include "serving/log_frame.h"

namespace quern::serving {
namespace {

/// Bytes that a buffer keeps for the next wake-up.
constexpr size_t kKeepBuffer = 4u << 20;
/// Models of which a lane knows the schema; at one more it forgets them all and learns anew.
constexpr size_t kMaxKnown = 64;

}  // namespace

Uuid LogLane::NextUuid(int64_t now_ms) {
  if (random_used_ + kUuidRandom > random_.size()) {
    FillRandom(random_);
    random_used_ = 0;
  }
  const Uuid uuid = MakeUuid7(
      now_ms, std::span<const uint8_t, kUuidRandom>(random_.data() + random_used_, kUuidRandom));
  random_used_ += kUuidRandom;
  return uuid;
}

std::shared_ptr<LogSegment> LogLane::segment() const {
  MutexLock lock(mutex_);
  return segment_;
}

std::vector<std::shared_ptr<LogSegment>> LogLane::TakeEnded() {
  MutexLock lock(mutex_);
  return std::exchange(ended_, {});
}

void LogLane::Close() {
  current_ = nullptr;
  MutexLock lock(mutex_);
  if (segment_ != nullptr && !options_.to_disk) ended_.push_back(std::move(segment_));
  segment_.reset();
}

/// With an empty buffer only: offsets and schemas in the buffer are those of one segment.
Status LogLane::PrepareSegment() {
  if (current_ != nullptr && current_->size() < options_.segment_bytes &&
      options_.clock->NowMs() - current_->created_at() < options_.segment_ms) {
    return {};
  }
  Close();
  for (Known& known : known_) known.written = false;
  QUERN_ASSIGN(auto segment, LogSegment::Create(*options_.fs, options_.folder, *options_.clock));
  current_ = segment.get();
  MutexLock lock(mutex_);
  segment_ = std::move(segment);
  return {};
}

/// Position in known_, of a schema that stands in the segment or the buffer. Its id in the segment
/// is the same.
size_t LogLane::SchemaOf(const ServedModel& model) {
  size_t i = 0;
  while (i < known_.size() &&
         !(known_[i].model == &model && known_[i].loaded_at == model.loaded_at() &&
           known_[i].schema.model == model.name() && known_[i].schema.version == model.version())) {
    ++i;
  }
  if (i == known_.size()) {
    // Ids may mean something else further on in the segment: a reader goes by the last schema.
    if (known_.size() >= kMaxKnown) known_.clear();
    i = known_.size();
    known_.push_back({&model, model.loaded_at(), MakeLogSchema(model, options_.policy), false});
  }
  if (!known_[i].written) {
    const uint64_t offset = current_->size() + buffer_.size();
    const size_t begin = BeginFrame(&buffer_);
    AppendSchema(&buffer_, static_cast<uint32_t>(i), known_[i].schema);
    EndFrame(&buffer_, begin, offset);
    known_[i].written = true;
  }
  return i;
}

Status LogLane::Add(const ScoredCall& scored, const RowIdentity& identity) {
  if (buffer_.empty()) QUERN_TRY(PrepareSegment());
  const size_t schema = SchemaOf(scored.model);
  const uint64_t offset = current_->size() + buffer_.size();
  const size_t begin = BeginFrame(&buffer_);
  AppendRows(&buffer_, static_cast<uint32_t>(schema), known_[schema].schema, scored, identity,
             hash_);
  if (buffer_.size() - begin > std::numeric_limits<int32_t>::max()) {
    buffer_.resize(begin);
    return Fail(Code::kInvalidArgument, "the request is too large to be kept",
                "send fewer rows at once");
  }
  EndFrame(&buffer_, begin, offset);
  rows_ += scored.rows;
  return {};
}

Status LogLane::Write() {
  if (buffer_.empty()) return {};
  const Status written = current_->Append(buffer_, options_.to_disk);
  buffer_.clear();
  rows_ = 0;
  if (buffer_.capacity() > kKeepBuffer) buffer_.shrink_to_fit();
  if (!written) Close();
  return written;
}

}  // namespace quern::serving
