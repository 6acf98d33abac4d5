#pragma once
// Routes, declared once each: method, path, what it does, who does it.
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http.h"

namespace quern::server {

/// A request and what its path held.
struct Call {
  const net::HttpRequest& request;
  std::vector<std::pair<std::string_view, std::string>> params;

  /// The text at `{name}` of the pattern; "" if the pattern has none.
  std::string_view Param(std::string_view name) const;
};

/// The segments from `from` on with slashes between: what `{path...}` takes.
std::string JoinSegments(const std::vector<std::string>& segments, size_t from);

/// Media types of a body that may be a table.
inline std::vector<std::string> JsonOrCsv() { return {"application/json", "text/csv"}; }

struct Route {
  std::string method;
  /// "/v2/models/{name}/ready"; a part in braces takes one whole segment. "/files/{path...}": the
  /// last part may take all that is left, at least one segment, which may be empty.
  std::string pattern;
  /// One line for people.
  std::string doc;
  std::function<net::HttpResponse(const Call&)> handler;
  /// What its last part must end in, where that is no part of the pattern: ":predict". For those
  /// who list routes.
  std::vector<std::string> endings = {};
  /// Media types of a body that it takes, of a POST.
  std::vector<std::string> bodies = {"application/json"};

  /// The pattern, or one for each of its endings.
  std::vector<std::string> Paths() const;
};

/// The answer to a request that no route takes: 404, or 405 if only the method is wrong.
using Unmatched = std::function<net::HttpResponse(const net::HttpRequest& request, int status)>;

/// Immutable once serving. 404 and 405 (with Allow) are `{"error"}` unless told otherwise; HEAD is
/// answered as GET; the caller's X-Request-Id is given back.
class Router {
 public:
  /// Two routes of the same method and pattern are a broken invariant. Of several that match a
  /// request, the one added first answers.
  void Add(Route route);
  void OnUnmatched(Unmatched render) { unmatched_ = std::move(render); }
  net::HttpResponse Dispatch(const net::HttpRequest& request) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Compiled {
    std::vector<std::string> parts;
    size_t route;
  };
  net::HttpResponse Find(const net::HttpRequest& request) const;
  std::vector<Route> routes_;
  std::vector<Compiled> compiled_;
  Unmatched unmatched_ = [](const net::HttpRequest&, int status) {
    return net::RenderJsonError(status, net::ReasonPhrase(status));
  };
};

}  // namespace quern::server
