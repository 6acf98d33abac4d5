#include "server/http/exchange.h"

#include <doctest/doctest.h>

#include "server/http/respond.h"

namespace quern::server {
namespace {

TEST_CASE("trouble of the server's own is its fault on both paths, not the caller's") {
  Error error{Code::kPermissionDenied, "not writable", "", {}, {}};
  error.where.file = "/var/lib/quern.db";
  net::ResponseWriter out;
  WriteError(error, out);
  CHECK(out.status() == 503);
  CHECK(out.header_lines().find("Retry-After: 1") != std::string_view::npos);
  CHECK(out.body().find("/var/lib") == std::string::npos);
  CHECK(ErrorResponse(error).status == out.status());
  CHECK(ErrorResponse(error).body == out.body());
}

TEST_CASE("a refusal keeps its status") {
  const Error error{Code::kPermissionDenied, "models are not loaded by requests", "", {}, {}};
  net::ResponseWriter out;
  WriteError(error, out);
  CHECK(out.status() == 403);
  CHECK(out.body() == R"({"error":"models are not loaded by requests"})");
}

}  // namespace
}  // namespace quern::server
