#include "store/engine_database.h"

#include <utility>

namespace quern::store {

EngineDatabase::EngineDatabase(Dialect dialect, std::unique_ptr<Connection> writer,
                               std::unique_ptr<ReaderPool> readers)
    : dialect_(dialect),
      writer_(std::move(writer)),
      readers_(std::move(readers)),
      group_([this](const GroupCommit::Take& take) { CommitAll(take); }) {}

Status EngineDatabase::Execute(std::string_view sql, const std::vector<Param>& params) {
  if (InTransaction()) return Query(sql, params, [](const Row&) {});
  const std::lock_guard lock(mutex_);
  return writer_->Execute(sql, params);
}

Status EngineDatabase::Query(std::string_view sql, const std::vector<Param>& params,
                             const std::function<void(const Row&)>& on_row) {
  if (InTransaction()) {
    if (!failed_) return failed_;
    return Noted(writer_->Query(sql, params, on_row));
  }
  if (readers_ != nullptr) return readers_->Query(sql, params, on_row);
  const std::lock_guard lock(mutex_);
  return writer_->Query(sql, params, on_row);
}

Status EngineDatabase::Transaction(const std::function<Status()>& body) {
  if (InTransaction()) return body();
  const std::lock_guard lock(mutex_);
  QUERN_TRY(Begin());
  return RunOnly(body);
}

Status EngineDatabase::Write(const std::function<Status()>& body) {
  return InTransaction() ? body() : group_.Write(body);
}

Status EngineDatabase::Script(const std::string& sql) {
  const std::lock_guard lock(mutex_);
  if (!InTransaction()) return writer_->Script(sql);
  if (!failed_) return failed_;
  return Noted(writer_->Script(sql));
}

Status EngineDatabase::Noted(Status status) {
  if (!status && failed_) failed_ = status;
  return status;
}

Status EngineDatabase::Begin() {
  QUERN_TRY(writer_->Begin());
  failed_ = {};
  owner_.store(std::this_thread::get_id());
  return {};
}

/// Commits if `status` is good, else takes all back.
Status EngineDatabase::End(Status status) {
  owner_.store(std::thread::id());
  if (status) status = writer_->Commit();
  if (!status) writer_->Rollback();
  return status;
}

void EngineDatabase::CommitAll(const GroupCommit::Take& take) {
  const std::lock_guard lock(mutex_);
  Status whole = Begin();
  // What came while the transaction had to wait for another process is part of it.
  const std::vector<PendingWrite*> writes = take();
  if (whole && writes.size() == 1) {
    PendingWrite& only = *writes[0];
    only.status = RunOnly(*only.body);
    return;
  }
  if (whole) {
    for (PendingWrite* write : writes) {
      whole = RunOne(*write);
      if (!whole) break;
    }
    whole = End(std::move(whole));
  }
  if (whole) return;
  for (PendingWrite* write : writes) {
    if (write->status) write->status = whole;
  }
}

/// The one body of the transaction, and its end.
Status EngineDatabase::RunOnly(const std::function<Status()>& body) {
  Status status = body();
  if (status) status = failed_;
  return End(std::move(status));
}

/// One body among others: its failure takes back its own changes alone. An error is one of the
/// whole transaction.
Status EngineDatabase::RunOne(PendingWrite& write) {
  failed_ = {};
  QUERN_TRY(writer_->Savepoint());
  write.status = (*write.body)();
  if (write.status) write.status = failed_;
  if (!write.status) {
    // A full disk has taken back everything already: that is what to tell, not that the savepoint
    // is gone.
    const Status back = writer_->RollbackToSavepoint();
    if (!back) return failed_ ? back : failed_;
  }
  return writer_->ReleaseSavepoint();
}

}  // namespace quern::store
