#pragma once
// For tests: the same test on every engine of the metadata database.
#include <memory>
#include <string>

#include "base/fs.h"
#include "store/database.h"

namespace quern::store {

enum class Engine { kSqlite, kPostgres };

/// Makes a test case run once per engine, as its SUBCASEs would: call it once, outside of them.
/// Without PostgreSQL on the machine only SQLite, with a message.
Engine EachEngine();

/// A fresh database with the program's schema, gone with the object: a SQLite file, or a schema of
/// the test program's own PostgreSQL server.
class TestDatabase {
 public:
  explicit TestDatabase(Engine engine);
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  Database& operator*() const { return *database_; }
  Database* operator->() const { return database_.get(); }
  /// Its path or URI, for OpenDatabase.
  const std::string& name() const { return name_; }

 private:
  TempDir dir_;
  std::string name_;
  std::unique_ptr<Database> database_;
};

/// A schema that nobody has used, as a URI.
std::string FreshSchema();

}  // namespace quern::store
