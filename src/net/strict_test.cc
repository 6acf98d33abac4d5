#include "net/strict.h"

#include <doctest/doctest.h>

#include "net/compression.h"
#include "net/http.h"
#include "net/request_head.h"

namespace quern::net {
namespace {

using Verdict = HeadParser::Verdict;
constexpr size_t kLimit = 16u << 10;

std::string Problem(std::string_view bytes) {
  HeadParser parser(kLimit);
  return parser.Parse(bytes) == Verdict::kBad ? parser.refusal().message : "";
}

int StatusOfHead(const std::vector<Header>& headers, int version = 11) {
  std::string head = version == 10 ? "POST / HTTP/1.0\r\n" : "POST / HTTP/1.1\r\n";
  for (const Header& header : headers) head += header.name + ": " + header.value + "\r\n";
  HeadParser parser(kLimit);
  const Verdict verdict = parser.Parse(head + "\r\n");
  REQUIRE(verdict != Verdict::kMore);
  return verdict == Verdict::kBad ? parser.refusal().status : 200;
}

TEST_CASE("a good head is found whole, in pieces too, and what follows is left alone") {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  HeadParser parser(kLimit);
  std::string seen;
  seen.reserve(head.size());
  for (char c : head.substr(0, head.size() - 1)) {
    seen += c;
    REQUIRE(parser.Parse(seen) == Verdict::kMore);
  }
  seen += '\n';
  CHECK(parser.Parse(seen) == Verdict::kDone);
  CHECK(parser.head().length == head.size());
  parser.Reset();
  std::string two = head + "GET /next";
  CHECK(parser.Parse(two) == Verdict::kDone);
  CHECK(parser.head().length == head.size());
}

TEST_CASE("what a head says") {
  std::string bytes =
      "PATCH /a%20b?c=d&e HTTP/1.1\r\nHost: x:1\r\nX-Empty:\r\nX-Blanks: \t a b \t\r\n"
      "content-LENGTH:007\r\nContent-Encoding: gzip\r\nexpect: 100-Continue\r\n"
      "Authorization: Bearer t\r\nConnection: x , Close\r\n\r\n";
  HeadParser parser(kLimit);
  REQUIRE(parser.Parse(bytes) == Verdict::kDone);
  const RequestHead& head = parser.head();
  CHECK(head.method == "PATCH");
  CHECK(head.path == "/a%20b");
  CHECK(head.query == "c=d&e");
  CHECK(head.headers.size() == 8);
  CHECK(head.headers[1].name == "X-Empty");
  CHECK(head.headers[1].value.empty());
  CHECK(head.headers[2].value == "a b");
  CHECK(head.content_length == 7);
  CHECK(head.encoded());
  CHECK(head.authorization == "Bearer t");
  CHECK(head.expects_continue);
  CHECK_FALSE(head.keep_alive);
  CHECK_FALSE(head.chunked);
  const std::string copy = bytes;
  parser.Rebase(bytes.data(), copy.data());
  bytes.assign(bytes.size(), '#');
  CHECK(head.path == "/a%20b");
  CHECK(head.headers[2].value == "a b");
}

TEST_CASE("which connections are kept") {
  const auto kept = [](std::string_view version, std::string_view connection) {
    HeadParser parser(kLimit);
    const std::string bytes =
        "GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + std::string(connection) + "\r\n";
    REQUIRE(parser.Parse(bytes) == Verdict::kDone);
    return parser.head().keep_alive;
  };
  CHECK(kept("1.1", ""));
  CHECK_FALSE(kept("1.1", "Connection: close\r\n"));
  CHECK_FALSE(kept("1.1", "Connection: keep-alive\r\nConnection: CLOSE\r\n"));
  CHECK(kept("1.1", "Connection: closed\r\n"));
  CHECK_FALSE(kept("1.0", ""));
  CHECK(kept("1.0", "Connection: te, Keep-Alive\r\n"));
}

TEST_CASE("a head that is too long is refused before it ends, one at the limit is not") {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  HeadParser exact(head.size());
  CHECK(exact.Parse(head) == Verdict::kDone);
  HeadParser whole(head.size() - 1);
  CHECK(whole.Parse(head) == Verdict::kBad);
  CHECK(whole.refusal().status == 431);
  HeadParser part(10);
  CHECK(part.Parse("GET /" + std::string(10, 'x')) == Verdict::kBad);
  CHECK(part.refusal().status == 431);
}

TEST_CASE("bytes that two parsers read differently are refused") {
  CHECK(Problem("GET / HTTP/1.1\nHost: a\n\n").find("line feed") == 2);
  CHECK(Problem("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n").find("carriage return") == 2);
  CHECK(Problem("\r\nGET / HTTP/1.1\r\n\r\n").find("empty line") == 3);
  CHECK(Problem("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n").find("folded") != std::string::npos);
  CHECK(Problem(std::string("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 28)).find("zero byte") == 2);
  CHECK(Problem("GET / HTTP/1.1\r\n").empty());
}

TEST_CASE("bad bytes are refused before their line has ended") {
  CHECK(Problem(std::string("\x16\x03\x01\0", 4)).find("zero byte") == 2);
  CHECK(Problem("GET / HTTP/1.1\rX").find("carriage return") == 2);
  CHECK(Problem("GET / HTTP/1.1\r\n X").find("folded") != std::string::npos);
  HeadParser parser(kLimit);
  CHECK(parser.Parse("GET / HTTP/1.1\r") == Verdict::kMore);
  CHECK(parser.Parse("GET / HTTP/1.1\rX") == Verdict::kBad);
}

TEST_CASE("framing headers") {
  Header host{"Host", "localhost:8080"};
  CHECK(StatusOfHead({host}) == 200);
  CHECK(StatusOfHead({}) == 400);
  CHECK(StatusOfHead({}, 10) == 200);
  CHECK(StatusOfHead({host, host}) == 400);
  CHECK(StatusOfHead({{"Host", "a b"}}) == 400);
  CHECK(StatusOfHead({{"Host", "user@a"}}) == 400);
  CHECK(StatusOfHead({{"Host", "[::1]:80"}}) == 200);
  CHECK(StatusOfHead({host, {"Content-Length", "100"}}) == 200);
  CHECK(StatusOfHead({host, {"Content-Length", "+1"}}) == 400);
  CHECK(StatusOfHead({host, {"Content-Length", ""}}) == 400);
  CHECK(StatusOfHead({host, {"Content-Length", "1, 1"}}) == 400);
  CHECK(StatusOfHead({host, {"Content-Length", "0x10"}}) == 400);
  CHECK(StatusOfHead({host, {"Content-Length", "99999999999999999999999"}}) == 400);
  CHECK(StatusOfHead({host, {"Content-Length", "1"}, {"content-length", "1"}}) == 400);
  CHECK(StatusOfHead({host, {"Transfer-Encoding", "chunked"}}) == 200);
  CHECK(StatusOfHead({host, {"Transfer-Encoding", "chunked, identity"}}) == 400);
  CHECK(StatusOfHead({host, {"Transfer-Encoding", "gzip, chunked"}}) == 400);
  CHECK(StatusOfHead({host, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "x"}}) == 400);
  CHECK(StatusOfHead({host, {"Transfer-Encoding", "chunked"}}, 10) == 400);
  CHECK(StatusOfHead({host, {"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}}) == 400);
  CHECK(StatusOfHead({host, {"Expect", "100-continue"}}) == 200);
  CHECK(StatusOfHead({host, {"Expect", "tea"}}) == 417);
}

TEST_CASE("targets are split and decoded exactly once") {
  HttpRequest request;
  CHECK_FALSE(SplitTarget("/v2/models/a%2Fb%2525/infer?x=%20", &request));
  CHECK(request.path == "/v2/models/a%2Fb%2525/infer");
  CHECK(request.query == "x=%20");
  CHECK(request.segments == std::vector<std::string>{"v2", "models", "a/b%25", "infer"});
  CHECK_FALSE(SplitTarget("http://localhost:1/ping", &request));
  CHECK(request.segments == std::vector<std::string>{"ping"});
  CHECK(request.query.empty());
  CHECK_FALSE(SplitTarget("/", &request));
  CHECK(request.segments.empty());
  CHECK_FALSE(SplitTarget("/a//", &request));
  CHECK(request.segments == std::vector<std::string>{"a", "", ""});
  for (const char* bad : {"ping", "*", "/%", "/%4", "/%zz", "/%00", "/%0a", "/%ff", "/a#b", "/a b",
                          "/\xc3\xa4", "https://a/b"}) {
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
