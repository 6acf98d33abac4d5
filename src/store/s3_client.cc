#include "store/s3_client.h"

#include "base/text.h"

namespace quern::store {
namespace {

/// A store may answer 503 "slow down" at any time; a second try after another connection is usual.
constexpr int kTries = 3;

std::string Unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

Code CodeOf(int status) {
  switch (status) {
    case 401:
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kNotFound;
    case 412:
      return Code::kFailedPrecondition;
    case 507:
      return Code::kResourceExhausted;
    default:
      return Code::kUnavailable;
  }
}

std::unexpected<Error> Refused(const S3Request& request, const net::HttpResponse& response) {
  std::string said = S3Element(response.body, "Error/Code");
  return Fail(CodeOf(response.status), "object store: " + request.method + " " + request.path +
                                           ": " + std::to_string(response.status) +
                                           (said.empty() ? "" : " " + said));
}

}  // namespace

Result<S3Options> S3OptionsFrom(std::string_view uri,
                                const std::function<std::string(const std::string&)>& get) {
  S3Options options;
  constexpr std::string_view kScheme = "s3://";
  if (!StartsWith(uri, kScheme)) {
    return Fail(Code::kInvalidArgument, "'" + std::string(uri) + "' is no place in an object store",
                "write s3://bucket/prefix");
  }
  std::string_view place = uri.substr(kScheme.size());
  size_t slash = place.find('/');
  options.bucket = place.substr(0, slash);
  if (slash != std::string_view::npos) options.prefix = Trim(place.substr(slash + 1));
  while (options.prefix.ends_with('/')) options.prefix.pop_back();
  if (options.bucket.empty()) {
    return Fail(Code::kInvalidArgument, "'" + std::string(uri) + "' names no bucket",
                "write s3://bucket/prefix");
  }
  const std::string endpoint = get("MLFLOW_S3_ENDPOINT_URL");
  constexpr std::string_view kHttp = "http://";
  std::string_view address = endpoint;
  if (!StartsWith(address, kHttp)) {
    return Fail(
        Code::kInvalidArgument,
        "MLFLOW_S3_ENDPOINT_URL is '" + endpoint + "', not the URL of a plain HTTP endpoint",
        "set it to http://host:port; for a store that speaks TLS alone, of a local proxy");
  }
  address.remove_prefix(kHttp.size());
  while (address.ends_with('/')) address.remove_suffix(1);
  size_t colon = address.rfind(':');
  auto port = colon == std::string_view::npos ? std::optional<int64_t>(80)
                                              : ParseInt(address.substr(colon + 1));
  options.host = address.substr(0, colon);
  if (options.host.empty() || !port || *port < 1 || *port > 65535) {
    return Fail(Code::kInvalidArgument,
                "MLFLOW_S3_ENDPOINT_URL is '" + endpoint + "', which names no host and port",
                "set it to http://host:port");
  }
  options.port = static_cast<uint16_t>(*port);
  options.credentials = {get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY"),
                         get("AWS_SESSION_TOKEN")};
  if (options.credentials.access_key.empty() || options.credentials.secret_key.empty()) {
    return Fail(Code::kInvalidArgument, "no credentials for '" + std::string(uri) + "'",
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  }
  if (std::string region = get("AWS_DEFAULT_REGION"); !region.empty()) options.region = region;
  return options;
}

S3Client::S3Client(S3Options options, const Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

S3Request S3Client::KeyRequest(std::string method, std::string_view key) const {
  return {std::move(method), "/" + options_.bucket + "/" + std::string(key), {}, {}, ""};
}

Result<net::HttpResponse> S3Client::Send(S3Request request) {
  std::unique_ptr<net::HttpClient> client;
  {
    MutexLock lock(mutex_);
    if (!idle_.empty()) {
      client = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  const std::string address = options_.host + ":" + std::to_string(options_.port);
  const std::string target = S3Target(request);
  Result<net::HttpResponse> response = Fail(Code::kUnavailable, "not sent");
  // Every call here may be sent twice: it sets, reads or removes what it names.
  for (int i = 0; i < kTries; ++i) {
    if (client == nullptr) {
      client = std::make_unique<net::HttpClient>(options_.host, options_.port,
                                                 net::ClientOptions{.timeout = options_.timeout});
    }
    response = client->Send(
        request.method, target, request.body,
        SignedHeaders(request, address, options_.region, options_.credentials, clock_.NowMs()));
    if (response && response->status < 500) break;
    client.reset();
  }
  if (!response) return response;
  if (client != nullptr) {
    MutexLock lock(mutex_);
    idle_.push_back(std::move(client));
  }
  if (response->status >= 300) return Refused(request, *response);
  return response;
}

Result<S3Client::Head> S3Client::Stat(std::string_view key) {
  QUERN_ASSIGN(net::HttpResponse response, Send(KeyRequest("HEAD", key)));
  auto size = ParseInt(response.Find("Content-Length"));
  if (!size || *size < 0) return Fail(Code::kUnavailable, "the object store tells no length");
  return Head{static_cast<uint64_t>(*size), Unquoted(response.Find("ETag"))};
}

Result<std::string> S3Client::Read(std::string_view key, uint64_t first, uint64_t length,
                                   std::string_view etag) {
  S3Request request = KeyRequest("GET", key);
  request.headers = {
      {"Range", "bytes=" + std::to_string(first) + "-" + std::to_string(first + length - 1)},
      {"If-Match", "\"" + std::string(etag) + "\""}};
  QUERN_ASSIGN(net::HttpResponse response, Send(std::move(request)));
  if (response.body.size() != length) {
    return Fail(Code::kUnavailable, "the object store sent another range than was asked for");
  }
  return std::move(response.body);
}

Status S3Client::Put(std::string_view key, std::string body) {
  S3Request request = KeyRequest("PUT", key);
  request.body = std::move(body);
  QUERN_TRY(Send(std::move(request)));
  return {};
}

Status S3Client::Delete(std::string_view key) {
  QUERN_TRY(Send(KeyRequest("DELETE", key)));
  return {};
}

Result<S3Listing> S3Client::List(std::string_view prefix, bool folders, std::string_view token,
                                 int most) {
  S3Request request{"GET", "/" + options_.bucket, {{"list-type", "2"}}, {}, ""};
  request.query["prefix"] = prefix;
  if (folders) request.query["delimiter"] = "/";
  if (!token.empty()) request.query["continuation-token"] = token;
  if (most > 0) request.query["max-keys"] = std::to_string(most);
  QUERN_ASSIGN(net::HttpResponse response, Send(std::move(request)));
  return ParseS3Listing(response.body);
}

Result<std::string> S3Client::BeginParts(std::string_view key) {
  S3Request request = KeyRequest("POST", key);
  request.query["uploads"] = "";
  QUERN_ASSIGN(net::HttpResponse response, Send(std::move(request)));
  std::string upload = S3Element(response.body, "InitiateMultipartUploadResult/UploadId");
  if (upload.empty()) return Fail(Code::kUnavailable, "the object store began no upload");
  return upload;
}

Result<std::string> S3Client::PutPart(std::string_view key, std::string_view upload, size_t number,
                                      std::string body) {
  S3Request request = KeyRequest("PUT", key);
  request.query = {{"partNumber", std::to_string(number)}, {"uploadId", std::string(upload)}};
  request.body = std::move(body);
  QUERN_ASSIGN(net::HttpResponse response, Send(std::move(request)));
  std::string etag = Unquoted(response.Find("ETag"));
  if (etag.empty()) return Fail(Code::kUnavailable, "the object store gave a part no ETag");
  return etag;
}

Status S3Client::CompleteParts(std::string_view key, std::string_view upload,
                               const std::vector<std::string>& etags) {
  S3Request request = KeyRequest("POST", key);
  request.query["uploadId"] = upload;
  request.body = S3CompleteBody(etags);
  QUERN_ASSIGN(net::HttpResponse response, Send(std::move(request)));
  // This one call may fail with status 200, having begun to answer before it knew.
  std::string said = S3Element(response.body, "Error/Code");
  if (said.empty()) return {};
  return Fail(Code::kUnavailable, "object store: joining the parts of an upload: " + said);
}

Status S3Client::AbortParts(std::string_view key, std::string_view upload) {
  S3Request request = KeyRequest("DELETE", key);
  request.query["uploadId"] = upload;
  QUERN_TRY(Send(std::move(request)));
  return {};
}

}  // namespace quern::store
