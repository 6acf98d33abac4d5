#include "store/postgres_connection.h"

#include <poll.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/text.h"
#include "store/postgres_error.h"
#include "store/postgres_sql.h"

namespace quern::store {
namespace {

/// Searches make new texts without end; past this many the kept statements are dropped.

// One writer at a time over all processes, as with a SQLite file; the number is "quern" in ASCII.
// The transaction's snapshot is taken after the lock, statement by statement.
constexpr char kBegin[] =
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock(487300887150)";

void IgnoreNotice(void*, const PGresult*) {}

}  // namespace

Result<std::string> PlaceOf(const Libpq& libpq, const std::string& uri) {
  // libpq's own message may repeat the URI, password and all.
  const auto free = [&](PQconninfoOption* options) { libpq.free_options(options); };
  const std::unique_ptr<PQconninfoOption, decltype(free)> options(
      libpq.parse_uri(uri.c_str(), nullptr), free);
  if (options == nullptr) {
    return Fail(Code::kInvalidArgument, "a PostgreSQL URI that cannot be read",
                "write it as postgresql://user:password@host:5432/database, with special "
                "characters of the password as %40 and the like");
  }
  std::string host, port, database;
  for (const PQconninfoOption* one = options.get(); one->keyword != nullptr; ++one) {
    const std::string_view keyword = one->keyword;
    if (one->val == nullptr) continue;
    if (keyword == "host" || (keyword == "hostaddr" && host.empty())) host = one->val;
    if (keyword == "port") port = ":" + std::string(one->val);
    if (keyword == "dbname") database = one->val;
  }
  return "postgresql://" + host + port + "/" + database;
}

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::Open(const Libpq& libpq,
                                                                     PostgresTarget target) {
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(libpq, std::move(target)));
  QUERN_TRY(connection->Connect());
  return connection;
}

Status PostgresConnection::Connect() {
  // What stands before the URI is what it may change: a server that is gone without a word is
  // noticed within half a minute.
  const std::array<const char*, 8> keywords{
      "connect_timeout",           "keepalives_idle", "keepalives_interval", "tcp_user_timeout",
      "fallback_application_name", "dbname",          "client_encoding",     nullptr};
  const std::array<const char*, 8> values{
      "10", "15", "5", "30000", "quern", target_.uri.c_str(), "UTF8", nullptr};
  Disconnect();
  handle_.reset(libpq_.connect_params(keywords.data(), values.data(), 1));
  if (handle_ == nullptr) return Unavailable("out of memory");
  if (libpq_.status(handle_.get()) != CONNECTION_OK) {
    auto error = Unavailable(libpq_.error_message(handle_.get()));
    Disconnect();
    return error;
  }
  libpq_.set_notice_receiver(handle_.get(), IgnoreNotice, nullptr);
  SetPatience(target_.patience);
  if (target_.session.empty()) return {};
  Status begun = Script(target_.session);
  if (!begun) Disconnect();
  return begun;
}

void PostgresConnection::SetPatience(std::chrono::milliseconds patience) {
  target_.patience = patience;
  // Sending can take as long as waiting: to a server that stands still a large value does not go.
  if (handle_ != nullptr) libpq_.set_nonblocking(handle_.get(), patience.count() > 0 ? 1 : 0);
}

Status PostgresConnection::EnsureConnected() {
  if (handle_ != nullptr && libpq_.status(handle_.get()) == CONNECTION_OK) return {};
  return Connect();
}

void PostgresConnection::Disconnect() {
  handle_.reset();
  prepared_.clear();
}

Result<const std::string*> PostgresConnection::Take(std::string_view sql,
                                                    const PostgresParams& params) {
  std::string key(sql);
  key += '\0';
  key += params.Signature();
  if (const auto found = prepared_.find(key); found != prepared_.end()) return &found->second;
  if (prepared_.size() >= kKeptStatements) {
    QUERN_TRY(Script("DEALLOCATE ALL"));
    prepared_.clear();
  }
  std::string name = "s" + std::to_string(++statements_);
  if (libpq_.send_prepare(handle_.get(), name.c_str(), NumberParameters(sql).c_str(),
                          params.count(), params.types()) != 1) {
    QUERN_TRY(Check(nullptr));
  }
  QUERN_ASSIGN(const ResultPtr result, LastResult());
  QUERN_TRY(Check(result.get()));
  return &prepared_.emplace(std::move(key), std::move(name)).first->second;
}

Status PostgresConnection::Query(std::string_view sql, const std::vector<Param>& params,
                                 const std::function<void(const Row&)>& on_row) {
  QUERN_ASSIGN(PostgresParams bound, PostgresParams::Of(params));
  int64_t rows = 0;
  if (in_transaction_) return Run(sql, bound, on_row, rows);
  silent_ = false;
  QUERN_TRY(EnsureConnected());
  Status status = Run(sql, bound, on_row, rows);
  if (status || handle_ != nullptr || rows > 0 || silent_) return status;
  QUERN_TRY(Connect());
  return Run(sql, bound, on_row, rows);
}

