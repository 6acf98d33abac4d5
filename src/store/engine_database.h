#pragma once
// Inside of store/ only: a Database over an engine's connections.
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "store/connection.h"
#include "store/database.h"
#include "store/group_commit.h"
#include "store/reader_pool.h"
#include "store/turn_lock.h"

namespace quern::store {

/// One connection that writes, behind one lock that is given in turn: a transaction's body calls
/// back into the same object. Queries of other threads go to readers.
class EngineDatabase : public Database {
 public:
  /// Without `readers` all queries go to the writer.
  EngineDatabase(Dialect dialect, std::unique_ptr<Connection> writer,
                 std::unique_ptr<ReaderPool> readers);

  Status Execute(std::string_view sql, const std::vector<Param>& params) override;
  Status Query(std::string_view sql, const std::vector<Param>& params,
               const std::function<void(const Row&)>& on_row) override;
  Status Transaction(const std::function<Status()>& body) override;
  Status Write(const std::function<Status()>& body) override;
  Dialect dialect() const override { return dialect_; }

  /// Any number of statements, without parameters.
  Status Script(const std::string& sql);

 private:
  bool InTransaction() const { return owner_.load() == std::this_thread::get_id(); }
  void CommitAll(const GroupCommit::Take& take);
  Status Begin();
  Status End(Status status);
  Status RunOnly(const std::function<Status()>& body);
  Status RunOne(PendingWrite& write);
  Status Noted(Status status);

  Dialect dialect_;
  TurnLock mutex_;
  std::unique_ptr<Connection> writer_;
  std::unique_ptr<ReaderPool> readers_;
  std::atomic<std::thread::id> owner_;
  /// The first statement of the transaction that failed, if any.
  Status failed_;
  GroupCommit group_;
};

}  // namespace quern::store
