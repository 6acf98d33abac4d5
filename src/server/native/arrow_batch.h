#pragma once
// Inside of server/native only: one record batch of Arrow as bulk records.
#include <nanoarrow/nanoarrow.h>

#include <cstdint>

#include "base/result.h"
#include "tracking/bulk_log.h"

namespace quern::server::native {

/// Which column is which, and in what unit times are.
struct ArrowColumns {
  int64_t run_id = -1;
  int64_t key = -1;
  int64_t value = -1;
  int64_t timestamp = -1;
  int64_t step = -1;
  ArrowTimeUnit unit = NANOARROW_TIME_UNIT_MILLI;

  /// kInvalidArgument for a column that is missing, unknown, there twice, or of another type.
  static Result<ArrowColumns> Of(const ArrowSchema& schema);
};

/// Rows of a batch whose layout nanoarrow has validated; the first is number `first`.
Status AddBatch(const ArrowArrayView& batch, const ArrowColumns& columns, int64_t first,
                tracking::BulkLog& log);

}  // namespace quern::server::native
