#include "net/strict.h"

#include <doctest/doctest.h>

#include "net/compression.h"

namespace quern::net {
namespace {

using Verdict = HeadScanner::Verdict;

std::string Problem(std::string_view bytes) {
  HeadScanner scanner;
  return scanner.Scan(bytes) == Verdict::kBad ? std::string(scanner.problem()) : "";
}

int StatusOf(std::vector<Header> headers, int version = 11) {
  Head head{"POST", "/", version, &headers};
  auto refusal = CheckHead(head);
  if (!refusal) refusal = CheckLength(headers, 100);
  return refusal ? refusal->status : 200;
}

TEST_CASE("a good head is found whole, in pieces too, and what follows is left alone") {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  HeadScanner scanner;
  std::string seen;
  for (char c : head.substr(0, head.size() - 1)) {
    seen += c;
    REQUIRE(scanner.Scan(seen) == Verdict::kMore);
  }
  CHECK(scanner.Scan(head + "GET /next") == Verdict::kDone);
  CHECK(scanner.length() == head.size());
}

TEST_CASE("bytes that two parsers read differently are refused") {
  CHECK(Problem("GET / HTTP/1.1\nHost: a\n\n").find("line feed") == 2);
  CHECK(Problem("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n").find("carriage return") == 2);
  CHECK(Problem("\r\nGET / HTTP/1.1\r\n\r\n").find("empty line") == 3);
  CHECK(Problem("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n").find("folded") != std::string::npos);
  CHECK(Problem(std::string("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 28)).find("zero byte") == 2);
  CHECK(Problem("GET / HTTP/1.1\r\n").empty());
}

TEST_CASE("framing headers") {
  Header host{"Host", "localhost:8080"};
  CHECK(StatusOf({host}) == 200);
  CHECK(StatusOf({}) == 400);
  CHECK(StatusOf({}, 10) == 200);
  CHECK(StatusOf({host, host}) == 400);
  CHECK(StatusOf({{"Host", "a b"}}) == 400);
  CHECK(StatusOf({{"Host", "user@a"}}) == 400);
  CHECK(StatusOf({{"Host", "[::1]:80"}}) == 200);
  CHECK(StatusOf({host, {"Content-Length", "100"}}) == 200);
  CHECK(StatusOf({host, {"Content-Length", "101"}}) == 413);
  CHECK(StatusOf({host, {"Content-Length", "+1"}}) == 400);
  CHECK(StatusOf({host, {"Content-Length", "1, 1"}}) == 400);
  CHECK(StatusOf({host, {"Content-Length", "0x10"}}) == 400);
  CHECK(StatusOf({host, {"Content-Length", "99999999999999999999999"}}) == 400);
  CHECK(StatusOf({host, {"Content-Length", "1"}, {"content-length", "1"}}) == 400);
  CHECK(StatusOf({host, {"Transfer-Encoding", "chunked"}}) == 200);
  CHECK(StatusOf({host, {"Transfer-Encoding", "chunked, identity"}}) == 400);
  CHECK(StatusOf({host, {"Transfer-Encoding", "gzip, chunked"}}) == 400);
  CHECK(StatusOf({host, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "x"}}) == 400);
  CHECK(StatusOf({host, {"Transfer-Encoding", "chunked"}}, 10) == 400);
  CHECK(StatusOf({host, {"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}}) == 400);
  CHECK(StatusOf({host, {"Expect", "100-continue"}}) == 200);
  CHECK(StatusOf({host, {"Expect", "tea"}}) == 417);
}

TEST_CASE("targets are split and decoded exactly once") {
  HttpRequest request;
  CHECK_FALSE(SplitTarget("/v2/models/a%2Fb%2525/infer?x=%20", &request));
  CHECK(request.path == "/v2/models/a%2Fb%2525/infer");
  CHECK(request.query == "x=%20");
  CHECK(request.segments == std::vector<std::string>{"v2", "models", "a/b%25", "infer"});
  CHECK_FALSE(SplitTarget("http://localhost:1/ping", &request));
  CHECK(request.segments == std::vector<std::string>{"ping"});
  CHECK_FALSE(SplitTarget("/", &request));
  CHECK(request.segments.empty());
  for (const char* bad :
       {"ping", "*", "/%", "/%4", "/%zz", "/%00", "/%0a", "/%ff", "/a#b", "/a b"}) {
    CHECK_MESSAGE(SplitTarget(bad, &request).has_value(), bad);
  }
}

TEST_CASE("decompression is bounded and refuses broken data") {
  std::string text(300000, 'a');
  std::string packed = GzipCompress(text);
  CHECK(Decompress(packed, "gzip", 300000).value() == text);
  CHECK(Decompress(packed, "gzip", 299999).error().code == Code::kResourceExhausted);
  CHECK(Decompress(packed.substr(0, packed.size() / 2), "gzip", 1 << 20).error().code ==
        Code::kInvalidArgument);
  CHECK_FALSE(Decompress(packed + "x", "gzip", 1 << 20).has_value());
  CHECK_FALSE(Decompress("plain", "gzip", 1 << 20).has_value());
  CHECK_FALSE(Decompress("", "deflate", 1 << 20).has_value());
  CHECK_FALSE(Decompress(packed, "br", 1 << 20).has_value());
}

}  // namespace
}  // namespace quern::net
