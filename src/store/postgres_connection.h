#pragma once
// Inside of store/ only: one connection to PostgreSQL, which comes back by itself.
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "store/connection.h"
#include "store/libpq.h"
#include "store/postgres_value.h"

namespace quern::store {

struct PostgresTarget {
  std::string uri;
  /// How messages call the database: without user and password.
  std::string place;
  /// Statements that each new connection begins with.
  std::string session;
  /// How long the server may be silent while it owes an answer; then the connection is given up.
  /// 0: without end.
  std::chrono::milliseconds patience{0};
};

/// "postgresql://host:port/database" of a URI. kInvalidArgument if libpq cannot read it.
Result<std::string> PlaceOf(const Libpq& libpq, const std::string& uri);

/// A query outside of a transaction streams its rows and, if the connection turns out to be lost
/// before the first, asks again on a new one. In a transaction nothing is tried twice: from the
/// moment of the loss on everything is kUnavailable until it ends. Nor is it where the server was
/// silent for too long.
class PostgresConnection : public Connection {
 public:
  static Result<std::unique_ptr<PostgresConnection>> Open(const Libpq& libpq,
                                                          PostgresTarget target);

  Status Query(std::string_view sql, const std::vector<Param>& params,
               const std::function<void(const Row&)>& on_row) override;
  Status Execute(std::string_view sql, const std::vector<Param>& params) override;
  Status Script(const std::string& sql) override;
  Status Begin() override;
  Status Commit() override;
  void Rollback() override;
  Status Savepoint() override { return Script("SAVEPOINT one"); }
  Status RollbackToSavepoint() override { return Script("ROLLBACK TO SAVEPOINT one"); }
  Status ReleaseSavepoint() override { return Script("RELEASE SAVEPOINT one"); }

  /// From now on. Not for a connection that copies tables.
  void SetPatience(std::chrono::milliseconds patience);

  /// A transaction that only reads and sees one moment; Rollback ends it.
  Status BeginSnapshot();
  /// `COPY … TO STDOUT`, in a transaction: its bytes as they come; the number of rows.
  Result<int64_t> CopyOut(const std::string& sql,
                          const std::function<Status(std::string_view)>& on_bytes);
  /// `COPY … FROM STDIN`, in a transaction: all that `next` gives until it gives "".
  Status CopyIn(const std::string& sql, const std::function<Result<std::string>()>& next);

  /// Such as 150018; 0 without a connection.
  int server_version() const;
  /// "UTF8", as the server says it; "" without a connection.
  std::string encoding() const;

 private:
  struct Finish {
    const Libpq* libpq;
    void operator()(PGconn* handle) const { libpq->finish(handle); }
  };

  PostgresConnection(const Libpq& libpq, PostgresTarget target)
      : libpq_(libpq), target_(std::move(target)), handle_(nullptr, Finish{&libpq}) {}
  Status Connect();
  Status EnsureConnected();
  void Disconnect();
  /// A statement's name on the server, prepared if it is not there yet.
  Result<const std::string*> Take(std::string_view sql, const PostgresParams& params);
  /// `rows` counts what `on_row` has seen.
  Status Run(std::string_view sql, PostgresParams& params,
             const std::function<void(const Row&)>& on_row, int64_t& rows);
  Result<std::vector<ResultPtr>> Fetch(const std::function<void(const Row&)>& on_row,
                                       int64_t& rows);
  Result<ResultPtr> Exec(const char* sql);
  /// Sends what is still to be sent and waits for the next result. kUnavailable, and no connection,
  /// if the server is silent for too long.
  Status Await();
  /// The next result of what was sent; null after the last.
  Result<ResultPtr> Next();
  /// The last result of what was sent, good or not.
  Result<ResultPtr> LastResult();
  /// Good, or the error of a result; a lost connection is dropped.
  Status Check(const PGresult* result);
  std::unexpected<Error> Unavailable(std::string_view what) const;

  const Libpq& libpq_;
  PostgresTarget target_;
  /// Null when there is no connection.
  std::unique_ptr<PGconn, Finish> handle_;
  bool in_transaction_ = false;
  /// Of the last call: asking again would take as long.
  bool silent_ = false;
  /// Names on the server by text and types.
  std::unordered_map<std::string, std::string> prepared_;
  /// Of names given.
  uint64_t statements_ = 0;
};

}  // namespace quern::store
