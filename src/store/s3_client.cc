#include "store/s3_client.h"

#include <cstdlib>

#include "base/fs.h"
#include "base/text.h"
#include "store/s3_profile.h"

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

Code CodeOfStatus(int status) {
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
  return Fail(CodeOfStatus(response.status),
              "object store: " + request.method + " " + request.path + ": " +
                  std::to_string(response.status) + (said.empty() ? "" : " " + said));
}

/// `given` without slashes at its end, or Amazon's own.
Result<std::string> EndpointFrom(std::string given, const std::string& region) {
  if (given.empty()) return "https://s3." + region + ".amazonaws.com";
  while (given.ends_with('/')) given.pop_back();
  const size_t scheme = given.find("://");
  const std::string authority = scheme == std::string::npos ? "" : given.substr(scheme + 3);
  const size_t colon = authority.rfind(':');
  const bool bracket = authority.ends_with(']');
  const auto port = colon == std::string::npos || bracket ? std::optional<int64_t>(80)
                                                          : ParseInt(authority.substr(colon + 1));
  const bool good = (StartsWith(given, "http://") || StartsWith(given, "https://")) &&
                    !authority.empty() && colon != 0 && port && *port >= 1 && *port <= 65535 &&
                    authority.find_first_of("/?#@ ") == std::string::npos;
  if (good) return given;
  return Fail(Code::kInvalidArgument,
              "MLFLOW_S3_ENDPOINT_URL is '" + given + "', not the URL of an endpoint",
              "set it to https://host or http://host:port, or unset it for Amazon's");
}

/// Whether the bucket goes into the host's name.
Result<bool> IsInHost(const std::string& bucket, const std::string& endpoint,
                      const std::string& style) {
  // A certificate for all buckets does not hold for a name with a dot.
  const bool name =
      bucket.size() >= 3 && bucket.size() <= 63 &&
      bucket.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (style.empty() || style == "auto") return endpoint.empty() && name;
  if (style == "path") return false;
  if (style == "virtual" && name) return true;
  if (style == "virtual") {
    return Fail(Code::kInvalidArgument,
                "the bucket '" + bucket + "' cannot be part of a host's name",
                "set MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE to path");
  }
  return Fail(Code::kInvalidArgument,
              "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE is '" + style + "', not a style",
              "set it to auto, path or virtual");
}

/// The Host header of requests to an endpoint: a port that the scheme implies is left out.
std::string AuthorityOf(const std::string& endpoint) {
  const bool tls = StartsWith(endpoint, "https://");
  std::string authority = endpoint.substr(tls ? 8 : 7);
  const std::string implied = tls ? ":443" : ":80";
  if (authority.ends_with(implied)) authority.resize(authority.size() - implied.size());
  return authority;
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
  QUERN_ASSIGN(S3Profile profile, ReadS3Profile(get, RealFs()));
  if (!profile.region.empty()) options.region = profile.region;
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (std::string region = get(name); !region.empty()) options.region = region;
  }
  const std::string endpoint = get("MLFLOW_S3_ENDPOINT_URL");
  QUERN_ASSIGN(options.endpoint, EndpointFrom(endpoint, options.region));
  QUERN_ASSIGN(options.bucket_in_host,
               IsInHost(options.bucket, endpoint, get("MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE")));
  options.trust.ca_bundle = get("AWS_CA_BUNDLE");
  const std::string ignore = ToLower(get("MLFLOW_S3_IGNORE_TLS"));
  options.trust.verify = ignore != "true" && ignore != "1";
  options.credentials = {get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY"),
                         get("AWS_SESSION_TOKEN")};
  if (options.credentials.access_key.empty()) options.credentials = std::move(profile.credentials);
  if (options.credentials.access_key.empty() || options.credentials.secret_key.empty()) {
    return Fail(Code::kInvalidArgument, "no credentials for '" + std::string(uri) + "'",
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile of "
                "~/.aws/credentials");
  }
  return options;
}

Result<S3Options> S3OptionsFrom(std::string_view uri) {
  return S3OptionsFrom(uri, [](const std::string& name) -> std::string {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? "" : value;
  });
}

S3Client::S3Client(S3Options options, const Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

std::string S3Client::BucketPath() const {
  return options_.bucket_in_host ? "/" : "/" + options_.bucket;
}

S3Request S3Client::KeyRequest(std::string method, std::string_view key) const {
  std::string path = BucketPath();
  if (!path.ends_with('/')) path += '/';
  return {std::move(method), path.append(key), {}, {}, ""};
}

Result<std::unique_ptr<net::UrlClient>> S3Client::Connection() {
  {
    MutexLock lock(mutex_);
    if (!idle_.empty()) {
      auto client = std::move(idle_.back());
      idle_.pop_back();
      return client;
    }
  }
  return net::UrlClient::Open({.timeout = options_.timeout, .trust = options_.trust});
}

Result<net::HttpResponse> S3Client::Send(S3Request request) {
  std::string endpoint = options_.endpoint;
  if (options_.bucket_in_host) endpoint.insert(endpoint.find("://") + 3, options_.bucket + ".");
  const std::string authority = AuthorityOf(endpoint);
  const std::string url = endpoint + S3Target(request);
  Result<net::HttpResponse> response = Fail(Code::kUnavailable, "not sent");
  // Every call here may be sent twice: it sets, reads or removes what it names.
  for (int i = 0; i < kTries; ++i) {
    QUERN_ASSIGN(auto client, Connection());
    auto headers =
        SignedHeaders(request, authority, options_.region, options_.credentials, clock_.NowMs());
    headers.push_back({"Host", authority});
    response = client->Send(request.method, url, request.body, headers);
    if (!response || response->status >= 500) continue;
    MutexLock lock(mutex_);
    idle_.push_back(std::move(client));
    break;
  }
  if (!response) return response;
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
  S3Request request{"GET", BucketPath(), {{"list-type", "2"}}, {}, ""};
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

Result<S3Uploads> S3Client::ListUploads(std::string_view prefix, const S3Uploads& after) {
  S3Request request{"GET", BucketPath(), {{"uploads", ""}}, {}, ""};
  request.query["prefix"] = prefix;
  if (!after.next_key.empty()) {
    request.query["key-marker"] = after.next_key;
    request.query["upload-id-marker"] = after.next_id;
  }
  QUERN_ASSIGN(net::HttpResponse response, Send(std::move(request)));
  return ParseS3Uploads(response.body);
}

}  // namespace quern::store
