#include "store/open.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/store/engines.h"

namespace quern::store {

TEST_CASE("databases by name") {
  TempDir dir;
  CHECK(OpenDatabase(dir.File("plain.db"), RealFs()));
  CHECK(RealFs().Exists(dir.File("plain.db")));
  CHECK(OpenDatabase("sqlite:///" + dir.File("absolute.db"), RealFs()));
  CHECK(RealFs().Exists(dir.File("absolute.db")));
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  CHECK(OpenDatabase("sqlite:///below/relative.db", RealFs()));
  std::filesystem::current_path(before);
  CHECK(RealFs().Exists(dir.File("below/relative.db")));
}

TEST_CASE("names of no database") {
  for (const char* name :
       {"", "mysql+pymysql://me:secret@host/db", "postgresql+psycopg2://me:secret@host/db",
        "sqlite://", "sqlite:///", "sqlite:///a.db?secret=1", "http://me:secret@host/db",
        "mssql://me:se@cret@host:1/db?password=secret"}) {
    CAPTURE(name);
    const auto opened = OpenDatabase(name, RealFs());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == Code::kInvalidArgument);
    CHECK(opened.error().hint.find("sqlite:////absolute/path.db") != std::string::npos);
    CHECK(opened.error().message.find("me:") == std::string::npos);
    CHECK(opened.error().message.find("cret@") == std::string::npos);
  }
}

TEST_CASE("names as they are shown") {
  CHECK(ShownName("sqlite:///a.db") == "sqlite:///a.db");
  CHECK(ShownName("a/b.db") == "a/b.db");
  CHECK(ShownName("postgresql://me:p@ss/w@h:5432/db?password=x") == "postgresql://h:5432/db");
  CHECK(ShownName("postgres:///db") == "postgres:///db");
}

}  // namespace quern::store
