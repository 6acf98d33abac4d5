#include "store/postgres_schema.h"

#include "store/migrations.h"
#include "store/postgres_sql.h"

namespace quern::store {
namespace {

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

}  // namespace

Result<int64_t> PostgresSchema::Version() {
  bool there = false;
  QUERN_TRY(database_.Query("SELECT to_regclass('quern_schema') IS NOT NULL", {},
                            [&](const Row& row) { there = row.Int(0) != 0; }));
  int64_t version = 0;
  if (!there) return version;
  QUERN_TRY(database_.Query("SELECT version FROM quern_schema", {},
                            [&](const Row& row) { version = row.Int(0); }));
  return version;
}

Result<std::string> PostgresSchema::AnyTable() {
  std::string table;
  QUERN_TRY(
      database_.Query("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND "
                      "tablename <> 'quern_schema' LIMIT 1",
                      {}, [&](const Row& row) { table = row.Text(0); }));
  return table;
}

Status PostgresSchema::SetVersion(int64_t version) {
  QUERN_TRY(database_.Script("CREATE TABLE IF NOT EXISTS quern_schema (version BIGINT NOT NULL)"));
  QUERN_TRY(database_.Execute("DELETE FROM quern_schema", {}));
  return database_.Execute("INSERT INTO quern_schema(version) VALUES (?)", {version});
}

Status PostgresSchema::SetAside(int64_t version) {
  if (upgrade_ == Upgrade::kApply) return {};
  return Fail(Code::kFailedPrecondition,
              "'" + place_ + "' has schema " + std::to_string(version) +
                  ", and this program needs schema " + std::to_string(Migrations().size()),
              "stop the older servers, back the database up (pg_dump) and run `quern db upgrade` "
              "with its URI");
}

Status PostgresSchema::Apply(std::string_view sql) {
  QUERN_TRY(database_.Script(PostgresSchemaSql(sql)));
  return database_.Script(kKeepCounters);
}

}  // namespace quern::store
