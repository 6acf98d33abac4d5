#include "store/artifact_path.h"

#include <doctest/doctest.h>

namespace quern::store {
namespace {

TEST_CASE("good paths come back unchanged") {
  for (std::string_view path :
       {"a", "a/b", "1/0123/artifacts/model/MLmodel", ".hidden", "...", "a..b", "..a", "50%.txt",
        "100%25", "a%20b", "%", "%4", "%zz", "a b#c?d&e=f", "Überfall/日本語.txt", "C:", "c:x"}) {
    CHECK_MESSAGE(CleanArtifactPath(path) == std::string(path), path);
  }
  CHECK(CleanArtifactPath(std::string(255, 'x')));
}

TEST_CASE("paths that lead elsewhere are refused, however often they are encoded") {
  const std::string nul("a\0b", 3);
  std::string wrapped = "..";
  std::vector<std::string> bad = {
      "",
      "/",
      "/etc/passwd",
      "//a",
      "a//b",
      "a/",
      ".",
      "..",
      "./a",
      "a/.",
      "a/./b",
      "../a",
      "a/..",
      "a/../b",
      "a/../../etc/passwd",
      "..\\a",
      "a\\..\\b",
      "a\\b",
      "C:/Windows",
      "c:\\x",
      nul,
      "a\nb",
      "a\x7f",
      "\xff",
      "a/\xc3",
      "%2e%2e",
      "%2E%2E/a",
      ".%2e/a",
      "a%2f..%2fb",
      "%2fetc",
      "a/%2e/b",
      "a%5cb",
      "a%00",
      "a%0ab",
      "a%2f%2fb",
      "%252e%252e/a",
      "%25252e%25252e%25252fa",
      "%c0%ae%c0%ae/a",
      "%ff",
      std::string(256, 'x'),
      std::string("a/") + std::string(256, 'x'),
  };
  for (int layer = 0; layer < 40; ++layer) {
    bad.push_back(wrapped + "/x");
    std::string more;
    for (char c : wrapped) more += c == '%' ? "%25" : c == '.' ? "%2e" : std::string(1, c);
    wrapped = more;
  }
  std::string deep = "x";
  while (deep.size() < 3000) deep += "/x";
  bad.push_back(deep);
  for (const std::string& path : bad) {
    auto clean = CleanArtifactPath(path);
    CHECK_MESSAGE(!clean, path);
    if (clean) continue;
    CHECK(clean.error().code == Code::kInvalidArgument);
    CHECK(clean.error().message == "Invalid path");
    CHECK_FALSE(clean.error().hint.empty());
  }
}

}  // namespace
}  // namespace quern::store
