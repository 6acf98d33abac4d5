#include "store/s3_xml.h"

#include <expat.h>

#include <functional>
#include <memory>

#include "base/text.h"

namespace quern::store {
namespace {

/// Deeper than any answer of S3.
constexpr int kMaxDepth = 16;

/// Calls `on_end` at the end of every element with its path of names from the root on and its text.
struct Walk {
  std::string path;
  std::vector<std::string> texts;
  std::function<void(std::string_view path, std::string_view text)> on_end;
  bool too_deep = false;
};

Walk& Of(void* user) { return *static_cast<Walk*>(user); }

void XMLCALL OnStart(void* user, const XML_Char* name, const XML_Char**) {
  Walk& walk = Of(user);
  if (walk.texts.size() == kMaxDepth) walk.too_deep = true;
  walk.path += (walk.path.empty() ? "" : "/") + std::string(name);
  walk.texts.emplace_back();
}

void XMLCALL OnText(void* user, const XML_Char* text, int size) {
  if (Walk& walk = Of(user); !walk.texts.empty()) {
    walk.texts.back().append(text, static_cast<size_t>(size));
  }
}

void XMLCALL OnEnd(void* user, const XML_Char*) {
  Walk& walk = Of(user);
  if (!walk.too_deep) walk.on_end(walk.path, walk.texts.back());
  walk.texts.pop_back();
  size_t slash = walk.path.rfind('/');
  walk.path.resize(slash == std::string::npos ? 0 : slash);
}

/// S3 sends no document type; refusing one leaves no entities to expand.
void XMLCALL OnDoctype(void* user, const XML_Char*, const XML_Char*, const XML_Char*, int) {
  Of(user).too_deep = true;
}

bool Read(std::string_view xml, Walk* walk) {
  std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(XML_ParserCreate("UTF-8"),
                                                                      &XML_ParserFree);
  if (parser == nullptr) return false;
  XML_SetUserData(parser.get(), walk);
  XML_SetElementHandler(parser.get(), &OnStart, &OnEnd);
  XML_SetCharacterDataHandler(parser.get(), &OnText);
  XML_SetStartDoctypeDeclHandler(parser.get(), &OnDoctype);
  auto status = XML_Parse(parser.get(), xml.data(), static_cast<int>(xml.size()), XML_TRUE);
  return status == XML_STATUS_OK && !walk->too_deep;
}

}  // namespace

Result<S3Listing> ParseS3Listing(std::string_view xml) {
  S3Listing listing;
  S3Listing::Object object;
  bool listed = false;
  bool truncated = false;
  Walk walk;
  walk.on_end = [&](std::string_view path, std::string_view text) {
    constexpr std::string_view kRoot = "ListBucketResult";
    listed = listed || path == kRoot;
    if (!StartsWith(path, std::string(kRoot) + "/")) return;
    path.remove_prefix(kRoot.size() + 1);
    if (path == "Contents/Key") object.key = text;
    if (path == "Contents/Size") object.size = static_cast<uint64_t>(ParseInt(text).value_or(0));
    if (path == "Contents") listing.objects.push_back(std::exchange(object, {}));
    if (path == "CommonPrefixes/Prefix") listing.prefixes.emplace_back(text);
    if (path == "NextContinuationToken") listing.next_token = text;
    if (path == "IsTruncated") truncated = text == "true";
  };
  bool good = Read(xml, &walk) && listed && truncated == !listing.next_token.empty();
  if (good) return listing;
  return Fail(Code::kUnavailable, "the object store's answer is not a listing");
}

Result<S3Uploads> ParseS3Uploads(std::string_view xml) {
  S3Uploads listing;
  S3Uploads::Upload upload;
  bool listed = false;
  bool truncated = false;
  Walk walk;
  walk.on_end = [&](std::string_view path, std::string_view text) {
    constexpr std::string_view kRoot = "ListMultipartUploadsResult";
    listed = listed || path == kRoot;
    if (!StartsWith(path, std::string(kRoot) + "/")) return;
    path.remove_prefix(kRoot.size() + 1);
    if (path == "Upload/Key") upload.key = text;
    if (path == "Upload/UploadId") upload.id = text;
    if (path == "Upload/Initiated") upload.begun = text;
    if (path == "Upload") listing.uploads.push_back(std::exchange(upload, {}));
    if (path == "NextKeyMarker") listing.next_key = text;
    if (path == "NextUploadIdMarker") listing.next_id = text;
    if (path == "IsTruncated") truncated = text == "true";
  };
  const bool good = Read(xml, &walk) && listed && (!truncated || !listing.next_key.empty());
  if (!good) {
    return Fail(Code::kUnavailable, "the object store's answer is not a listing of uploads");
  }
  if (!truncated) listing.next_key = listing.next_id = "";
  return listing;
}

std::string S3Element(std::string_view xml, std::string_view path) {
  std::string found;
  Walk walk;
  walk.on_end = [&](std::string_view at, std::string_view text) {
    if (found.empty() && at == path) found = text;
  };
  return Read(xml, &walk) ? found : "";
}

std::string S3CompleteBody(const std::vector<std::string>& etags) {
  std::string out = "<CompleteMultipartUpload>";
  for (size_t i = 0; i < etags.size(); ++i) {
    out += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>&quot;" + etags[i] +
           "&quot;</ETag></Part>";
  }
  return out + "</CompleteMultipartUpload>";
}

}  // namespace quern::store
