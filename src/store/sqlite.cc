#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/fs.h"
#include "store/database.h"
#include "store/group_commit.h"
#include "store/migrate.h"
#include "store/sqlite_connection.h"

namespace quern::store {
namespace {

constexpr size_t kMaxReaders = 4;
constexpr char kSafePragmas[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";
constexpr char kRelaxedPragmas[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;";

/// Connections that only read, opened when they are first needed. Thread-safe.
class ReaderPool {
 public:
  explicit ReaderPool(std::string path) : path_(std::move(path)) {}

  Status Query(std::string_view sql, const std::vector<Param>& params,
               const std::function<void(const Row&)>& on_row) {
    QUERN_ASSIGN(auto connection, Take());
    Status status = connection->Query(sql, params, on_row);
    {
      const std::lock_guard lock(mutex_);
      idle_.push_back(std::move(connection));
    }
    returned_.notify_one();
    return status;
  }

 private:
  Result<std::unique_ptr<SqliteConnection>> Take() {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [&] { return !idle_.empty() || opened_ < kMaxReaders; });
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
    auto connection = SqliteConnection::Open(path_, true);
    if (connection) ++opened_;
    return connection;
  }

  std::string path_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_;
  size_t opened_ = 0;
};

/// One connection that writes, behind one recursive lock: a transaction's body calls back into the
/// same object. Queries of other threads go to readers.
class SqliteDatabase : public Database {
 public:
  SqliteDatabase(std::unique_ptr<SqliteConnection> writer, const std::string& path)
      : writer_(std::move(writer)),
        readers_(path == kInMemory ? nullptr : std::make_unique<ReaderPool>(path)),
        group_([this](const std::vector<PendingWrite*>& writes) { CommitAll(writes); }) {}

  Status Execute(std::string_view sql, const std::vector<Param>& params) override {
    const std::lock_guard lock(mutex_);
    return writer_->Query(sql, params, [](const Row&) {});
  }

  Status Query(std::string_view sql, const std::vector<Param>& params,
               const std::function<void(const Row&)>& on_row) override {
    if (readers_ != nullptr && !InTransaction()) return readers_->Query(sql, params, on_row);
    const std::lock_guard lock(mutex_);
    return writer_->Query(sql, params, on_row);
  }

  Status Transaction(const std::function<Status()>& body) override {
    if (InTransaction()) return body();
    const std::lock_guard lock(mutex_);
    return CommitOne(body);
  }

  Status Write(const std::function<Status()>& body) override {
    return InTransaction() ? body() : group_.Write(body);
  }

  /// Any number of statements, without parameters.
  Status Script(const std::string& sql) {
    const std::lock_guard lock(mutex_);
    return writer_->Script(sql);
  }

 private:
  bool InTransaction() const { return owner_.load() == std::this_thread::get_id(); }

  /// Under the lock.
  Status CommitOne(const std::function<Status()>& body) {
    QUERN_TRY(Begin());
    Status status = body();
    return End(std::move(status));
  }

  Status Begin() {
    QUERN_TRY(writer_->Query("BEGIN IMMEDIATE", {}, [](const Row&) {}));
    owner_.store(std::this_thread::get_id());
    return {};
  }

  /// Commits if `status` is good, else takes all back.
  Status End(Status status) {
    owner_.store(std::thread::id());
    if (status) status = writer_->Query("COMMIT", {}, [](const Row&) {});
    if (!status) (void)writer_->Script("ROLLBACK");
    return status;
  }

  void CommitAll(const std::vector<PendingWrite*>& writes) {
    const std::lock_guard lock(mutex_);
    if (writes.size() == 1) {
      writes[0]->status = CommitOne(*writes[0]->body);
      return;
    }
    Status status = Begin();
    if (status) {
      for (PendingWrite* write : writes) write->status = Nested(*write->body);
      status = End({});
    }
    if (status) return;
    for (PendingWrite* write : writes) {
      if (write->status) write->status = status;
    }
  }

  /// One body among others: its failure takes back its own changes alone.
  Status Nested(const std::function<Status()>& body) {
    QUERN_TRY(Execute("SAVEPOINT one", {}));
    Status status = body();
    if (!status) QUERN_TRY(Execute("ROLLBACK TO one", {}));
    QUERN_TRY(Execute("RELEASE one", {}));
    return status;
  }

  std::recursive_mutex mutex_;
  std::unique_ptr<SqliteConnection> writer_;
  std::unique_ptr<ReaderPool> readers_;
  std::atomic<std::thread::id> owner_;
  GroupCommit group_;
};

/// PRAGMA user_version of a file, as its schema's number.
class SqliteSchema : public SchemaStore {
 public:
  SqliteSchema(SqliteDatabase& database, const std::string& path, Fs& fs)
      : database_(database), path_(path), fs_(fs) {}
  std::string name() const override { return path_; }
  Result<int64_t> Version() override {
    int64_t version = 0;
    // In a transaction also when it is asked outside of one: the writer's view, not a reader's.
    QUERN_TRY(database_.Transaction([&] {
      return database_.Query("PRAGMA user_version", {},
                             [&](const Row& row) { version = row.Int(0); });
    }));
    return version;
  }
  Status SetVersion(int64_t version) override {
    return database_.Script("PRAGMA user_version = " + std::to_string(version));
  }
  Status SetAside(int64_t version) override {
    return fs_.Copy(path_, path_ + ".bak-" + std::to_string(version));
  }
  Status Apply(std::string_view sql) override { return database_.Script(std::string(sql)); }
  Status Transaction(const std::function<Status()>& body) override {
    return database_.Transaction(body);
  }

 private:
  SqliteDatabase& database_;
  const std::string& path_;
  Fs& fs_;
};

}  // namespace

Result<std::unique_ptr<Database>> OpenSqlite(const std::string& path, Fs& fs,
                                             Durability durability) {
  if (path != kInMemory) QUERN_TRY(fs.MakeDirs(DirName(path)));
  QUERN_ASSIGN(auto writer, SqliteConnection::Open(path, false));
  QUERN_TRY(writer->Script(durability == Durability::kSafe ? kSafePragmas : kRelaxedPragmas));
  auto database = std::make_unique<SqliteDatabase>(std::move(writer), path);
  SqliteSchema schema(*database, path, fs);
  QUERN_TRY(Migrate(schema));
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace quern::store
