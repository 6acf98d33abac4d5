#include "net/server_url.h"

#include <doctest/doctest.h>

namespace quern::net {
namespace {

std::string Read(std::string_view text) {
  const auto url = ParseServerUrl(text);
  return url ? url->Text() : "! " + url.error().message;
}

}  // namespace

TEST_CASE("a server has one spelling") {
  CHECK(Read("http://127.0.0.1:5000") == "http://127.0.0.1:5000");
  CHECK(Read("HTTP://Models.Example.ORG:80/") == "http://models.example.org");
  CHECK(Read("https://h:443/mlflow//") == "https://h/mlflow");
  CHECK(Read("http://[::1]:5000/a") == "http://[::1]:5000/a");
  CHECK(ParseServerUrl("https://h")->port == 443);
  CHECK(ParseServerUrl("http://[::1]")->host == "::1");
}

TEST_CASE("what is no server is named, a password is not") {
  for (const char* bad :
       {"", "5000", "h:5000", "sqlite:///x.db", "http://", "http://:5000", "http://h:0",
        "http://h:65536", "http://h:x", "http://[::1", "http://[zz]", "http://a b", "http://h/?q=1",
        "http://h?q", "http://h/#f", "http://h/a b", "ftp://h", "http://h:1:2"}) {
    CAPTURE(bad);
    const auto url = ParseServerUrl(bad);
    REQUIRE(!url);
    CHECK(url.error().code == Code::kInvalidArgument);
  }
  const std::string said = ParseServerUrl("http://ada:hush@h:5000").error().ToString();
  CHECK(said.find("hush") == std::string::npos);
  CHECK(said.find("password") != std::string::npos);
}

}  // namespace quern::net
