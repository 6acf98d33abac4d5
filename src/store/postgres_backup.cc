#include "store/postgres_backup.h"

#include <fcntl.h>

#include <array>
#include <memory>

#include "base/fd.h"
#include "base/text.h"
#include "store/engine_database.h"
#include "store/migrations.h"
#include "store/postgres_connection.h"
#include "store/postgres_schema.h"
#include "store/postgres_tables.h"
#include "store/statistics.h"

namespace quern::store {
namespace {

constexpr char kTables[] = "tables.json";
// Times and numbers as the next server reads them, whatever this one is set to.
constexpr char kSession[] =
    "SET jit = off; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; "
    "SET extra_float_digits = 3; SET lock_timeout = '10s'";

std::string Name(const std::string& text) { return Quoted(text, '"'); }

std::string FileOf(const std::string& folder, const std::string& table) {
  return JoinPath(folder, table + ".copy");
}

std::string ColumnsOf(const PostgresTables::Table& table) {
  std::string list;
  for (const std::string& column : table.columns) {
    list += (list.empty() ? "" : ", ") + Name(column);
  }
  return Name(table.name) + " (" + list + ")";
}

Result<std::vector<std::string>> Texts(Connection& connection, std::string_view sql,
                                       const std::vector<Param>& params = {}) {
  std::vector<std::string> texts;
  QUERN_TRY(connection.Query(sql, params, [&](const Row& row) { texts.push_back(row.Text(0)); }));
  return texts;
}

constexpr char kTableNames[] =
    "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() AND "
    "tablename <> 'quern_schema' ORDER BY 1";

Result<PostgresTables> Describe(Connection& connection) {
  QUERN_ASSIGN(auto names, Texts(connection, kTableNames));
  std::vector<std::pair<std::string, std::string>> refers;
  QUERN_TRY(connection.Query(
      "SELECT f.relname::text, t.relname::text FROM pg_constraint c JOIN pg_class f ON "
      "f.oid = c.conrelid JOIN pg_class t ON t.oid = c.confrelid WHERE c.contype = 'f' AND "
      "c.connamespace = current_schema()::regnamespace",
      {}, [&](const Row& row) { refers.emplace_back(row.Text(0), row.Text(1)); }));
  PostgresTables all;
  for (const std::string& name : InOrderOfReference(std::move(names), refers)) {
    PostgresTables::Table table{name, {}, 0};
    QUERN_ASSIGN(table.columns,
                 Texts(connection,
                       "SELECT column_name::text FROM information_schema.columns WHERE "
                       "table_schema = current_schema() AND table_name = ? ORDER BY "
                       "ordinal_position",
                       {name}));
    all.tables.push_back(std::move(table));
  }
  QUERN_TRY(connection.Query(
      "SELECT table_name::text, column_name::text, coalesce(pg_sequence_last_value("
      "pg_get_serial_sequence(quote_ident(table_name), column_name)::regclass), 0) "
      "FROM information_schema.columns WHERE table_schema = current_schema() AND "
      "is_identity = 'YES' ORDER BY 1, 2",
      {}, [&](const Row& row) { all.counters.push_back({row.Text(0), row.Text(1), row.Int(2)}); }));
  return all;
}

/// Gives the pieces of a file, "" at its end.
class Pieces {
 public:
  static Result<Pieces> Open(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.valid()) return Pieces(std::move(fd), path);
    return Fail(Code::kDataLoss, "the copy lacks '" + path + "'");
  }
  Result<std::string> Next() {
    std::string piece(256u << 10, '\0');
    const ssize_t got = ::read(fd_.get(), piece.data(), piece.size());
    if (got < 0) return Fail(Code::kUnavailable, "cannot read '" + path_ + "'");
    piece.resize(static_cast<size_t>(got));
    return piece;
  }

