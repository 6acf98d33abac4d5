#include "net/request_reader.h"

#include <doctest/doctest.h>

#include "net/request_reader_test.h"

namespace quern::net {
namespace {

constexpr size_t kWhole = size_t{1} << 30;

/// A buffered body may be looked at only when whole, so a limit that a later chunk breaks, or a
/// broken chunk, hides the text before it.
void CheckEverySplit(std::string_view stream, const Reading& reading, std::string_view expected) {
  CHECK(Transcript(stream, {kWhole}, reading) == expected);
  CHECK(Transcript(stream, {1}, reading) == expected);
  for (size_t cut = 1; cut < stream.size(); ++cut) {
    REQUIRE(Transcript(stream, {cut, kWhole}, reading) == expected);
  }
}

TEST_CASE("requests come out whole wherever their bytes are cut") {
  const std::string post =
      "POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nX-Y:  z \r\n\r\nhello";
  const std::string get = "GET /next HTTP/1.0\r\n\r\n";
  CheckEverySplit(post + post + get, {},
                  "POST /a ?b=c | Host=x | Content-Length=5 | X-Y=z kept body hello of /a\n"
                  "POST /a ?b=c | Host=x | Content-Length=5 | X-Y=z kept body hello of /a\n"
                  "GET /next ? closed body  of /next\ndone");
}

TEST_CASE("chunks are put together, and what follows them is the next request") {
  const std::string chunked =
      "PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;a=\"b\"\r\nhello\r\n1\r\n,\r\n00A \t;x\r\n0123456789\r\n0\r\nT: u\r\n\r\n";
  const std::string head = "PUT /c ? | Host=x | Transfer-Encoding=chunked kept body ";
  CheckEverySplit(chunked + chunked, {},
                  head + "hello,0123456789 of /c\n" + head + "hello,0123456789 of /c\ndone");
  CheckEverySplit(chunked + chunked, {.streamed = true},
                  head + "hello,0123456789\n" + head + "hello,0123456789\ndone");
}

TEST_CASE("bodies above their limit are refused as soon as they are announced") {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\n";
  const Reading small{.max_body = 4};
  CHECK(Transcript(head + "Content-Length: 5\r\n\r\n", {kWhole}, small)
            .ends_with("refused 413 a body of 5 bytes is above the limit of 4"));
  CHECK(Transcript(head + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\n", {kWhole}, small)
            .ends_with("refused 413 the body is above the limit of 4 bytes"));
  CHECK(Transcript(head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", {kWhole}, small)
            .ends_with("refused 413 the body is above the limit of 4 bytes"));
  CHECK(Transcript(head + "Content-Length: 4\r\n\r\nabcd", {kWhole}, small).ends_with("done"));
}

TEST_CASE("broken chunks are refused wherever they are cut") {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string chunks :
       {"zz\r\n", "\r\n", "-1\r\na\r\n", "0x1\r\na\r\n", "1\na\r\n", "1\r\nab\r\n", "1\r\na\n",
        "1 1\r\na\r\n", "11111111111111111\r\n", "1\r\na\r\n0\r\n bad\r\n\r\n",
        "0\r\nno colon\r\n\r\n", "1;\x01\r\na\r\n", "1\rx\r\n", "8000000000000000\r\n"}) {
    for (size_t part : {kWhole, size_t{1}, size_t{3}}) {
      const std::string got = Transcript(head + chunks + "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                                         {part}, {.max_body = UINT64_MAX >> 2});
      CHECK_MESSAGE(got.find("refused 4") != std::string::npos, chunks, got);
      CHECK_MESSAGE(got.find("GET") == std::string::npos, chunks, got);
    }
  }
}

TEST_CASE("many tiny chunks cost no more than their bytes; long extensions are refused") {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string chunks = head;
  for (int i = 0; i < 65'537; ++i) chunks += "1\r\nx\r\n";
  const std::string got = Transcript(chunks + "0\r\n\r\n", {kWhole}, {.max_body = 100'000});
  CHECK(std::count(got.begin(), got.end(), 'x') >= 65'537);
  CHECK(got.ends_with("done"));

  std::string padded = head;
  for (int i = 0; i < 100; ++i) padded += "1;" + std::string(1000, 'e') + "\r\nx\r\n";
  CHECK(Transcript(padded, {kWhole}, {}).ends_with("too much beside the data of the chunks"));
  CHECK(Transcript(head + "1;" + std::string(5000, 'e'), {kWhole}, {})
            .ends_with("a line between chunks is too long"));
  std::string trailers = head + "0\r\n";
  for (int i = 0; i < 2000; ++i) trailers += "Trailer: xxx\r\n";
  CHECK(Transcript(trailers, {kWhole}, {}).ends_with("the trailers are too long"));
}

TEST_CASE("a streamed body comes in pieces of 256 KB at most, and its buffer does not grow") {
  for (bool chunked : {false, true}) {
    BufferPool pool;
    RequestReader reader(pool, 16u << 10);
    constexpr size_t kSize = 3u << 20;
    std::string stream = "PUT / HTTP/1.1\r\nHost: x\r\n";
    const std::string data(kSize, 'd');
    if (chunked) {
      stream += "Transfer-Encoding: chunked\r\n\r\n300000\r\n" + data + "\r\n0\r\n\r\n";
    } else {
      stream += "Content-Length: " + std::to_string(kSize) + "\r\n\r\n" + data;
    }
    size_t got = 0;
    size_t largest = 0;
    bool in_body = false;
    bool ended = false;
    for (std::string_view rest = stream; !ended;) {
      const std::span<char> space = reader.Space();
      CHECK(space.size() <= 512u << 10);
      const size_t size = std::min(space.size(), rest.size());
      REQUIRE(size > 0);
      std::copy_n(rest.data(), size, space.data());
      reader.Received(size);
      rest.remove_prefix(size);
      if (!in_body && reader.ReadHead() == RequestReader::Event::kHead) {
        reader.StreamBody(kSize);
        in_body = true;
      }
      for (auto event = reader.ReadBody(); event != RequestReader::Event::kMore;) {
        REQUIRE(event != RequestReader::Event::kBad);
        got += reader.body().size();
        largest = std::max(largest, reader.body().size());
        ended = event == RequestReader::Event::kEnd;
        if (ended) break;
        event = reader.ReadBody();
      }
    }
    CHECK(got == kSize);
    CHECK(largest <= 256u << 10);
    reader.NextRequest();
    CHECK(reader.empty());
  }
}

TEST_CASE("a length that is announced takes no memory before it comes") {
  BufferPool pool;
  RequestReader reader(pool, 16u << 10);
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000000\r\n\r\n";
  std::copy(head.begin(), head.end(), reader.Space().data());
  reader.Received(head.size());
  REQUIRE(reader.ReadHead() == RequestReader::Event::kHead);
  reader.BufferBody(UINT64_MAX);
  REQUIRE(reader.ReadBody() == RequestReader::Event::kMore);
  CHECK(reader.Space().size() <= 1u << 20);
}

}  // namespace
}  // namespace quern::net