Status PostgresConnection::Run(std::string_view sql, PostgresParams& params,
                               const std::function<void(const Row&)>& on_row, int64_t& rows) {
  if (handle_ == nullptr) return Unavailable("the connection was lost in this transaction");
  QUERN_ASSIGN(const std::string* name, Take(sql, params));
  if (libpq_.send_query_prepared(handle_.get(), name->c_str(), params.count(),
                                 params.Values().data(), params.lengths(), params.formats(),
                                 1) != 1) {
    return Check(nullptr);
  }
  if (!in_transaction_) libpq_.set_single_row_mode(handle_.get());
  QUERN_ASSIGN(const auto results, Fetch(on_row, rows));
  // The connection is free again, so that `on_row` may use it.
  for (const ResultPtr& result : results) {
    const int count = libpq_.row_count(result.get());
    for (int row = 0; row < count; ++row) on_row(PostgresRow(libpq_, result.get(), row));
  }
  return {};
}

/// All results of what was sent, good or not, so that the next statement can go. Single rows go to
/// `on_row` at once; whole results are returned.
Result<std::vector<ResultPtr>> PostgresConnection::Fetch(
    const std::function<void(const Row&)>& on_row, int64_t& rows) {
  std::vector<ResultPtr> whole;
  Status status;
  while (handle_ != nullptr) {
    auto next = Next();
    if (!next) {
      if (status) status = std::unexpected(std::move(next).error());
      break;
    }
    ResultPtr result = std::move(*next);
    if (result == nullptr) break;
    if (libpq_.result_status(result.get()) == PGRES_SINGLE_TUPLE) {
      ++rows;
      on_row(PostgresRow(libpq_, result.get(), 0));
      continue;
    }
    Status good = Check(result.get());
    if (!good && status) status = good;
    if (good) whole.push_back(std::move(result));
  }
  if (!status) return std::unexpected(std::move(status).error());
  return whole;
}

Status PostgresConnection::Execute(std::string_view sql, const std::vector<Param>& params) {
  QUERN_TRY(Begin());
  Status status = Query(sql, params, [](const Row&) {});
  if (status) status = Commit();
  if (!status) Rollback();
  return status;
}

Result<ResultPtr> PostgresConnection::Exec(const char* sql) {
  if (handle_ == nullptr) return Unavailable("the connection was lost in this transaction");
  if (libpq_.send_query(handle_.get(), sql) != 1) QUERN_TRY(Check(nullptr));
  QUERN_ASSIGN(ResultPtr result, LastResult());
  QUERN_TRY(Check(result.get()));
  return result;
}

