#include "net/address.h"

#include <doctest/doctest.h>

namespace quern::net {

TEST_CASE("addresses of the public internet") {
  for (const char* address : {"8.8.8.8", "172.32.0.1", "172.15.255.255", "100.128.0.1", "1.1.1.1",
                              "223.255.255.255", "192.167.1.1", "2606:4700::1111", "::ffff:8.8.8.8",
                              "64:ff9b::808:808", "2002:808:808::1"}) {
    CAPTURE(address);
    CHECK(IsPublicAddress(address));
  }
}

TEST_CASE("addresses that a stranger must not reach through us, in every form") {
  for (const char* address : {"127.0.0.1",
                              "127.255.255.254",
                              "0.0.0.0",
                              "10.1.2.3",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.0.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "192.0.0.8",
                              "192.0.2.1",
                              "198.18.0.1",
                              "198.51.100.7",
                              "203.0.113.9",
                              "224.0.0.1",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "::7f00:1",
                              "64:ff9b::7f00:1",
                              "2002:7f00:1::",
                              "2002:a00:1::1",
                              "fc00::1",
                              "fd12::1",
                              "fe80::1",
                              "fe80::1%eth0",
                              "ff02::1",
                              "2001:db8::1",
                              "2001::1",
                              "3fff::1",
                              "100::1",
                              "",
                              "localhost",
                              "1.2.3",
                              "0x7f.1"}) {
    CAPTURE(address);
    CHECK_FALSE(IsPublicAddress(address));
  }
}

TEST_CASE("names are resolved") {
  const auto numeric = ResolveHost("127.0.0.1");
  REQUIRE(numeric);
  CHECK(*numeric == std::vector<std::string>{"127.0.0.1"});
  // RFC 6761: a name that never has an address.
  CHECK(ResolveHost("nowhere.invalid").error().code == Code::kUnavailable);
}

}  // namespace quern::net
