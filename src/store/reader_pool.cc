#include "store/reader_pool.h"

#include <chrono>
#include <utility>

namespace quern::store {
namespace {

/// How long a query waits for those before it: a database that stands still must not collect all
/// of a server's threads.
constexpr auto kPatience = std::chrono::seconds(10);

/// Queries on readers that the thread is in the midst of.
thread_local int this_threads_queries = 0;

}  // namespace

Status ReaderPool::Query(std::string_view sql, const std::vector<Param>& params,
                         const std::function<void(const Row&)>& on_row) {
  QUERN_ASSIGN(auto connection, Take());
  ++this_threads_queries;
  Status status = connection->Query(sql, params, on_row);
  --this_threads_queries;
  Return(std::move(connection));
  return status;
}

Result<std::unique_ptr<Connection>> ReaderPool::Take() {
  {
    std::unique_lock lock(mutex_);
    const auto free = [&] { return !idle_.empty() || opened_ < most_; };
    if (this_threads_queries == 0 && !returned_.wait_for(lock, kPatience, free)) {
      return Fail(Code::kUnavailable, "the database is busy: earlier questions wait for it too",
                  "try again shortly; if that goes on, look whether the database answers");
    }
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
    ++opened_;
  }
  auto connection = open_();
  if (!connection) Return(nullptr);
  return connection;
}

void ReaderPool::Return(std::unique_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    if (connection != nullptr && opened_ <= most_) {
      idle_.push_back(std::move(connection));
    } else {
      --opened_;
    }
  }
  returned_.notify_one();
}

}  // namespace quern::store
