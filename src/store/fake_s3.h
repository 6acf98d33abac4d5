#pragma once
// For tests: an object store in memory that checks signatures and can be made to fail.
#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "net/http.h"
#include "net/strict.h"
#include "store/s3_client.h"

namespace quern::store {

class FakeS3 {
 public:
  FakeS3() : server_({}, [this](const net::HttpRequest& r) { return Answer(r); }) {
    options.endpoint = "http://127.0.0.1:" + std::to_string(server_.Start().value());
    options.bucket = "bucket";
    options.prefix = "some/root";
    options.credentials = {"key", "secret", ""};
    options.part_bytes = 64u << 10;
  }

  S3Options options;
  std::mutex mutex;
  std::map<std::string, std::string> objects;
  std::map<std::string, std::map<int, std::string>> uploads;
  std::map<std::string, std::string> upload_keys;
  /// When uploads were begun, as the store tells it.
  std::string begun = "2026-01-01T00:00:00.000Z";
  size_t page = 3;
  /// How many of the next requests are answered with `fail_status`.
  int failures = 0;
  int fail_status = 503;
  /// Bytes of objects that were read.
  size_t sent = 0;

 private:
  static std::string Etag(const std::string& body) {
    return "\"" + std::to_string(Hash(body)) + "\"";
  }
  static size_t Hash(const std::string& body) { return std::hash<std::string>()(body); }

  static std::map<std::string, std::string> QueryOf(const net::HttpRequest& request) {
    std::map<std::string, std::string> query;
    for (std::string_view part : Split(request.query, '&')) {
      size_t equals = part.find('=');
      if (part.empty()) continue;
      query[*net::DecodeUrl(part.substr(0, equals))] = *net::DecodeUrl(part.substr(equals + 1));
    }
    return query;
  }

  static std::string Escaped(const std::string& text) {
    std::string out;
    for (char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
    return out;
  }

  static net::HttpResponse Xml(int status, std::string body) {
    net::HttpResponse response;
    response.status = status;
    response.content_type = "application/xml";
    response.body = std::move(body);
    return response;
  }
  static net::HttpResponse ErrorOf(int status, const std::string& code) {
    return Xml(status, "<Error><Code>" + code + "</Code></Error>");
  }

  /// Signs the request as it arrived once more.
  bool Authentic(const net::HttpRequest& request) const {
    std::string date(request.Find("x-amz-date"));
    std::string_view given = request.Find("Authorization");
    if (date.size() != 16) return false;
    auto now = ParseTime(date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 2) +
                         "T" + date.substr(9, 2) + ":" + date.substr(11, 2) + ":" +
                         date.substr(13, 2) + ".000Z");
    S3Request again{request.method, "/" + Joined(request.segments), QueryOf(request), {}, {}};
    again.body = request.body;
    for (const char* name : {"Range", "If-Match"}) {
      if (!request.Find(name).empty()) {
        again.headers.push_back({name, std::string(request.Find(name))});
      }
    }
    auto headers = SignedHeaders(again, request.Find("Host"), options.region, options.credentials,
                                 now.value());
    return net::FindHeader(headers, "Authorization") == given;
  }

  static std::string Joined(const std::vector<std::string>& parts, size_t from = 0) {
    std::vector<std::string> some(parts.begin() + static_cast<ptrdiff_t>(from), parts.end());
    return Join(some, "/");
  }

  net::HttpResponse Answer(const net::HttpRequest& request) {
    std::lock_guard lock(mutex);
    if (failures > 0) {
      --failures;
      return ErrorOf(fail_status, "SlowDown");
    }
    if (!Authentic(request)) return ErrorOf(403, "SignatureDoesNotMatch");
    const bool in_host = StartsWith(request.Find("Host"), options.bucket + ".");
    const size_t before = in_host ? 0 : 1;
    if (!in_host && (request.segments.empty() || request.segments[0] != options.bucket)) {
      return ErrorOf(404, "NoSuchBucket");
    }
    auto query = QueryOf(request);
    std::string key = Joined(request.segments, std::min(before, request.segments.size()));
    if (key.empty()) return query.contains("uploads") ? Uploads(query) : List(query);
    if (query.contains("uploads") || query.contains("uploadId")) {
      return Parts(request, key, query);
    }
    if (request.method == "PUT") {
      objects[key] = request.body;
      return Xml(200, "");
    }
    if (request.method == "DELETE") {
      objects.erase(key);
      return Xml(204, "");
    }
    return Get(request, key);
  }

