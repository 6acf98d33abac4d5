#include "store/migrate.h"

#include "store/migrations.h"

namespace quern::store {
namespace {

/// Nothing but Quern's own tables may be there: names would clash, or soon will.
Status CheckEmpty(SchemaStore& schema) {
  QUERN_ASSIGN(const std::string table, schema.AnyTable());
  if (table.empty()) return {};
  return Fail(Code::kFailedPrecondition,
              "'" + schema.name() + "' holds tables that are not Quern's, such as '" + table + "'",
              "give Quern a database of its own, which may be empty or absent");
}

Result<int64_t> NotNewer(SchemaStore& schema, int64_t newest) {
  QUERN_ASSIGN(const int64_t have, schema.Version());
  if (have <= newest) return have;
  return Fail(Code::kFailedPrecondition,
              "'" + schema.name() + "' has schema " + std::to_string(have) +
                  ", made by a newer Quern; this one (" + QUERN_VERSION + ") knows schema " +
                  std::to_string(newest),
              "run it with the newer program");
}

int64_t Newest() { return static_cast<int64_t>(Migrations().size()); }

}  // namespace

Result<int64_t> KnownVersion(SchemaStore& schema) {
  int64_t have = 0;
  // In one transaction: another process may be about to make the first tables.
  QUERN_TRY(schema.Transaction([&]() -> Status {
    QUERN_ASSIGN(have, NotNewer(schema, Newest()));
    return have == 0 ? CheckEmpty(schema) : Status();
  }));
  return have;
}

Status Migrate(SchemaStore& schema) { return MigrateTo(schema, Newest()); }

Status MigrateTo(SchemaStore& schema, int64_t newest) {
  QUERN_ASSIGN(const int64_t have, NotNewer(schema, newest));
  if (have == newest) return {};
  if (have > 0) QUERN_TRY(schema.SetAside(have));
  for (int64_t version = have; version < newest; ++version) {
    const Migration& migration = Migrations()[static_cast<size_t>(version)];
    Status done = schema.Transaction([&]() -> Status {
      // Two processes may start at once: whoever comes second finds the work done.
      QUERN_ASSIGN(const int64_t now, schema.Version());
      if (now > version) return {};
      if (now == 0) QUERN_TRY(CheckEmpty(schema));
      QUERN_TRY(schema.Apply(migration.sql));
      return schema.SetVersion(version + 1);
    });
    if (!done) return Within(done.error(), "applying migration " + std::string(migration.name));
  }
  return {};
}

}  // namespace quern::store
