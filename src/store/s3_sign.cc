#include "store/s3_sign.h"

#include "base/digest.h"
#include "base/hex.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/time.h"
#include "net/encode_url.h"

namespace quern::store {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

/// "20261124T165429Z" of "2026-11-24T16:54:29.123Z".
std::string Stamp(int64_t now_ms) {
  std::string out;
  for (char c : FormatTime(now_ms).substr(0, 19)) {
    if (c != '-' && c != ':') out += c;
  }
  return out + "Z";
}

std::string EncodePath(std::string_view path) {
  std::string out;
  for (std::string_view part : Split(path.substr(1), '/')) out += "/" + net::EncodeUrl(part);
  return out;
}

std::string EncodeQuery(const S3Request& request) {
  // The signature sorts by the encoded names; those in use are plain, so that the map's order is
  // it.
  std::string out;
  for (const auto& [name, value] : request.query) {
    if (!out.empty()) out += '&';
    out += net::EncodeUrl(name) + "=" + net::EncodeUrl(value);
  }
  return out;
}

std::string Key(const S3Credentials& credentials, std::string_view date, std::string_view region) {
  std::string key = HmacSha256("AWS4" + credentials.secret_key, date);
  key = HmacSha256(key, region);
  key = HmacSha256(key, "s3");
  return HmacSha256(key, "aws4_request");
}

}  // namespace

std::string S3Target(const S3Request& request) {
  std::string query = EncodeQuery(request);
  return EncodePath(request.path) + (query.empty() ? "" : "?" + query);
}

std::vector<net::Header> SignedHeaders(const S3Request& request, std::string_view host,
                                       std::string_view region, const S3Credentials& credentials,
                                       int64_t now_ms) {
  const std::string stamp = Stamp(now_ms);
  const std::string date = stamp.substr(0, 8);
  const std::string payload = Sha256(request.body);
  std::vector<net::Header> headers = request.headers;
  headers.push_back({"x-amz-content-sha256", payload});
  headers.push_back({"x-amz-date", stamp});
  if (!credentials.session_token.empty()) {
    headers.push_back({"x-amz-security-token", credentials.session_token});
  }
  std::map<std::string, std::string> sorted{{"host", std::string(host)}};
  for (const net::Header& header : headers) {
    sorted[ToLower(header.name)] = std::string(Trim(header.value));
  }
  std::string names;
  std::string lines;
  for (const auto& [name, value] : sorted) {
    names += (names.empty() ? "" : ";") + name;
    lines += name + ":" + value + "\n";
  }
  const std::string canonical = request.method + "\n" + EncodePath(request.path) + "\n" +
                                EncodeQuery(request) + "\n" + lines + "\n" + names + "\n" + payload;
  const std::string scope = date + "/" + std::string(region) + "/s3/aws4_request";
  const std::string text =
      std::string(kAlgorithm) + "\n" + stamp + "\n" + scope + "\n" + Sha256(canonical);
  const std::string mac = HmacSha256(Key(credentials, date, region), text);
  const std::string signature = ToHex(mac.data(), mac.size());
  headers.push_back({"Authorization", std::string(kAlgorithm) +
                                          " Credential=" + credentials.access_key + "/" + scope +
                                          ",SignedHeaders=" + names + ",Signature=" + signature});
  return headers;
}

}  // namespace quern::store
