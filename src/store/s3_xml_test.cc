#include "store/s3_xml.h"

#include <doctest/doctest.h>

namespace quern::store {
namespace {

TEST_CASE("a page of a listing") {
  auto listing = ParseS3Listing(
      R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
<IsTruncated>true</IsTruncated><NextContinuationToken>tok</NextContinuationToken>
<Contents><Key>a/&lt;b&gt; &amp; c</Key><Size>12</Size><Owner><Key>no</Key></Owner></Contents>
<Contents><Key>a/d</Key><Size>5000000000</Size></Contents>
<CommonPrefixes><Prefix>a/e/</Prefix></CommonPrefixes></ListBucketResult>)");
  REQUIRE(listing);
  REQUIRE(listing->objects.size() == 2);
  CHECK(listing->objects[0].key == "a/<b> & c");
  CHECK(listing->objects[0].size == 12);
  CHECK(listing->objects[1].size == 5000000000u);
  CHECK(listing->prefixes == std::vector<std::string>{"a/e/"});
  CHECK(listing->next_token == "tok");
}

TEST_CASE("what is no listing") {
  std::string deep = "<ListBucketResult>";
  for (int i = 0; i < 1000; ++i) deep += "<a>";
  for (const std::string& xml : std::vector<std::string>{
           "", "nonsense", "<a/>", "<ListBucketResult>", "<Error><Code>x</Code></Error>",
           "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
           "<!DOCTYPE a [<!ENTITY b 'c'>]><ListBucketResult><Contents><Key>&b;</Key></Contents>"
           "</ListBucketResult>",
           deep}) {
    CHECK_MESSAGE(ParseS3Listing(xml).error().code == Code::kUnavailable, xml);
  }
}

TEST_CASE("single elements, and the body that completes an upload") {
  CHECK(S3Element("<R><UploadId>u1</UploadId></R>", "R/UploadId") == "u1");
  CHECK(S3Element("<R><UploadId>u1</UploadId>", "R/UploadId").empty());
  CHECK(S3Element("<R/>", "R/UploadId").empty());
  std::string body = S3CompleteBody({"e1", "e2"});
  CHECK(S3Element(body, "CompleteMultipartUpload/Part/ETag") == "\"e1\"");
  CHECK(body.find("<PartNumber>2</PartNumber><ETag>&quot;e2") != std::string::npos);
}

}  // namespace
}  // namespace quern::store
