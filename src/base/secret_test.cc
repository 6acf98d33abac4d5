#include "base/secret.h"

#include <doctest/doctest.h>

#include "base/base64.h"

namespace quern {

TEST_CASE("base64 of RFC 4648's examples, and what is none") {
  const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : examples) {
    CHECK(ToBase64(bytes) == text);
    CHECK(FromBase64(text) == bytes);
  }
  CHECK(FromBase64("Zm9vYg") == "foob");
  CHECK(FromBase64("-_-_") == FromBase64("+/+/"));
  for (const char* bad : {"Z", "Zg=", "Zg===", "Z g=", "Zh==", "Zm9v!", "=", "===="}) {
    CAPTURE(bad);
    CHECK_FALSE(FromBase64(bad));
  }
  const std::string noise = RandomBytes(1000);
  CHECK(FromBase64(ToBase64(noise)) == noise);
  CHECK(ToBase64Url("\xfb\xef\xff\xfe") == "--___g");
  CHECK(FromBase64Url("--___g") == "\xfb\xef\xff\xfe");
  for (const char* bad : {"++//", "Zg==", "Z", "Zh", "Z g"}) CHECK_FALSE(FromBase64Url(bad));
}

TEST_CASE("HMAC-SHA-256 of RFC 4231, test case 2") {
  CHECK(ToBase64(HmacSha256("Jefe", "what do ya want for nothing?")) ==
        "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
}

TEST_CASE("a sealed text opens with its key and its place alone") {
  const std::string key = RandomBytes(kSealKeyBytes);
  std::string sealed = Seal(key, "hush", "row 1");
  CHECK(sealed.find("hush") == std::string::npos);
  CHECK(sealed != Seal(key, "hush", "row 1"));
  CHECK(*Unseal(key, sealed, "row 1") == "hush");
  CHECK(Unseal(key, sealed, "row 2").error().code == Code::kDataLoss);
  CHECK_FALSE(Unseal(RandomBytes(kSealKeyBytes), sealed, "row 1"));
  CHECK_FALSE(Unseal(key, sealed.substr(0, 20), "row 1"));
  CHECK(Unseal(key, Seal(key, "", "r"), "r") == std::string());
  sealed[14] = static_cast<char>(sealed[14] ^ 1);
  CHECK_FALSE(Unseal(key, sealed, "row 1"));
}

}  // namespace quern