 private:
  Pieces(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  UniqueFd fd_;
  std::string path_;
};

/// In a transaction that holds Quern's lock of writers.
Status MakeRoom(EngineDatabase& database, PostgresSchema& schema, const std::string& place,
                bool replace) {
  QUERN_ASSIGN(const int64_t version, schema.Version());
  if (version == 0) return {};  // empty, or somebody else's: migrating tells
  int64_t rows = 0;
  QUERN_TRY(database.Query(
      "SELECT (SELECT count(*) FROM experiments WHERE id <> 0) + (SELECT count(*) FROM runs)", {},
      [&](const Row& row) { rows = row.Int(0); }));
  if (rows > 0 && !replace) {
    return Fail(Code::kFailedPrecondition, "the database '" + place + "' is not empty",
                "name another database, or say --replace");
  }
  std::vector<std::string> names;
  QUERN_TRY(database.Query(kTableNames, {}, [&](const Row& row) { names.push_back(row.Text(0)); }));
  for (const std::string& name : names) {
    QUERN_TRY(database.Script("DROP TABLE " + Name(name) + " CASCADE"));
  }
  return database.Script("DROP TABLE quern_schema");
}

Status Load(EngineDatabase& database, PostgresConnection& connection, const PostgresTables& all,
            const std::string& folder, const CancelToken& cancel, Progress& progress) {
  size_t done = 0;
  for (const PostgresTables::Table& table : all.tables) {
    // Rows that a migration made are in the copy too.
    QUERN_TRY(database.Script("DELETE FROM " + Name(table.name)));
    QUERN_ASSIGN(Pieces pieces, Pieces::Open(FileOf(folder, table.name)));
    // Counters are set at once below, not row by row.
    QUERN_TRY(database.Script("ALTER TABLE " + Name(table.name) + " DISABLE TRIGGER USER"));
    QUERN_TRY(
        connection.CopyIn("COPY " + ColumnsOf(table) + " FROM STDIN", [&]() -> Result<std::string> {
          QUERN_TRY(cancel.Check());
          return pieces.Next();
        }));
    QUERN_TRY(database.Script("ALTER TABLE " + Name(table.name) + " ENABLE TRIGGER USER"));
    progress.Update(++done, all.tables.size(), "tables");
  }
  for (const auto& counter : all.counters) {
    if (counter.value == 0) continue;
    QUERN_TRY(
        database.Query("SELECT setval(pg_get_serial_sequence(quote_ident(?), ?)::regclass, ?)",
                       {counter.table, counter.column, counter.value}, [](const Row&) {}));
  }
  return {};
}

}  // namespace

Result<DatabaseCopy> BackUpPostgres(const std::string& uri, const std::string& folder, Fs& fs,
                                    const CancelToken& cancel, Progress& progress) {
  QUERN_ASSIGN(const Libpq* libpq, LoadLibpq());
  QUERN_ASSIGN(const std::string place, PlaceOf(*libpq, uri));
  QUERN_ASSIGN(const auto connection, PostgresConnection::Open(*libpq, {uri, place, kSession, {}}));
  QUERN_TRY(connection->BeginSnapshot());
  DatabaseCopy copy{Dialect::kPostgres, 0};
  QUERN_TRY(connection->Query("SELECT version FROM quern_schema", {},
                              [&](const Row& row) { copy.schema = row.Int(0); }));
  QUERN_ASSIGN(PostgresTables all, Describe(*connection));
  size_t done = 0;
  for (PostgresTables::Table& table : all.tables) {
    QUERN_ASSIGN(const auto file, fs.Create(FileOf(folder, table.name)));
    QUERN_ASSIGN(table.rows, connection->CopyOut("COPY " + ColumnsOf(table) + " TO STDOUT",
                                                 [&](std::string_view bytes) -> Status {
                                                   QUERN_TRY(cancel.Check());
                                                   return file->Append(bytes);
                                                 }));
    progress.Update(++done, all.tables.size(), "tables");
  }
  connection->Rollback();
  QUERN_TRY(fs.WriteAtomic(JoinPath(folder, kTables), all.ToJson()));
  return copy;
}

Status RestorePostgres(const DatabaseCopy& copy, const std::string& folder, const std::string& uri,
                       bool replace, Fs& fs, const CancelToken& cancel, Progress& progress) {
  if (copy.schema > static_cast<int64_t>(Migrations().size())) {
    return Fail(Code::kFailedPrecondition,
                "the copy has schema " + std::to_string(copy.schema) +
                    ", and this program knows schema " + std::to_string(Migrations().size()),
                "restore it with the newer program that made it");
  }
  const std::string path = JoinPath(folder, kTables);
  QUERN_ASSIGN(const std::string text, fs.Read(path));
  QUERN_ASSIGN(const PostgresTables all, PostgresTables::FromJson(text, path));
  QUERN_ASSIGN(const Libpq* libpq, LoadLibpq());
  QUERN_ASSIGN(const std::string place, PlaceOf(*libpq, uri));
  QUERN_ASSIGN(auto opened, PostgresConnection::Open(*libpq, {uri, place, kSession, {}}));
  PostgresConnection& connection = *opened;
  EngineDatabase database(Dialect::kPostgres, std::move(opened), nullptr);
  PostgresSchema schema(database, place, Upgrade::kApply);
  QUERN_TRY(database.Transaction([&]() -> Status {
    QUERN_TRY(MakeRoom(database, schema, place, replace));
    QUERN_TRY(MigrateTo(schema, copy.schema));
    QUERN_TRY(Load(database, connection, all, folder, cancel, progress));
    return Migrate(schema);
  }));
  RefreshStatistics(database);
  return {};
}

}  // namespace quern::store
