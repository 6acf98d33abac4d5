#include "server/http/file_response.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "net/encode_url.h"

namespace quern::server {
namespace {

/// Decimal digits alone; what is beyond 64 bits is the largest number.
std::optional<uint64_t> Digits(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  uint64_t value = 0;
  for (char c : text) {
    auto digit = static_cast<uint64_t>(c - '0');
    if (value > (~uint64_t{0} - digit) / 10) return ~uint64_t{0};
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace

bool AnyMatches(std::string_view header, std::string_view quoted) {
  for (std::string_view tag : Split(header, ',')) {
    tag = Trim(tag);
    if (StartsWith(tag, "W/")) tag.remove_prefix(2);
    if (tag == "*" || tag == quoted) return true;
  }
  return false;
}

ByteRange ParseRange(std::string_view header, uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (ToLower(header.substr(0, kUnit.size())) != kUnit) return {};
  std::string_view range = Trim(header.substr(kUnit.size()));
  size_t dash = range.find('-');
  if (dash == std::string_view::npos) return {};
  std::string_view first_text = range.substr(0, dash);
  std::string_view last_text = range.substr(dash + 1);
  auto last = Digits(last_text);
  if (!last && !last_text.empty()) return {};
  if (first_text.empty()) {
    if (!last) return {};
    if (*last == 0 || size == 0) return {ByteRange::Kind::kUnsatisfiable, 0, 0};
    uint64_t length = std::min(*last, size);
    return {ByteRange::Kind::kPart, size - length, length};
  }
  auto first = Digits(first_text);
  if (!first || (last && *last < *first)) return {};
  if (*first >= size) return {ByteRange::Kind::kUnsatisfiable, 0, 0};
  uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  return {ByteRange::Kind::kPart, *first, end - *first + 1};
}

namespace {

bool IsKnown(const net::HttpRequest& request, std::string_view quoted) {
  return AnyMatches(request.Find("If-None-Match"), quoted);
}

ByteRange AskedRange(const net::HttpRequest& request, uint64_t size, std::string_view quoted) {
  const std::string_view if_range = Trim(request.Find("If-Range"));
  ByteRange range;
  if (request.method == "GET" && (if_range.empty() || if_range == quoted)) {
    range = ParseRange(request.Find("Range"), size);
  }
  return range.kind == ByteRange::Kind::kWhole ? ByteRange{range.kind, 0, size} : range;
}

std::string Quoted(std::string_view etag) { return "\"" + std::string(etag) + "\""; }

}  // namespace

ByteRange ServedRange(const net::HttpRequest& request, uint64_t size, std::string_view etag) {
  const std::string quoted = Quoted(etag);
  ByteRange range = AskedRange(request, size, quoted);
  if (request.method != "GET" || IsKnown(request, quoted)) range.length = 0;
  return range;
}

std::string AttachmentHeader(std::string_view name) {
  std::string plain;
  for (char c : name) {
    auto byte = static_cast<unsigned char>(c);
    plain += byte < 0x20 || byte > 0x7e || c == '"' || c == '\\' ? '_' : c;
  }
  std::string header = "attachment; filename=\"" + plain + "\"";
  if (plain != name) header += "; filename*=UTF-8''" + net::EncodeUrl(name);
  return header;
}

net::HttpResponse FileResponse(const net::HttpRequest& request, FileToServe file) {
  const std::string quoted = Quoted(file.etag);
  net::HttpResponse response;
  response.headers = {{"ETag", quoted}, {"Accept-Ranges", "bytes"}};
  if (IsKnown(request, quoted)) {
    response.status = 304;
    response.content_type.clear();
    return response;
  }
  const ByteRange range = AskedRange(request, file.size, quoted);
  const std::string total = "/" + std::to_string(file.size);
  if (range.kind == ByteRange::Kind::kUnsatisfiable) {
    net::HttpResponse refused = net::RenderJsonError(
        416, "the range lies beyond the file's " + std::to_string(file.size) + " bytes");
    refused.headers.push_back({"Content-Range", "bytes *" + total});
    return refused;
  }
  if (range.kind == ByteRange::Kind::kPart) {
    response.status = 206;
    response.headers.push_back(
        {"Content-Range", "bytes " + std::to_string(range.first) + "-" +
                              std::to_string(range.first + range.length - 1) + total});
  }
  response.content_type = std::move(file.content_type);
  response.headers.push_back({"Content-Disposition", AttachmentHeader(file.name)});
  response.headers.push_back({"X-Content-Type-Options", "nosniff"});
  response.file = std::make_shared<net::FileBody>(std::move(file.fd), range.first, range.length);
  return response;
}

}  // namespace quern::server
