#include "server/http/csv.h"

#include <doctest/doctest.h>

#include "server/http/respond.h"
#include "server/http/router.h"

namespace quern::server {
namespace {

std::string CsvProblem(std::string_view text) {
  Arena arena;
  auto table = ReadCsv(text, true, arena);
  return table ? "" : table.error().message;
}

TEST_CASE("CSV as people and programs write it") {
  Arena arena;
  auto table = ReadCsv(
                   "\xEF\xBB\xBF"
                   "a,\"b c\"\r\n1,\"x,\"\"y\"\"\nz\"\r\n\r\n,\n\"\",3",
                   true, arena)
                   .value();
  using Texts = std::vector<std::string_view>;
  CHECK(Texts(table.header.begin(), table.header.end()) == Texts{"a", "b c"});
  CHECK(table.rows() == 3);
  CHECK(Texts(table.cells.begin(), table.cells.end()) == Texts{"1", "x,\"y\"\nz", "", "", "", "3"});
  CHECK(std::vector<size_t>(table.lines.begin(), table.lines.end()) ==
        std::vector<size_t>{2, 5, 6});
  CHECK(ReadCsv("a\n", true, arena).value().rows() == 0);
  auto bare = ReadCsv("1,2\n3,4\n", false, arena).value();
  CHECK(bare.header.empty());
  CHECK(bare.rows() == 2);
  CHECK(bare.cells[3] == "4");
  CHECK(ReadCsv("1,2\n3\n", false, arena).error().message ==
        "CSV line 2: 1 fields, the first line has 2");
}

TEST_CASE("malformed CSV names its line") {
  CHECK(CsvProblem("") == "CSV without a header line");
  CHECK(CsvProblem("a,b\n1,2\n1\n") == "CSV line 3: 1 fields, the header has 2");
  CHECK(CsvProblem("a\n\"x\n\n") == "CSV line 2: a quote that is not closed");
  CHECK(CsvProblem("a,b\n\"x\"y,1\n") == "CSV line 2: text after a closing quote");
  CHECK(CsvProblem("a,b,a\n") == "CSV line 1: column 'a' stands there twice");
  CHECK(CsvProblem("a\n\xff\n").find("not UTF-8") != std::string::npos);
}

TEST_CASE("media types") {
  auto media = ParseMediaType(" Application/JSON; charset=\"UTF-8\"; x=1; y");
  CHECK(media.type == "application/json");
  CHECK(media.charset == "utf-8");
  CHECK(media.other == "x, y");
  CHECK(ParseMediaType("").type.empty());
}

TEST_CASE("routes: parameters, 404, 405 with Allow, HEAD, request id") {
  Router router;
  router.Add({"GET", "/a/{x}/b", "",
              [](const Call& call) { return JsonResponse(std::string(call.Param("x"))); }});
  router.Add({"POST", "/a/{x}/b", "", [](const Call&) { return JsonResponse("posted"); }});
  auto ask = [&](std::string method, std::vector<std::string> segments) {
    net::HttpRequest request;
    request.method = std::move(method);
    request.segments = std::move(segments);
    request.headers.push_back({"x-request-id", "r1"});
    return router.Dispatch(request);
  };
  CHECK(ask("GET", {"a", "1/2", "b"}).body == "1/2");
  CHECK(ask("HEAD", {"a", "1", "b"}).status == 200);
  CHECK(ask("POST", {"a", "1", "b"}).body == "posted");
  CHECK(ask("GET", {"a", "", "b"}).status == 404);
  CHECK(ask("GET", {"a"}).body == R"({"error":"Not Found"})");
  auto refused = ask("DELETE", {"a", "1", "b"});
  CHECK(refused.status == 405);
  CHECK(refused.Find("Allow") == "GET, POST, HEAD");
  CHECK(refused.Find("X-Request-Id") == "r1");
}

}  // namespace
}  // namespace quern::server
