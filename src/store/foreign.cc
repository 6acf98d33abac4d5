#include "store/foreign.h"

#include "store/engine_database.h"
#include "store/sqlite_connection.h"

namespace quern::store {

Result<std::unique_ptr<Database>> OpenForeignSqlite(const std::string& path) {
  QUERN_ASSIGN(auto connection, SqliteConnection::Open(path, true));
  auto database =
      std::make_unique<EngineDatabase>(Dialect::kSqlite, std::move(connection), nullptr);
  // SQLite looks at the file when it is first asked something.
  QUERN_TRY(database->Query("SELECT count(*) FROM sqlite_master", {}, [](const Row&) {}));
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace quern::store
