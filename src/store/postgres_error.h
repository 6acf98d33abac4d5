#pragma once
// Inside of store/ only: what PostgreSQL's errors mean here. None of them holds SQL or a password.
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern::store {

/// Of a SQLSTATE, such as "23505".
Code CodeOfSqlState(std::string_view state);

/// Whether the connection is gone with it: the server stops, starts or was killed.
bool IsLost(std::string_view state);

/// A statement's error as the server told it. `place` is how messages call the database.
std::unexpected<Error> PostgresError(const std::string& place, std::string_view state,
                                     std::string_view text);

/// kUnavailable with what to do. `what` is the message's end; lines become one.
std::unexpected<Error> PostgresUnavailable(const std::string& place, std::string_view what);

}  // namespace quern::store
