#pragma once
// Bulk records as lines of JSON.
#include <string>
#include <string_view>

#include "server/native/record_reader.h"
#include "tracking/bulk_log.h"

namespace quern::server::native {

/// A line is one of
///   {"run_id": "…", "key": "loss", "value": 0.5, "timestamp": 1700000000000, "step": 3}
///   {"run_id": "…", "param": "lr", "value": "0.1"}
///   {"run_id": "…", "tag": "team", "value": "x"}
/// Values of metrics are numbers, or NaN, Infinity and -Infinity with quotes or without; null is
/// NaN. A step that is left out is 0. Empty lines are passed over. A line that is wrong is refused,
/// the next one read.
class NdjsonReader : public RecordReader {
 public:
  explicit NdjsonReader(tracking::BulkLog& log) : log_(log) {}
  Status Feed(std::string_view bytes) override;
  Status End() override;
  std::string_view unit() const override { return "line"; }
  int64_t records() const override { return records_; }

 private:
  Status Line(std::string_view line);
  tracking::BulkLog& log_;
  std::string begun_;  // a line whose end has not come yet
  int64_t line_ = 0;
  int64_t records_ = 0;
};

}  // namespace quern::server::native
