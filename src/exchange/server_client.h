#pragma once
// Inside of exchange/ only: what is read from an MLflow server, over the calls of remote/api.h.
#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/client.h"
#include "net/server_url.h"
#include "remote/api.h"

namespace quern::exchange {

/// A body or query of a call; the token of a page is added to it.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// One thread. A call that finds the server busy or away is made again, three times in all: nothing
/// that is called here changes anything.
class ServerClient {
 public:
  /// `url`: http://HOST[:PORT] or https, with a path if the server stands behind one. Credentials,
  /// certificates to trust and the limit of time as MLflow's clients find them (remote/settings.h),
  /// or name and password in the URL. kInvalidArgument for another URL; kUnavailable if https is
  /// asked for and libcurl cannot be loaded.
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
  /// A file, in pieces as they come. Sent once.
  Status Download(const std::string& path, const Fields& query, const net::PieceSink& sink);

  const std::string& url() const { return api_->url(); }

 private:
  explicit ServerClient(std::unique_ptr<remote::Api> api) : api_(std::move(api)) {}
  Result<boost::json::value> Call(const std::string& method, const std::string& target,
                                  const std::string& body);
  Error ErrorOf(const net::HttpResponse& response, const std::string& target) const;
  Status EachPage(const std::function<Result<boost::json::value>(const std::string& token)>& page,
                  const char* items, const VisitItem& visit);

  std::unique_ptr<remote::Api> api_;
};

/// The number under `key`, NaN, Infinity and -Infinity too; NaN for an absent field.
double MetricAt(const boost::json::object& object, std::string_view key);

}  // namespace quern::exchange
