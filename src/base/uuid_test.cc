#include "base/uuid.h"

#include <doctest/doctest.h>

#include <string>

namespace quern {
namespace {

std::string Text(const Uuid& uuid) {
  std::string text(kUuidText, ' ');
  FormatUuid(uuid, std::span<char, kUuidText>(text.data(), kUuidText));
  return text;
}

// RFC 9562, appendix A.6.
TEST_CASE("the example of the RFC") {
  const std::array<uint8_t, kUuidRandom> random{0x0c, 0xc3, 0x18, 0xc4, 0xdc,
                                                0x0c, 0x0c, 0x07, 0x39, 0x8f};
  CHECK(Text(MakeUuid7(0x017F22E279B0, random)) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST_CASE("ids that follow keep version, variant and time, and go around at the end") {
  std::array<uint8_t, kUuidRandom> random{};
  random.fill(0xff);
  const Uuid last = MakeUuid7(1, random);
  CHECK(Text(last) == "00000000-0001-7fff-bfff-ffffffffffff");
  CHECK(Text(After(last, 0)) == Text(last));
  CHECK(Text(After(last, 1)) == "00000000-0001-7fff-8000-000000000000");
  CHECK(Text(After(last, 258)) == "00000000-0001-7fff-8000-000000000101");
}

}  // namespace
}  // namespace quern