  net::HttpResponse Get(const net::HttpRequest& request, const std::string& key) {
    if (!objects.contains(key)) return ErrorOf(404, "NoSuchKey");
    const std::string& body = objects[key];
    std::string_view match = request.Find("If-Match");
    if (!match.empty() && match != Etag(body)) return ErrorOf(412, "PreconditionFailed");
    net::HttpResponse response = Xml(200, body);
    if (std::string range(request.Find("Range")); !range.empty()) {
      size_t dash = range.find('-');
      size_t first = std::stoul(range.substr(6));
      response.status = 206;
      response.body = body.substr(first, std::stoul(range.substr(dash + 1)) - first + 1);
    }
    if (request.method == "GET") sent += response.body.size();
    response.headers.push_back({"ETag", Etag(body)});
    return response;
  }

  net::HttpResponse List(const std::map<std::string, std::string>& query) {
    const auto get = [&](const char* name) {
      auto found = query.find(name);
      return found == query.end() ? std::string() : found->second;
    };
    std::string prefix = get("prefix");
    std::string after = get("continuation-token");
    std::string body = "<ListBucketResult>";
    std::string last;
    size_t count = 0;
    for (const auto& [key, object] : objects) {
      if (!StartsWith(key, prefix)) continue;
      size_t slash = get("delimiter").empty() ? std::string::npos : key.find('/', prefix.size());
      std::string entry = slash == std::string::npos ? key : key.substr(0, slash + 1);
      if (entry <= after || entry == last) continue;
      if (count == page) {
        return Xml(200, body + "<IsTruncated>true</IsTruncated><NextContinuationToken>" +
                            Escaped(last) + "</NextContinuationToken></ListBucketResult>");
      }
      ++count;
      last = entry;
      body += slash == std::string::npos
                  ? "<Contents><Key>" + Escaped(key) + "</Key><Size>" +
                        std::to_string(object.size()) + "</Size></Contents>"
                  : "<CommonPrefixes><Prefix>" + Escaped(entry) + "</Prefix></CommonPrefixes>";
    }
    return Xml(200, body + "<IsTruncated>false</IsTruncated></ListBucketResult>");
  }

  net::HttpResponse Uploads(std::map<std::string, std::string>& query) {
    std::string body = "<ListMultipartUploadsResult>";
    size_t count = 0;
    for (const auto& [id, parts] : uploads) {
      const std::string& key = upload_keys[id];
      if (!StartsWith(key, query["prefix"]) || id <= query["upload-id-marker"]) continue;
      if (count++ == page) {
        return Xml(200, body + "<IsTruncated>true</IsTruncated></ListMultipartUploadsResult>");
      }
      body += "<Upload><Key>" + Escaped(key) + "</Key><UploadId>" + id + "</UploadId><Initiated>" +
              begun + "</Initiated></Upload><NextKeyMarker>" + Escaped(key) +
              "</NextKeyMarker><NextUploadIdMarker>" + id + "</NextUploadIdMarker>";
    }
    return Xml(200, body + "<IsTruncated>false</IsTruncated></ListMultipartUploadsResult>");
  }

  net::HttpResponse Parts(const net::HttpRequest& request, const std::string& key,
                          std::map<std::string, std::string>& query) {
    if (query.contains("uploads")) {
      std::string id = "upload-" + std::to_string(uploads.size());
      uploads[id];
      upload_keys[id] = key;
      return Xml(200, "<InitiateMultipartUploadResult><UploadId>" + id +
                          "</UploadId></InitiateMultipartUploadResult>");
    }
    auto upload = uploads.find(query["uploadId"]);
    if (upload == uploads.end()) return ErrorOf(404, "NoSuchUpload");
    if (request.method == "PUT") {
      upload->second[std::stoi(query["partNumber"])] = request.body;
      net::HttpResponse response = Xml(200, "");
      response.headers.push_back({"ETag", Etag(request.body)});
      return response;
    }
    if (request.method == "POST") {
      std::string whole;
      for (const auto& [number, part] : upload->second) {
        whole += part;
        if (request.body.find(std::to_string(Hash(part))) == std::string::npos) {
          return Xml(200, "<Error><Code>InvalidPart</Code></Error>");
        }
      }
      objects[key] = whole;
    }
    uploads.erase(upload);
    return Xml(request.method == "POST" ? 200 : 204, "");
  }

  net::HttpServer server_;
};

}  // namespace quern::store
