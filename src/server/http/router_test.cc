#include "server/http/router.h"

#include <doctest/doctest.h>

#include "net/strict.h"

namespace quern::server {
namespace {

std::string AnswerTo(const Router& router, std::string_view method, std::string_view target) {
  net::HttpRequest request;
  request.method = method;
  REQUIRE_FALSE(net::SplitTarget(target, &request));
  net::HttpResponse response = router.Dispatch(request);
  return response.status == 200 ? response.body : std::to_string(response.status);
}

Route Saying(std::string method, std::string pattern, std::string_view param) {
  return {std::move(method), pattern, "", [pattern, param](const Call& call) {
            net::HttpResponse response;
            response.body = pattern + "=" + std::string(call.Param(param));
            return response;
          }};
}

TEST_CASE("a part in braces takes one segment, with dots all that is left") {
  Router router;
  router.Add(Saying("GET", "/m/{name}/ready", "name"));
  router.Add(Saying("GET", "/f/{path...}", "path"));
  router.Add(Saying("PUT", "/f/{path...}", "path"));
  CHECK(AnswerTo(router, "GET", "/m/a%2Fb/ready") == "/m/{name}/ready=a/b");
  CHECK(AnswerTo(router, "GET", "/m//ready") == "404");
  CHECK(AnswerTo(router, "GET", "/f/a") == "/f/{path...}=a");
  CHECK(AnswerTo(router, "GET", "/f/a/b%20c/d") == "/f/{path...}=a/b c/d");
  CHECK(AnswerTo(router, "PUT", "/f/..%2Fa//b/") == "/f/{path...}=../a//b/");
  CHECK(AnswerTo(router, "GET", "/f/") == "/f/{path...}=");
  CHECK(AnswerTo(router, "GET", "/f") == "404");
  CHECK(AnswerTo(router, "POST", "/f/a/b") == "405");
}

TEST_CASE("of several routes that match, the first one added answers") {
  Router router;
  router.Add(Saying("GET", "/f/known/{name}", "name"));
  router.Add(Saying("GET", "/f/{path...}", "path"));
  CHECK(AnswerTo(router, "GET", "/f/known/x") == "/f/known/{name}=x");
  CHECK(AnswerTo(router, "GET", "/f/known/x/y") == "/f/{path...}=known/x/y");
}

}  // namespace
}  // namespace quern::server
