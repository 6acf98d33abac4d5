#pragma once
// Tables that the tests of this room look at.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "table/session.h"

namespace quern::data {

/// A session in which `create` made a table.
inline std::unique_ptr<table::Session> OpenWith(const std::string& create) {
  auto session = table::Session::Open();
  REQUIRE(session.has_value());
  auto made = (*session)->Execute(create);
  REQUIRE_MESSAGE(made.has_value(), made.error().ToString());
  return std::move(*session);
}

/// One hospital of the example as table t.
inline std::unique_ptr<table::Session> Hospital(const std::string& name) {
  return OpenWith("CREATE TABLE t AS SELECT * FROM read_csv('" QUERN_SOURCE_DIR
                  "/examples/heart/data/processed." +
                  name + ".data', header=true, nullstr=['?', ''])");
}

}  // namespace quern::data
