#pragma once
// Inside of store/ only: brings a database to this program's schema.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern::store {

/// What migrating needs of an engine.
class SchemaStore {
 public:
  virtual ~SchemaStore() = default;
  /// How messages call the database.
  virtual std::string name() const = 0;
  virtual Result<int64_t> Version() = 0;
  /// The name of some table in it; "" if there is none.
  virtual Result<std::string> AnyTable() = 0;
  virtual Status SetVersion(int64_t version) = 0;
  /// Called once before a database that holds something is changed.
  virtual Status SetAside(int64_t version) = 0;
  virtual Status Apply(std::string_view sql) = 0;
  virtual Status Transaction(const std::function<Status()>& body) = 0;
};

/// The schema's number, 0 for a database that is empty. kFailedPrecondition if it is newer than
/// this program's, or a table is somebody else's.
Result<int64_t> KnownVersion(SchemaStore& schema);

/// Applies what is missing, each migration in one transaction. Errors as KnownVersion.
Status Migrate(SchemaStore& schema);
/// The same up to an older schema: for a copy that has it.
Status MigrateTo(SchemaStore& schema, int64_t version);

}  // namespace quern::store
