#pragma once
// Bulk metrics as a stream of Arrow record batches.
#include <memory>
#include <string_view>

#include "server/native/record_reader.h"
#include "tracking/bulk_log.h"

namespace quern::server::native {

/// The Arrow IPC stream format, uncompressed, with the columns
///   run_id, key   texts, also dictionary-encoded
///   value         any numbers; null is NaN
///   timestamp     integers (milliseconds since 1970) or timestamps of any unit
///   step          integers; may be left out, null is 0
/// in any order and no others. A row whose text or time is null is refused. One message is at most
/// 64 MiB: only one is in memory at a time.
class ArrowReader : public RecordReader {
 public:
  explicit ArrowReader(tracking::BulkLog& log);
  ~ArrowReader() override;
  Status Feed(std::string_view bytes) override;
  Status End() override;
  std::string_view unit() const override { return "row"; }
  int64_t records() const override;

 private:
  class Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace quern::server::native
