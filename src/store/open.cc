#include "store/open.h"

#include <string_view>

#include "store/migrations.h"
#include "store/sqlite.h"

namespace quern::store {
namespace {

constexpr std::string_view kSqlite = "sqlite:///";
constexpr char kExamples[] =
    "give sqlite:///relative/path.db, sqlite:////absolute/path.db, a path, or "
    "postgresql://user:password@host:5432/database";

/// "mysql+pymysql" of "mysql+pymysql://…"; empty for a path.
std::string_view SchemeOf(std::string_view name) {
  const size_t end = name.find("://");
  return end == std::string_view::npos ? std::string_view() : name.substr(0, end);
}

}  // namespace

bool IsPostgresUri(std::string_view name) {
  const std::string_view scheme = SchemeOf(name);
  return scheme == "postgresql" || scheme == "postgres";
}

std::string ShownName(const std::string& name) {
  const std::string_view scheme = SchemeOf(name);
  if (scheme.empty() || scheme == "sqlite") return name;
  std::string_view rest = std::string_view(name).substr(scheme.size() + 3);
  rest = rest.substr(0, rest.find('?'));
  // A password may hold an unescaped '@' or '/': all before the last '@' goes.
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) rest = rest.substr(at + 1);
  return std::string(scheme) + "://" + std::string(rest);
}

Result<std::string> SqlitePath(const std::string& name) {
  if (name.empty()) {
    return Fail(Code::kInvalidArgument, "the name of the database is empty", kExamples);
  }
  if (SchemeOf(name).empty()) return name;
  if (!name.starts_with(kSqlite)) {
    return Fail(Code::kInvalidArgument,
                "'" + ShownName(name) + "' names a database of a kind that Quern does not have",
                kExamples);
  }
  std::string path = name.substr(kSqlite.size());
  if (path.empty() || path.find('?') != std::string::npos) {
    return Fail(Code::kInvalidArgument,
                path.empty() ? "'" + name + "' names no file"
                             : "'" + name + "' has parameters, and Quern knows none for SQLite",
                kExamples);
  }
  return path;
}

Result<std::unique_ptr<Database>> OpenDatabase(const std::string& name, Fs& fs,
                                               Durability durability, Upgrade upgrade) {
  if (IsPostgresUri(name)) return OpenPostgres(name, durability, upgrade);
  QUERN_ASSIGN(const std::string path, SqlitePath(name));
  return OpenSqlite(path, fs, durability);
}

Result<SchemaState> FindSchema(const std::string& name, Fs& fs) {
  SchemaState state;
  state.newest = static_cast<int64_t>(Migrations().size());
  if (IsPostgresUri(name)) {
    QUERN_ASSIGN(state.version, PostgresSchemaVersion(name));
  } else {
    QUERN_ASSIGN(const std::string path, SqlitePath(name));
    QUERN_ASSIGN(state.version, SqliteSchemaVersion(path, fs));
  }
  return state;
}

Result<Upgraded> UpgradeDatabase(const std::string& name, Fs& fs) {
  QUERN_ASSIGN(const SchemaState before, FindSchema(name, fs));
  Upgraded upgraded{before.version, before.newest, {}, {}};
  if (before.version == before.newest) return upgraded;
  QUERN_TRY(OpenDatabase(name, fs, Durability::kSafe, Upgrade::kApply));
  for (const Migration& migration : Migrations().subspan(static_cast<size_t>(before.version))) {
    upgraded.applied.emplace_back(migration.name);
  }
  if (before.version > 0 && !IsPostgresUri(name)) {
    QUERN_ASSIGN(const std::string path, SqlitePath(name));
    upgraded.copy = SqliteCopyName(path, before.version);
  }
  return upgraded;
}

}  // namespace quern::store
