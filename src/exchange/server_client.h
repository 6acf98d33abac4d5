#pragma once
// Inside of exchange/ only: calls of an MLflow server, as its clients make them.
#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/client.h"

namespace quern::exchange {

/// A body or query of a call; the token of a page is added to it.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// One connection; one thread. A call that finds the server busy or away is made again, three times
/// in all: nothing that is called here changes anything.
class ServerClient {
 public:
  /// `url`: http://host:port, with a path if the server stands behind one. Credentials as MLflow's
  /// clients find them: in the URL, or MLFLOW_TRACKING_USERNAME and _PASSWORD, or _TOKEN, of
  /// `environment`. kInvalidArgument for another URL.
  static Result<std::unique_ptr<ServerClient>> Open(
      const std::string& url, const std::function<const char*(const char*)>& environment);

  /// "/api/2.0/mlflow/…" with a query or with a JSON body. Errors: kUnimplemented for a call that
  /// the server does not have, kPermissionDenied, kNotFound, kInvalidArgument with the server's
  /// words; kUnavailable, kDataLoss for no answer and for one that is no JSON.
  Result<boost::json::value> Get(const std::string& path, const Fields& query);
  Result<boost::json::value> Post(const std::string& path, const boost::json::object& body);
  /// All pages of a list, `visit` called per item of `items`.
  using VisitItem = std::function<Status(const boost::json::object& item)>;
  Status EachOfGet(const std::string& path, Fields query, const char* items,
                   const VisitItem& visit);
  Status EachOfPost(const std::string& path, boost::json::object body, const char* items,
                    const VisitItem& visit);
  /// A file, in pieces as they come.
  Status Download(const std::string& path, const Fields& query,
                  const std::function<Status(std::string_view bytes)>& sink);

  const std::string& url() const { return url_; }

 private:
  ServerClient(std::string url, std::string host, uint16_t port, std::string prefix);
  std::string Target(const std::string& path, const Fields& query) const;
  Result<net::HttpResponse> Send(const std::string& method, const std::string& target,
                                 const std::string& body);
  Result<boost::json::value> Call(const std::string& method, const std::string& target,
                                  const std::string& body);
  Error ErrorOf(const net::HttpResponse& response, const std::string& target) const;
  Status EachPage(const std::function<Result<boost::json::value>(const std::string& token)>& page,
                  const char* items, const VisitItem& visit);

  std::string url_;
  std::string prefix_;
  net::HttpClient http_;
  std::vector<net::Header> headers_;
};

/// The number under `key`, NaN, Infinity and -Infinity too; NaN for an absent field.
double NumberAt(const boost::json::object& object, std::string_view key);

}  // namespace quern::exchange
