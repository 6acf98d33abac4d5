#pragma once
// What takes how much of the metadata database, and giving back what nothing takes any more.
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/database.h"

namespace quern::store {

struct DatabaseSpace {
  struct Table {
    std::string name;
    /// With its indices.
    uint64_t bytes = 0;
  };
  /// The largest first.
  std::vector<Table> tables;
  /// Bytes of the database that hold nothing; 0 for PostgreSQL, which keeps them to itself.
  uint64_t free = 0;
  /// All of it: of SQLite the file without its write-ahead log.
  uint64_t total = 0;
};

/// Reads every page of a SQLite file once.
Result<DatabaseSpace> MeasureDatabase(Database& database);

/// Gives the free pages of a SQLite file back to the file system and shortens its write-ahead log;
/// the bytes by which the file shrank. Others may read and write meanwhile, as it goes in small
/// steps; only a file of before this was foreseen is written anew as a whole, once, while writers
/// wait. PostgreSQL's autovacuum does the same by itself: nothing happens, 0.
Result<uint64_t> GiveSpaceBack(Database& database);

}  // namespace quern::store
