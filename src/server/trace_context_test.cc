#include "server/trace_context.h"

#include <doctest/doctest.h>

#include <string>

namespace quern::server {
namespace {

// The examples of https://www.w3.org/TR/trace-context/, section 3.2.
TEST_CASE("a traceparent is read and written back") {
  const std::string sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  auto context = ParseTraceparent(sampled);
  REQUIRE(context);
  CHECK(context->sampled);
  CHECK(context->trace[0] == 0x4b);
  CHECK(context->parent[7] == 0xb7);
  std::array<char, kTraceparentBytes> out{};
  WriteTraceparent(*context, out);
  CHECK(std::string(out.data(), out.size()) == sampled);
  context = ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
  REQUIRE(context);
  CHECK_FALSE(context->sampled);
  WriteTraceparent(*context, out);
  CHECK(std::string(out.data(), out.size()).ends_with("-00"));
  CHECK(ParseTraceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later"));
}

TEST_CASE("what is no traceparent is none") {
  for (const char* wrong : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
                            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
                            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}) {
    CAPTURE(wrong);
    CHECK_FALSE(ParseTraceparent(wrong));
  }
}

}  // namespace
}  // namespace quern::server
