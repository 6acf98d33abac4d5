#pragma once
// What an S3-compatible store answers, as far as it is used. Only s3_xml.cc sees the XML parser.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace quern::store {

struct S3Listing {
  struct Object {
    std::string key;
    uint64_t size = 0;
  };
  std::vector<Object> objects;
  /// Common prefixes, each with the delimiter at its end.
  std::vector<std::string> prefixes;
  /// Where the next page begins; "" if this is the last.
  std::string next_token;
};

/// A ListBucketResult. kUnavailable for anything else.
Result<S3Listing> ParseS3Listing(std::string_view xml);

struct S3Uploads {
  struct Upload {
    std::string key;
    std::string id;
    /// As the store writes it: "2026-11-24T16:54:29.000Z".
    std::string begun;
  };
  std::vector<Upload> uploads;
  /// Where the next page begins; both "" if this is the last.
  std::string next_key;
  std::string next_id;
};

/// A ListMultipartUploadsResult. kUnavailable for anything else.
Result<S3Uploads> ParseS3Uploads(std::string_view xml);

/// The text of the elements `path` leads to from the root on, such as
/// "InitiateMultipartUploadResult/ UploadId": the first of them, "" if there is none or the text is
/// no XML.
std::string S3Element(std::string_view xml, std::string_view path);

/// The body that completes a multipart upload of parts with these ETags, numbered from 1.
std::string S3CompleteBody(const std::vector<std::string>& etags);

}  // namespace quern::store
