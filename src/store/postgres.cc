#include "store/postgres.h"

#include <utility>

#include "store/engine_database.h"
#include "store/migrate.h"
#include "store/migrations.h"
#include "store/postgres_connection.h"
#include "store/postgres_sql.h"

namespace quern::store {
namespace {

constexpr size_t kMaxReaders = 8;
constexpr int kOldestServer = 120000;

// Many conditions in one search look expensive to PostgreSQL, and compiling them to machine code
// (jit) takes seconds where running them takes none. A safe writer is as safe as the server is set
// up to be, but never less than its own disk.
constexpr char kReader[] = "SET jit = off; SET default_transaction_read_only = on";
constexpr char kSafeWriter[] =
    "SET jit = off; SET lock_timeout = '10s'; "
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') = 'off'";
constexpr char kRelaxedWriter[] =
    "SET jit = off; SET lock_timeout = '10s'; SET synchronous_commit = off";

// A row with a number of its own moves the counter of its column on, as SQLite's AUTOINCREMENT
// does; PostgreSQL alone would give the same number again. For the columns that have no such
// trigger yet.
constexpr char kKeepCounters[] = R"sql(
CREATE OR REPLACE FUNCTION quern_keep_counter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM setval(TG_ARGV[0]::regclass, (to_jsonb(NEW) ->> TG_ARGV[1])::bigint);
  RETURN NEW;
END $$;
DO $$
DECLARE
  one record;
  counter text;
BEGIN
  FOR one IN
    SELECT c.table_name, c.column_name FROM information_schema.columns c
    WHERE c.table_schema = current_schema() AND c.is_identity = 'YES' AND NOT EXISTS (
      SELECT 1 FROM pg_trigger t WHERE t.tgname = 'quern_keep_counter'
      AND t.tgrelid = format('%I.%I', c.table_schema, c.table_name)::regclass)
  LOOP
    counter := pg_get_serial_sequence(quote_ident(one.table_name), one.column_name);
    EXECUTE format(
      'SELECT setval(%1$L, max(%2$I)) FROM %3$I HAVING max(%2$I) > coalesce(pg_sequence_last_value(%1$L::regclass), 0)',
      counter, one.column_name, one.table_name);
    EXECUTE format(
      'CREATE TRIGGER quern_keep_counter BEFORE INSERT ON %3$I FOR EACH ROW '
      'WHEN (NEW.%2$I > coalesce(pg_sequence_last_value(%1$L::regclass), 0)) '
      'EXECUTE FUNCTION quern_keep_counter(%1$L, %2$L)',
      counter, one.column_name, one.table_name);
  END LOOP;
END $$;
)sql";

/// The one row of the table quern_schema, as the schema's number.
class PostgresSchema : public SchemaStore {
 public:
  PostgresSchema(EngineDatabase& database, const std::string& place, Upgrade upgrade)
      : database_(database), place_(place), upgrade_(upgrade) {}

  std::string name() const override { return place_; }

  Result<int64_t> Version() override {
    bool there = false;
    QUERN_TRY(database_.Query("SELECT to_regclass('quern_schema') IS NOT NULL", {},
                              [&](const Row& row) { there = row.Int(0) != 0; }));
    int64_t version = 0;
    if (!there) return version;
    QUERN_TRY(database_.Query("SELECT version FROM quern_schema", {},
                              [&](const Row& row) { version = row.Int(0); }));
    return version;
  }

  Result<std::string> AnyTable() override {
    std::string table;
    QUERN_TRY(
        database_.Query("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND "
                        "tablename <> 'quern_schema' LIMIT 1",
                        {}, [&](const Row& row) { table = row.Text(0); }));
    return table;
  }

  Status SetVersion(int64_t version) override {
    QUERN_TRY(
        database_.Script("CREATE TABLE IF NOT EXISTS quern_schema (version BIGINT NOT NULL)"));
    QUERN_TRY(database_.Execute("DELETE FROM quern_schema", {}));
    return database_.Execute("INSERT INTO quern_schema(version) VALUES (?)", {version});
  }

  Status SetAside(int64_t version) override {
    if (upgrade_ == Upgrade::kApply) return {};
    return Fail(Code::kFailedPrecondition,
                "'" + place_ + "' has schema " + std::to_string(version) +
                    ", and this program needs schema " + std::to_string(Migrations().size()),
                "stop the older servers, back the database up (pg_dump) and run `quern db upgrade` "
                "with its URI");
  }

  Status Apply(std::string_view sql) override {
    QUERN_TRY(database_.Script(PostgresSchemaSql(sql)));
    return database_.Script(kKeepCounters);
  }

  Status Transaction(const std::function<Status()>& body) override {
    return database_.Transaction(body);
  }

 private:
  EngineDatabase& database_;
  const std::string& place_;
  Upgrade upgrade_;
};

Status CheckServer(const PostgresConnection& connection, const std::string& place) {
  if (connection.server_version() < kOldestServer) {
    return Fail(Code::kFailedPrecondition,
                "'" + place + "' is PostgreSQL " +
                    std::to_string(connection.server_version() / 10000) + ", the oldest is 12",
                "upgrade the server");
  }
  if (connection.encoding() == "UTF8") return {};
  return Fail(Code::kFailedPrecondition,
              "'" + place + "' has the encoding " + connection.encoding() + ", not UTF8",
              "make a database for Quern: createdb --encoding=UTF8 --template=template0 NAME");
}

/// A connection to write with, to a server that will do.
struct Connected {
  const Libpq* libpq = nullptr;
  std::string place;
  std::unique_ptr<PostgresConnection> writer;
};

Result<Connected> Connect(const std::string& uri, Durability durability) {
  Connected server;
  QUERN_ASSIGN(server.libpq, LoadLibpq());
  QUERN_ASSIGN(server.place, PlaceOf(*server.libpq, uri));
  const char* session = durability == Durability::kSafe ? kSafeWriter : kRelaxedWriter;
  QUERN_ASSIGN(server.writer,
               PostgresConnection::Open(*server.libpq, {uri, server.place, session}));
  QUERN_TRY(CheckServer(*server.writer, server.place));
  return server;
}

}  // namespace

Result<std::unique_ptr<Database>> OpenPostgres(const std::string& uri, Durability durability,
                                               Upgrade upgrade) {
  QUERN_ASSIGN(auto server, Connect(uri, durability));
  const Libpq* libpq = server.libpq;
  const std::string place = server.place;
  auto readers = std::make_unique<ReaderPool>(
      [libpq, uri, place] { return PostgresConnection::Open(*libpq, {uri, place, kReader}); },
      kMaxReaders);
  auto database = std::make_unique<EngineDatabase>(Dialect::kPostgres, std::move(server.writer),
                                                   std::move(readers));
  PostgresSchema schema(*database, place, upgrade);
  // All of it in one transaction: whoever starts at the same moment waits, and finds it done.
  QUERN_TRY(database->Transaction([&] { return Migrate(schema); }));
  return std::unique_ptr<Database>(std::move(database));
}

Result<int64_t> PostgresSchemaVersion(const std::string& uri) {
  QUERN_ASSIGN(auto server, Connect(uri, Durability::kSafe));
  EngineDatabase database(Dialect::kPostgres, std::move(server.writer), nullptr);
  PostgresSchema schema(database, server.place, Upgrade::kRefuse);
  return KnownVersion(schema);
}

}  // namespace quern::store
