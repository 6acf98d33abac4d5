#pragma once
// The few calls of an S3-compatible store that the artifacts need.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"
#include "net/url_client.h"
#include "store/s3_sign.h"
#include "store/s3_xml.h"

namespace quern::store {

struct S3Options {
  /// "https://host" or "http://host:9000", as the store is reached; no slash at its end.
  std::string endpoint;
  net::TlsTrust trust;
  std::string bucket;
  /// The bucket is part of the host's name, not of the path.
  bool bucket_in_host = false;
  /// Before every key, without slashes at its ends; may be "".
  std::string prefix;
  std::string region = "us-east-1";
  S3Credentials credentials;
  /// Bytes of a part of a large upload (at least 5 MB, as S3 has it), held in memory while it is
  /// sent.
  uint64_t part_bytes = 16u << 20;
  /// Seconds for one exchange.
  double timeout = 120;
};

/// Options from "s3://bucket/prefix" and the environment, by the names that MLflow and boto have;
/// `get` gives a variable's value or "":
///   MLFLOW_S3_ENDPOINT_URL   by default Amazon's endpoint of the region
///   MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE
///                            path, virtual (the bucket in the host's name) or auto: virtual at
///                            Amazon's endpoint, path elsewhere
///   AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, else a profile (s3_profile.h)
///   AWS_DEFAULT_REGION, else AWS_REGION, else that of the profile, else us-east-1
///   AWS_CA_BUNDLE            a file of certificates to trust instead of the system's
///   MLFLOW_S3_IGNORE_TLS     true: any certificate will do
/// kInvalidArgument names what is missing or wrong.
Result<S3Options> S3OptionsFrom(std::string_view uri,
                                const std::function<std::string(const std::string&)>& get);
/// The same of the process's own environment.
Result<S3Options> S3OptionsFrom(std::string_view uri);

/// Thread-safe; keeps connections open between calls. Errors: kNotFound, kPermissionDenied (the
/// credentials), kResourceExhausted (507), kFailedPrecondition (If-Match), kUnavailable. They name
/// what was asked for and S3's own code.
class S3Client {
 public:
  S3Client(S3Options options, const Clock& clock);

  struct Head {
    uint64_t size = 0;
    std::string etag;  // without quotes
  };
  Result<Head> Stat(std::string_view key);
  /// `length` bytes from `first`, of the content that has `etag`.
  Result<std::string> Read(std::string_view key, uint64_t first, uint64_t length,
                           std::string_view etag);
  Status Put(std::string_view key, std::string body);
  Status Delete(std::string_view key);
  /// One page. With `folders`, what lies deeper than the next '/' is a prefix; `most` 0 is S3's own
  /// limit.
  Result<S3Listing> List(std::string_view prefix, bool folders, std::string_view token,
                         int most = 0);

  Result<std::string> BeginParts(std::string_view key);
  /// Gives the part's ETag, without quotes.
  Result<std::string> PutPart(std::string_view key, std::string_view upload, size_t number,
                              std::string body);
  Status CompleteParts(std::string_view key, std::string_view upload,
                       const std::vector<std::string>& etags);
  Status AbortParts(std::string_view key, std::string_view upload);

  /// One page of the uploads in parts that were begun and not ended; `after` is the page before.
  Result<S3Uploads> ListUploads(std::string_view prefix, const S3Uploads& after);

  const S3Options& options() const { return options_; }

 private:
  Result<std::unique_ptr<net::UrlClient>> Connection();
  Result<net::HttpResponse> Send(S3Request request);
  /// What stands before a key: "/bucket", or "/".
  std::string BucketPath() const;
  S3Request KeyRequest(std::string method, std::string_view key) const;

  S3Options options_;
  const Clock& clock_;
  Mutex mutex_;
  std::vector<std::unique_ptr<net::UrlClient>> idle_ QUERN_GUARDED_BY(mutex_);
};

}  // namespace quern::store
