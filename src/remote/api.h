#pragma once
// MLflow's REST calls, asked of a server: one connection, repeated where that is safe.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/json.h"
#include "base/mutex.h"
#include "base/result.h"
#include "net/peer.h"
#include "remote/settings.h"

namespace quern::remote {

using Query = std::vector<std::pair<std::string, std::string>>;

/// Thread-safe; requests wait for each other. Errors name the server's URL, the call and the
/// status, and never what authorises it: kUnavailable (not reachable, or 408, 429, 5xx to the end
/// of the retries), kPermissionDenied (401, 403), kNotFound, kAlreadyExists,
/// kFailedPrecondition for the rest and for a certificate that is not trusted, kCancelled while
/// waiting to repeat.
class Api {
 public:
  /// `cancel` may be null; else it is borrowed. Nothing is sent yet.
  static Result<std::unique_ptr<Api>> Open(const net::ServerUrl& url, const Settings& settings,
                                           const CancelToken* cancel);

  const std::string& url() const { return url_; }

  /// Below /api/2.0/mlflow; `path` as in "runs/get". These may be repeated at will.
  Result<json::value> Get(std::string_view path, const Query& query);
  Result<json::value> Post(std::string_view path, const json::object& body);
  Result<json::value> Delete(std::string_view path, const json::object& body);

  /// For calls that make something each time they are sent: `make` sends once (PostOnce). Before it
  /// is tried again, `find` looks whether the one whose answer was lost has made it.
  Result<json::value> MakeOnce(const std::function<Result<json::value>()>& make,
                               const std::function<Result<std::optional<json::value>>()>& find);
  Result<json::value> PostOnce(std::string_view path, const json::object& body);

  /// Artifacts behind the server: paths are not encoded yet.
  Status Upload(const std::string& path, std::string_view bytes);
  Result<std::string> Download(const std::string& path);
  struct Entry {
    std::string name;
    bool folder = false;
  };
  Result<std::vector<Entry>> ListArtifacts(const std::string& folder);

  /// A first call, repeated less often: who waits for it has not begun to work yet.
  Result<json::value> Knock(std::string_view path, const Query& query);

  /// A call that the ones above do not have: path and query below the server's own path, encoded,
  /// and a JSON body if it is not "". Whatever was answered in the end is a value. Repeated:
  /// nothing that changes something.
  Result<net::HttpResponse> Ask(std::string_view method, std::string_view target,
                                std::string_view body = {});
  /// GET of a file, sent once: the body of an answer 200 goes to `sink` in pieces, however long it
  /// is. Any other answer is a value, and has its body.
  Result<net::HttpResponse> Stream(std::string_view target, const net::PieceSink& sink);
  /// An answer that is no good one as an error: kPermissionDenied, kNotFound, kAlreadyExists,
  /// kUnavailable, else kFailedPrecondition, with what the server said.
  std::unexpected<Error> Refused(std::string_view method, std::string_view target,
                                 const net::HttpResponse& response) const;

 private:
  Api(std::string url, const Settings& settings, const CancelToken* cancel,
      std::unique_ptr<net::Peer> peer)
      : url_(std::move(url)), settings_(settings), cancel_(cancel), peer_(std::move(peer)) {}

  struct Request {
    std::string method;
    std::string target;
    std::string_view body = {};
    std::string content_type = "application/json";
  };
  /// The headers that every request bears.
  std::vector<net::Header> Headers() const;
  /// At most so many repetitions; the last answer, whatever its status.
  Result<net::HttpResponse> SendAny(const Request& request, int retries);
  /// The same, and only a good answer.
  Result<net::HttpResponse> Send(const Request& request, int retries);
  Result<json::value> SendJson(const Request& request, int retries);
  /// Waits before the n-th repetition, as long as the server asks if it does.
  Status Pause(int attempt, double asked = 0);
  std::unexpected<Error> Unreachable(const Error& error) const;

  std::string url_;
  Settings settings_;
  const CancelToken* cancel_;
  Mutex mutex_;
  std::unique_ptr<net::Peer> peer_ QUERN_GUARDED_BY(mutex_);
};

/// `[{"key", "value"}]`.
json::array Pairs(const std::map<std::string, std::string>& pairs);
/// A value of a filter in quotes; nothing for text that holds both kinds, which no filter can say.
std::optional<std::string> FilterValue(const std::string& text);

}  // namespace quern::remote
