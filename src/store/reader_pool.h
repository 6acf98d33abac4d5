#pragma once
// Inside of store/ only: connections that only read, for queries outside of transactions.
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/connection.h"

namespace quern::store {

/// Opened when they are first needed. Thread-safe.
class ReaderPool {
 public:
  /// `open` is called by several threads at once. At most `most` queries run at a time; one that
  /// an `on_row` makes comes on top, so that it cannot wait for the query it stands in.
  ReaderPool(OpenConnection open, size_t most) : open_(std::move(open)), most_(most) {}

  Status Query(std::string_view sql, const std::vector<Param>& params,
               const std::function<void(const Row&)>& on_row);

 private:
  Result<std::unique_ptr<Connection>> Take();
  void Return(std::unique_ptr<Connection> connection);

  OpenConnection open_;
  size_t most_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  /// Idle ones and those in use.
  size_t opened_ = 0;
};

}  // namespace quern::store
