#pragma once
// Inside of store/ only: which schema a PostgreSQL database has.
#include <string>
#include <string_view>

#include "store/engine_database.h"
#include "store/migrate.h"
#include "store/postgres.h"

namespace quern::store {

/// The one row of the table quern_schema, as the schema's number. Borrows all.
class PostgresSchema : public SchemaStore {
 public:
  PostgresSchema(EngineDatabase& database, const std::string& place, Upgrade upgrade)
      : database_(database), place_(place), upgrade_(upgrade) {}

  std::string name() const override { return place_; }
  Result<int64_t> Version() override;
  Result<std::string> AnyTable() override;
  Status SetVersion(int64_t version) override;
  Status SetAside(int64_t version) override;
  Status Apply(std::string_view sql) override;
  Status Transaction(const std::function<Status()>& body) override {
    return database_.Transaction(body);
  }

 private:
  EngineDatabase& database_;
  const std::string& place_;
  Upgrade upgrade_;
};

}  // namespace quern::store
