#include "store/postgres.h"

#include <utility>

#include "store/engine_database.h"
#include "store/migrate.h"
#include "store/postgres_connection.h"
#include "store/postgres_schema.h"

namespace quern::store {
namespace {

constexpr size_t kPostgresReaders = 8;
constexpr int kOldestServer = 120000;

// Many conditions in one search look expensive to PostgreSQL, and compiling them to machine code
// (jit) takes seconds where running them takes none. A safe writer is as safe as the server is set
// up to be, but never less than its own disk.
// What a reader has given up the server need not finish.
constexpr char kReader[] =
    "SET jit = off; SET default_transaction_read_only = on; SET statement_timeout = '60s'";
constexpr char kSafeWriter[] =
    "SET jit = off; SET lock_timeout = '10s'; "
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') = 'off'";
constexpr char kRelaxedWriter[] =
    "SET jit = off; SET lock_timeout = '10s'; SET synchronous_commit = off";

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
               PostgresConnection::Open(*server.libpq, {uri, server.place, session, {}}));
  QUERN_TRY(CheckServer(*server.writer, server.place));
  return server;
}

}  // namespace

Result<std::unique_ptr<Database>> OpenPostgres(const std::string& uri, Durability durability,
                                               Upgrade upgrade, Patience patience) {
  QUERN_ASSIGN(auto server, Connect(uri, durability));
  const Libpq* libpq = server.libpq;
  const std::string place = server.place;
  auto readers = std::make_unique<ReaderPool>(
      [libpq, uri, place, patience] {
        return PostgresConnection::Open(*libpq, {uri, place, kReader, patience.reader});
      },
      kPostgresReaders);
  PostgresConnection& writer = *server.writer;
  auto database = std::make_unique<EngineDatabase>(Dialect::kPostgres, std::move(server.writer),
                                                   std::move(readers));
  PostgresSchema schema(*database, place, upgrade);
  // All of it in one transaction: whoever starts at the same moment waits, and finds it done.
  QUERN_TRY(database->Transaction([&] { return Migrate(schema); }));
  // A migration of large tables takes its time; whatever else writes does not.
  writer.SetPatience(patience.writer);
  return std::unique_ptr<Database>(std::move(database));
}

Result<int64_t> PostgresSchemaVersion(const std::string& uri) {
  QUERN_ASSIGN(auto server, Connect(uri, Durability::kSafe));
  EngineDatabase database(Dialect::kPostgres, std::move(server.writer), nullptr);
  PostgresSchema schema(database, server.place, Upgrade::kRefuse);
  return KnownVersion(schema);
}

}  // namespace quern::store
