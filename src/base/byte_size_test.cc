#include "base/byte_size.h"

#include <doctest/doctest.h>

namespace quern {

TEST_CASE("numbers of bytes") {
  CHECK(ParseByteSize("67108864").value() == 67108864);
  CHECK(ParseByteSize("0").value() == 0);
  for (const char* text : {"64MB", "64mb", "64m", "64 MiB", "64MiB"}) {
    CHECK(ParseByteSize(text).value() == 64u << 20);
  }
  CHECK(ParseByteSize("2TB").value() == uint64_t{2} << 40);
  CHECK(ParseByteSize("10b").value() == 10);
  for (const char* text : {"", "MB", "-1", "64XB", "1.5MB", "1 2", "many", "9223372036854775807",
                           "4194304TB", "99999999999999999999"}) {
    CHECK(ParseByteSize(text).error().message ==
          "'" + std::string(text) + "' is not a number of bytes such as 67108864 or 64MB");
  }
}

}  // namespace quern
