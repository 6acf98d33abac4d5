#include "server/native/ingest_arrow.h"

#include <nanoarrow/nanoarrow_ipc.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "base/text.h"
#include "server/native/arrow_batch.h"

namespace quern::server::native {
namespace {

constexpr size_t kMaxMessage = 64U << 20;
/// Length of a message's head, behind a mark.
constexpr size_t kPrefix = 8;

/// An object of nanoarrow's and how it ends.
template <class T, void (*Release)(T*)>
struct Owned {
  T value{};
  Owned() = default;
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { Release(&value); }
};
void ReleaseStream(ArrowArrayStream* stream) {
  if (stream->release != nullptr) stream->release(stream);
}
void ReleaseArray(ArrowArray* array) {
  if (array->release != nullptr) array->release(array);
}
void ReleaseSchema(ArrowSchema* schema) {
  if (schema->release != nullptr) schema->release(schema);
}

std::unexpected<Error> NotArrow(std::string_view what) {
  return Fail(Code::kInvalidArgument,
              "not an Arrow stream: " + (FindInvalidUtf8(what) ? "unreadable" : std::string(what)),
              "send what pyarrow.ipc.new_stream writes, without compression");
}

}  // namespace

/// Bytes come in pieces. Messages are cut out of them, and each is given whole to nanoarrow's
/// reader, which pulls: it is asked only when what it will read is here.
class ArrowReader::Stream {
 public:
  explicit Stream(tracking::BulkLog& log) : log_(log) {
    ArrowIpcDecoderInit(&cutter_.value);
    ArrowIpcInputStream input{&Stream::Read, &Stream::Forget, this};
    ArrowIpcArrayStreamReaderInit(&reader_.value, &input, nullptr);
  }

  Status Feed(std::string_view bytes) {
    while (!bytes.empty() && !ended_) {
      const size_t part = std::min(bytes.size(), wanted_ - message_.size());
      message_.append(bytes.substr(0, part));
      bytes.remove_prefix(part);
      if (message_.size() == wanted_) QUERN_TRY(Advance());
    }
    return {};
  }

  Status End() const {
    if (schema_.value.release == nullptr) return NotArrow("it has no schema");
    return message_.empty() ? Status() : NotArrow("it ends in the midst of a message");
  }

  int64_t rows() const { return rows_; }

 private:
  /// What was wanted is here: the prefix of a message, its head, or all of it.
  Status Advance() {
    ArrowBufferView view{{message_.data()}, static_cast<int64_t>(message_.size())};
    ArrowError error{};
    if (wanted_ == kPrefix) {
      int32_t prefix = 0;
      const int code = ArrowIpcDecoderPeekHeader(&cutter_.value, view, &prefix, &error);
      if (code == ENODATA) {
        ended_ = true;
        message_.clear();
        return {};
      }
      const int64_t head = cutter_.value.header_size_bytes;
      if ((code != NANOARROW_OK && code != ESPIPE) || prefix != kPrefix ||
          head <= static_cast<int64_t>(kPrefix)) {
        return NotArrow(error.message);
      }
      return Want(head);
    }
    if (!body_known_) {
      if (ArrowIpcDecoderVerifyHeader(&cutter_.value, view, &error) != NANOARROW_OK) {
        return NotArrow(error.message);
      }
      if (cutter_.value.body_size_bytes < 0) return NotArrow("a message of negative length");
      body_known_ = true;
      const size_t head = message_.size();
      QUERN_TRY(Want(cutter_.value.body_size_bytes, head));
      if (wanted_ > head) return {};
    }
    return Take();
  }

  Status Want(int64_t bytes, size_t beside = 0) {
    if (static_cast<uint64_t>(bytes) + beside > kMaxMessage) {
      return Fail(Code::kInvalidArgument,
                  "an Arrow message is larger than " + std::to_string(kMaxMessage) + " bytes",
                  "write smaller record batches");
    }
    wanted_ = static_cast<size_t>(bytes) + beside;
    return {};
  }