Status PostgresConnection::Await() {
  if (target_.patience.count() == 0) return {};
  for (;;) {
    const int unsent = libpq_.flush(handle_.get());
    // Of a connection that is lost the result tells.
    if (unsent < 0 || (unsent == 0 && libpq_.is_busy(handle_.get()) == 0)) return {};
    pollfd wanted{libpq_.socket(handle_.get()), POLLIN, 0};
    if (unsent > 0) wanted.events |= POLLOUT;
    const int ready = poll(&wanted, 1, static_cast<int>(target_.patience.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready > 0) {
      if ((wanted.revents & ~POLLOUT) != 0 && libpq_.consume_input(handle_.get()) != 1) return {};
      continue;
    }
    silent_ = true;
    auto error = Unavailable("nothing came within " + std::to_string(target_.patience.count()) +
                             " ms, though it is connected");
    Disconnect();
    return error;
  }
}

Result<ResultPtr> PostgresConnection::Next() {
  QUERN_TRY(Await());
  return ResultPtr(libpq_.get_result(handle_.get()), ClearResult{&libpq_});
}

Result<ResultPtr> PostgresConnection::LastResult() {
  ResultPtr last(nullptr, ClearResult{&libpq_});
  for (;;) {
    QUERN_ASSIGN(ResultPtr next, Next());
    if (next == nullptr) return last;
    last = std::move(next);
  }
}

Status PostgresConnection::Script(const std::string& sql) {
  QUERN_TRY(Exec(sql.c_str()));
  return {};
}

Status PostgresConnection::Begin() {
  Status status;
  // The second time on a new connection: a server that was restarted has closed this one.
  silent_ = false;
  for (int attempt = 0; attempt < 2 && !silent_; ++attempt) {
    QUERN_TRY(EnsureConnected());
    status = Script(kBegin);
    if (status) {
      in_transaction_ = true;
      return {};
    }
    if (handle_ != nullptr) break;
  }
  Rollback();
  return status;
}

Status PostgresConnection::BeginSnapshot() {
  QUERN_TRY(EnsureConnected());
  QUERN_TRY(Script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  in_transaction_ = true;
  return {};
}

Result<int64_t> PostgresConnection::CopyOut(
    const std::string& sql, const std::function<Status(std::string_view)>& on_bytes) {
  if (handle_ == nullptr) return Unavailable("the connection was lost in this transaction");
  {
    const ResultPtr begun(libpq_.exec(handle_.get(), sql.c_str()), ClearResult{&libpq_});
    if (libpq_.result_status(begun.get()) != PGRES_COPY_OUT) {
      QUERN_TRY(Check(begun.get()));
      return Fail(Code::kInternal, "'" + sql + "' copies nothing");
    }
  }
  for (;;) {
    char* bytes = nullptr;
    const int size = libpq_.get_copy_data(handle_.get(), &bytes, 0);
    if (size <= 0) break;
    const std::unique_ptr<char, decltype(libpq_.free_memory)> owned(bytes, libpq_.free_memory);
    Status taken = on_bytes({bytes, static_cast<size_t>(size)});
    if (taken) continue;
    // The rest of the table is still on its way: this connection is of no more use.
    Disconnect();
    return std::unexpected(std::move(taken).error());
  }
  ResultPtr ended(libpq_.get_result(handle_.get()), ClearResult{&libpq_});
  QUERN_TRY(Check(ended.get()));
  const auto rows = ParseInt(std::string_view(libpq_.command_status(ended.get())).substr(5));
  while (ended != nullptr) ended.reset(libpq_.get_result(handle_.get()));
  return rows.value_or(0);
}

Status PostgresConnection::CopyIn(const std::string& sql,
                                  const std::function<Result<std::string>()>& next) {
  if (handle_ == nullptr) return Unavailable("the connection was lost in this transaction");
  {
    const ResultPtr begun(libpq_.exec(handle_.get(), sql.c_str()), ClearResult{&libpq_});
    if (libpq_.result_status(begun.get()) != PGRES_COPY_IN) {
      QUERN_TRY(Check(begun.get()));
      return Fail(Code::kInternal, "'" + sql + "' takes nothing");
    }
  }
  Status status;
  while (status) {
    const auto piece = next();
    if (!piece) status = std::unexpected(piece.error());
    if (!piece || piece->empty()) break;
    // The server may have refused a row: the result below says which.
    if (libpq_.put_copy_data(handle_.get(), piece->data(), static_cast<int>(piece->size())) != 1) {
      break;
    }
  }
  libpq_.put_copy_end(handle_.get(), status ? nullptr : "given up");
  while (handle_ != nullptr) {
    const ResultPtr result(libpq_.get_result(handle_.get()), ClearResult{&libpq_});
    if (result == nullptr) break;
    const Status good = Check(result.get());
    if (!good && status) status = good;
  }
  return status;
}

Status PostgresConnection::Commit() {
  if (handle_ == nullptr) {
    return Unavailable("the connection was lost in this transaction; nothing of it was kept");
  }
  const auto result = Exec("COMMIT");
  if (!result) {
    if (handle_ != nullptr) return std::unexpected(result.error());
    return Unavailable(
        "the connection was lost while it committed; whether the change was kept is unknown, look "
        "before you repeat it");
  }
  in_transaction_ = false;
  // After an error that nobody looked at, PostgreSQL answers COMMIT with a rollback.
  if (std::string_view(libpq_.command_status(result->get())) == "COMMIT") return {};
  return Fail(Code::kAborted, "it took the transaction back", "", AtDatabase(target_.place));
}

void PostgresConnection::Rollback() {
  in_transaction_ = false;
  if (handle_ == nullptr || libpq_.transaction_status(handle_.get()) == PQTRANS_IDLE) return;
  if (!Script("ROLLBACK")) Disconnect();
}

Status PostgresConnection::Check(const PGresult* result) {
  const ExecStatusType status =
      result == nullptr ? PGRES_FATAL_ERROR : libpq_.result_status(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
  const auto field = [&](int code) {
    const char* text = result == nullptr ? nullptr : libpq_.result_error_field(result, code);
    return std::string(text == nullptr ? "" : text);
  };
  const std::string state = field(PG_DIAG_SQLSTATE);
  std::string text = field(PG_DIAG_MESSAGE_PRIMARY);
  if (text.empty()) text = libpq_.error_message(handle_.get());
  if (libpq_.status(handle_.get()) == CONNECTION_OK && !IsLost(state)) {
    return PostgresError(target_.place, state, text);
  }
  Disconnect();
  return Unavailable(text);
}

std::unexpected<Error> PostgresConnection::Unavailable(std::string_view what) const {
  return PostgresUnavailable(target_.place, what);
}

int PostgresConnection::server_version() const {
  return handle_ == nullptr ? 0 : libpq_.server_version(handle_.get());
}

std::string PostgresConnection::encoding() const {
  if (handle_ == nullptr) return {};
  const char* text = libpq_.parameter_status(handle_.get(), "server_encoding");
  return text == nullptr ? "" : text;
}

}  // namespace quern::store
