#include "server/http/file_response.h"

#include <doctest/doctest.h>

namespace quern::server {
namespace {

std::string Show(std::string_view header, uint64_t size) {
  ByteRange range = ParseRange(header, size);
  if (range.kind == ByteRange::Kind::kWhole) return "whole";
  if (range.kind == ByteRange::Kind::kUnsatisfiable) return "none";
  return std::to_string(range.first) + "+" + std::to_string(range.length);
}

TEST_CASE("ranges") {
  struct Row {
    std::string_view header;
    uint64_t size;
    std::string_view want;
  };
  for (const Row& row :
       {Row{"", 10, "whole"},           Row{"bytes=0-0", 10, "0+1"},
        Row{"bytes=0-9", 10, "0+10"},   Row{"bytes=3-5", 10, "3+3"},
        Row{"BYTES=3-", 10, "3+7"},     Row{"bytes=3-99999999999999999999999", 10, "3+7"},
        Row{"bytes=-4", 10, "6+4"},     Row{"bytes=-40", 10, "0+10"},
        Row{"bytes=9-", 10, "9+1"},     Row{"bytes=10-", 10, "none"},
        Row{"bytes=10-20", 10, "none"}, Row{"bytes=99999999999999999999999-", 10, "none"},
        Row{"bytes=-0", 10, "none"},    Row{"bytes=0-", 0, "none"},
        Row{"bytes=-1", 0, "none"},     Row{"bytes=5-3", 10, "whole"},
        Row{"bytes=", 10, "whole"},     Row{"bytes=-", 10, "whole"},
        Row{"bytes=a-b", 10, "whole"},  Row{"bytes=1-2x", 10, "whole"},
        Row{"bytes=+1-2", 10, "whole"}, Row{"bytes=0-1,4-5", 10, "whole"},
        Row{"lines=0-1", 10, "whole"}}) {
    CHECK_MESSAGE(Show(row.header, row.size) == row.want, row.header);
  }
}

TEST_CASE("a download's name cannot break its header") {
  CHECK(AttachmentHeader("MLmodel") == "attachment; filename=\"MLmodel\"");
  CHECK(AttachmentHeader("a\"b\\c\r\nX: y") ==
        "attachment; filename=\"a_b_c__X: y\"; filename*=UTF-8''a%22b%5Cc%0D%0AX%3A%20y");
  CHECK(AttachmentHeader("ü.txt") ==
        "attachment; filename=\"__.txt\"; filename*=UTF-8''%C3%BC.txt");
}

net::HttpResponse Answer(std::vector<net::Header> headers, std::string method = "GET") {
  net::HttpRequest request;
  request.method = std::move(method);
  request.headers = std::move(headers);
  return FileResponse(request, {UniqueFd(), 100, "5-7", "f.bin", "application/octet-stream"});
}

TEST_CASE("whole, part, not modified, beyond the end") {
  net::HttpResponse whole = Answer({});
  CHECK(whole.status == 200);
  CHECK(whole.file->length() == 100);
  CHECK(whole.Find("ETag") == "\"5-7\"");
  CHECK(whole.Find("Accept-Ranges") == "bytes");
  CHECK(whole.Find("X-Content-Type-Options") == "nosniff");

  net::HttpResponse part = Answer({{"Range", "bytes=10-19"}});
  CHECK(part.status == 206);
  CHECK(part.file->offset() == 10);
  CHECK(part.file->length() == 10);
  CHECK(part.Find("Content-Range") == "bytes 10-19/100");
  CHECK(Answer({{"Range", "bytes=10-19"}}, "HEAD").status == 200);
  CHECK(Answer({{"Range", "bytes=10-19"}, {"If-Range", "\"5-7\""}}).status == 206);
  CHECK(Answer({{"Range", "bytes=10-19"}, {"If-Range", "\"5-8\""}}).status == 200);
  CHECK(Answer({{"Range", "bytes=10-19"}, {"If-Range", "W/\"5-7\""}}).status == 200);
  CHECK(Answer({{"Range", "bytes=10-19"}, {"If-Range", "Tue, 24 Nov 2026 00:00:00 GMT"}}).status ==
        200);

  net::HttpResponse beyond = Answer({{"Range", "bytes=100-"}});
  CHECK(beyond.status == 416);
  CHECK(beyond.Find("Content-Range") == "bytes */100");

  for (const char* tag : {"\"5-7\"", "W/\"5-7\"", "\"x\", \"5-7\"", "*"}) {
    net::HttpResponse same = Answer({{"If-None-Match", tag}, {"Range", "bytes=0-1"}});
    CHECK(same.status == 304);
    CHECK(same.Find("ETag") == "\"5-7\"");
    CHECK(same.file == nullptr);
  }
  CHECK(Answer({{"If-None-Match", "\"5-8\""}}).status == 200);
}

}  // namespace
}  // namespace quern::server
