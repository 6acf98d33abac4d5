#include "store/sqlite.h"

#include <utility>

#include "store/database.h"
#include "store/engine_database.h"
#include "store/migrate.h"
#include "store/sqlite_connection.h"

namespace quern::store {
namespace {

constexpr size_t kSqliteReaders = 4;
// Of each reader, in KB. SQLite's own 2 MB hold less than what a page of 100 runs among a few
// thousand is chosen from.
constexpr char kReaderPragmas[] = "PRAGMA cache_size = -8000;";
// Of a new file alone, and before all else: lets pages that nothing needs be given back in small
// steps (database_space.h).
constexpr char kNewFilePragmas[] = "PRAGMA auto_vacuum = INCREMENTAL;";
constexpr char kSafePragmas[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";
constexpr char kRelaxedPragmas[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;";

/// PRAGMA user_version of a file, as its schema's number.
class SqliteSchema : public SchemaStore {
 public:
  SqliteSchema(EngineDatabase& database, const std::string& path, Fs& fs)
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
  Result<std::string> AnyTable() override {
    std::string table;
    QUERN_TRY(database_.Query("SELECT name FROM sqlite_master WHERE type = 'table' LIMIT 1", {},
                              [&](const Row& row) { table = row.Text(0); }));
    return table;
  }
  Status SetVersion(int64_t version) override {
    return database_.Script("PRAGMA user_version = " + std::to_string(version));
  }
  /// SQLite writes the copy: it knows what still stands in the write-ahead log.
  Status SetAside(int64_t version) override {
    const std::string copy = SqliteCopyName(path_, version), draft = copy + ".tmp";
    QUERN_TRY(fs_.RemoveAll(draft));
    Status done = database_.Execute("VACUUM INTO ?", {draft});
    if (done) done = fs_.MoveInto(draft, copy);
    if (!done) (void)fs_.RemoveAll(draft);
    return done;
  }
  Status Apply(std::string_view sql) override { return database_.Script(std::string(sql)); }
  Status Transaction(const std::function<Status()>& body) override {
    return database_.Transaction(body);
  }

 private:
  EngineDatabase& database_;
  const std::string& path_;
  Fs& fs_;
};

Result<std::unique_ptr<Connection>> OpenReader(const std::string& path) {
  QUERN_ASSIGN(auto reader, SqliteConnection::Open(path, true));
  QUERN_TRY(reader->Script(kReaderPragmas));
  return std::unique_ptr<Connection>(std::move(reader));
}

}  // namespace

std::string SqliteCopyName(const std::string& path, int64_t version) {
  return path + ".bak-" + std::to_string(version);
}

Result<int64_t> SqliteSchemaVersion(const std::string& path, Fs& fs) {
  if (!fs.Exists(path)) {
    return Fail(Code::kNotFound, "there is no database '" + path + "'",
                "name the folder that holds it (--root), or the database itself "
                "(--backend-store-uri)");
  }
  QUERN_ASSIGN(auto connection, SqliteConnection::Open(path, false));
  EngineDatabase database(Dialect::kSqlite, std::move(connection), nullptr);
  SqliteSchema schema(database, path, fs);
  return KnownVersion(schema);
}

Result<std::unique_ptr<Database>> OpenSqlite(const std::string& path, Fs& fs,
                                             Durability durability) {
  if (path != kInMemory) QUERN_TRY(fs.MakeDirs(DirName(path)));
  QUERN_ASSIGN(auto writer, SqliteConnection::Open(path, false));
  QUERN_TRY(writer->Script(kNewFilePragmas));
  QUERN_TRY(writer->Script(durability == Durability::kSafe ? kSafePragmas : kRelaxedPragmas));
  std::unique_ptr<ReaderPool> readers;
  if (path != kInMemory) {
    readers = std::make_unique<ReaderPool>([path] { return OpenReader(path); }, kSqliteReaders);
  }
  auto database =
      std::make_unique<EngineDatabase>(Dialect::kSqlite, std::move(writer), std::move(readers));
  SqliteSchema schema(*database, path, fs);
  QUERN_TRY(Migrate(schema));
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace quern::store