  /// A message is whole.
  Status Take() {
    const ArrowIpcMessageType type = cutter_.value.message_type;
    whole_.append(message_);
    message_.clear();
    wanted_ = kPrefix;
    body_known_ = false;
    if (whole_.size() > 2 * kMaxMessage) return NotArrow("too much before a record batch");
    if (type == NANOARROW_IPC_MESSAGE_TYPE_SCHEMA) return TakeSchema();
    if (type == NANOARROW_IPC_MESSAGE_TYPE_RECORD_BATCH) return TakeBatch();
    return {};
  }

  Status TakeSchema() {
    if (schema_.value.release != nullptr) return NotArrow("a second schema");
    if (reader_.value.get_schema(&reader_.value, &schema_.value) != NANOARROW_OK) return Failed();
    QUERN_ASSIGN(columns_, ArrowColumns::Of(schema_.value));
    ArrowError error{};
    if (ArrowArrayViewInitFromSchema(&view_.value, &schema_.value, &error) != NANOARROW_OK) {
      return NotArrow(error.message);
    }
    Consumed();
    return {};
  }

  Status TakeBatch() {
    if (schema_.value.release == nullptr) return NotArrow("a record batch before its schema");
    Owned<ArrowArray, ReleaseArray> batch;
    if (reader_.value.get_next(&reader_.value, &batch.value) != NANOARROW_OK) return Failed();
    Consumed();
    if (batch.value.release == nullptr) return NotArrow("a record batch without rows");
    ArrowError error{};
    if (ArrowArrayViewSetArray(&view_.value, &batch.value, &error) != NANOARROW_OK ||
        ArrowArrayViewValidate(&view_.value, NANOARROW_VALIDATION_LEVEL_FULL, &error) !=
            NANOARROW_OK) {
      return NotArrow(error.message);
    }
    const int64_t first = rows_ + 1;
    rows_ += batch.value.length;
    return AddBatch(view_.value, columns_, first, log_);
  }

  void Consumed() {
    whole_.clear();
    read_ = 0;
  }

  std::unexpected<Error> Failed() {
    const char* message = reader_.value.get_last_error(&reader_.value);
    return NotArrow(message == nullptr ? "unreadable" : message);
  }

  static ArrowErrorCode Read(ArrowIpcInputStream* input, uint8_t* into, int64_t size,
                             int64_t* size_read, ArrowError*) {
    auto* self = static_cast<Stream*>(input->private_data);
    const size_t part = std::min(static_cast<size_t>(size), self->whole_.size() - self->read_);
    std::memcpy(into, self->whole_.data() + self->read_, part);
    self->read_ += part;
    *size_read = static_cast<int64_t>(part);
    return NANOARROW_OK;
  }
  static void Forget(ArrowIpcInputStream* input) { input->release = nullptr; }

  tracking::BulkLog& log_;
  std::string message_;      // the one that arrives
  size_t wanted_ = kPrefix;  // how long it has to be to go on
  bool body_known_ = false;
  std::string whole_;  // what the reader may read
  size_t read_ = 0;    // of it
  bool ended_ = false;
  int64_t rows_ = 0;
  ArrowColumns columns_;
  Owned<ArrowIpcDecoder, ArrowIpcDecoderReset> cutter_;
  Owned<ArrowArrayStream, ReleaseStream> reader_;
  Owned<ArrowSchema, ReleaseSchema> schema_;
  Owned<ArrowArrayView, ArrowArrayViewReset> view_;
};

ArrowReader::ArrowReader(tracking::BulkLog& log) : stream_(std::make_unique<Stream>(log)) {}
ArrowReader::~ArrowReader() = default;
Status ArrowReader::Feed(std::string_view bytes) { return stream_->Feed(bytes); }
Status ArrowReader::End() { return stream_->End(); }
int64_t ArrowReader::records() const { return stream_->rows(); }

}  // namespace quern::server::native
