#include "store/s3_artifacts.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>

#include "base/fs.h"
#include "store/artifact_texts.h"
#include "store/fake_s3.h"

namespace quern::store {
namespace {

std::string Names(ArtifactStore& store, std::string_view path) {
  std::string names;
  auto entries = store.List(path);
  REQUIRE(entries);
  for (const ArtifactEntry& entry : *entries) {
    names += entry.name + (entry.is_dir ? "/ " : ":" + std::to_string(entry.size) + " ");
  }
  return names;
}

std::string Pattern(size_t size) {
  std::string out;
  for (size_t i = 0; out.size() < size; ++i) out += std::to_string(i) + ",";
  out.resize(size);
  return out;
}

/// What an artifact store does, in a bucket: for the one in memory and for a real one.
void CheckStore(ArtifactStore& store, size_t part_bytes) {
  REQUIRE(PutText(store, "1/run/MLmodel", "flavors"));
  REQUIRE(PutText(store, "1/run/a ü+&.txt", "x"));
  REQUIRE(PutText(store, "1/run/empty", ""));
  REQUIRE(PutText(store, "1/run/sub/deep/f", "yy"));
  REQUIRE(PutText(store, "2/f", "z"));
  CHECK(TextOf(store, "1/run/MLmodel") == "flavors");
  CHECK(TextOf(store, "1/run/a ü+&.txt") == "x");
  CHECK(TextOf(store, "1/run/empty").empty());
  CHECK(Names(store, "") == "1/ 2/ ");
  CHECK(Names(store, "1/run") == "MLmodel:7 a ü+&.txt:1 empty:0 sub/ ");
  CHECK(Names(store, "none").empty());
  CHECK(Names(store, "1/run/MLmodel").empty());

  for (size_t size : {part_bytes - 1, part_bytes, 2 * part_bytes + part_bytes / 2}) {
    std::string large = Pattern(size);
    std::string before = store.Open("2/f")->etag;
    REQUIRE(PutText(store, "2/f", large));
    CHECK((TextOf(store, "2/f") == large));
    CHECK(store.Open("2/f")->etag != before);
  }
  {
    auto dropped = store.Put("2/f");
    REQUIRE((*dropped)->Append(std::string(part_bytes + 1, 'd')));
  }
  CHECK(store.Open("2/f")->size == 2 * part_bytes + part_bytes / 2);

  CHECK(store.Open("1/run").error().code == Code::kInvalidArgument);
  CHECK(store.Open("1/none").error().code == Code::kNotFound);
  CHECK(store.Open("../x").error().message == "Invalid path");
  CHECK(store.Put("a//b").error().message == "Invalid path");
  CHECK(store.Exists("1/run/MLmodel") == true);
  CHECK(store.Exists("1/run") == true);
  CHECK(store.Exists("1/ru") == false);
  CHECK(store.Delete("1/none").error().code == Code::kNotFound);
  REQUIRE(store.Delete("1/run/MLmodel"));
  CHECK(store.Exists("1/run/MLmodel") == false);
  REQUIRE(store.Delete("1"));
  CHECK(Names(store, "") == "2/ ");
}

TEST_CASE("artifacts in a bucket") {
  FakeS3 s3;
  TempDir scratch;
  {
    S3Artifacts store(s3.options, scratch.path(), SystemClock());
    CheckStore(store, s3.options.part_bytes);
  }
  CHECK(s3.uploads.empty());
  CHECK(s3.objects.size() == 1);
  CHECK(s3.objects.contains("some/root/2/f"));
  CHECK(RealFs().List(scratch.path())->empty());
}

TEST_CASE("all files below a folder of a bucket, page by page") {
  FakeS3 s3;
  TempDir scratch;
  S3Artifacts store(s3.options, scratch.path(), SystemClock());
  for (const char* path : {"1/a", "1/b/c", "1/b/d", "10/e", "2/f"})
    REQUIRE(PutText(store, path, path));
  s3.objects["some/rooted/x"] = "not in the store";
  std::string seen;
  const auto note = [&](const std::string& path, uint64_t size) -> Status {
    seen += path + ":" + std::to_string(size) + " ";
    return {};
  };
  REQUIRE(store.Walk("", note));
  CHECK(seen == "1/a:3 1/b/c:5 1/b/d:5 10/e:4 2/f:3 ");
  seen.clear();
  REQUIRE(store.Walk("1", note));
  CHECK(seen == "1/a:3 1/b/c:5 1/b/d:5 ");
  CHECK_FALSE(store.Walk(
      "", [](const std::string&, uint64_t) -> Status { return Fail(Code::kCancelled, "enough"); }));
}

TEST_CASE("uploads that were never ended are found and go, those of today stay") {
  FakeS3 s3;
  TempDir scratch;
  S3Artifacts store(s3.options, scratch.path(), SystemClock());
  S3Client client(s3.options, SystemClock());
  for (int i = 0; i < 5; ++i) {
    REQUIRE(client.BeginParts("some/root/k" + std::to_string(i)));
  }
  REQUIRE(client.BeginParts("some/other"));
  constexpr int64_t kDay = 24 * 3600 * 1000;
  CHECK(store.Unfinished(kDay, false)->count == 5);
  CHECK(s3.uploads.size() == 6);
  CHECK(store.Unfinished(kDay, true)->count == 5);
  CHECK(s3.uploads.size() == 1);
  REQUIRE(client.BeginParts("some/root/young"));
  s3.begun = FormatTime(SystemClock().NowMs());
  CHECK(store.Unfinished(kDay, true)->count == 0);
  CHECK(s3.uploads.size() == 2);
}

TEST_CASE("a bucket without a prefix, with what others put there") {
  FakeS3 s3;
  s3.options.prefix.clear();
  s3.objects = {{"a/", ""}, {"a/f", "1"}, {"a/../g", "2"}, {"a\\b", "3"}, {"h", "4"}};
  TempDir scratch;
  S3Artifacts store(s3.options, scratch.path(), SystemClock());
  CHECK(Names(store, "") == "a/ h:1 ");
  CHECK(Names(store, "a") == "f:1 ");
  CHECK(TextOf(store, "a/f") == "1");
}

TEST_CASE(
    "a store that fails for a moment is asked again, one that goes on failing is unavailable") {
  FakeS3 s3;
  TempDir scratch;
  S3Artifacts store(s3.options, scratch.path(), SystemClock());
  s3.failures = 2;
  REQUIRE(PutText(store, "f", "x"));
  s3.failures = 1000;
  Status failed = PutText(store, "f", std::string(100000, 'y'));
  CHECK(failed.error().code == Code::kUnavailable);
  CHECK(failed.error().message.find("127.0.0.1") == std::string::npos);
  CHECK(store.Open("f").error().code == Code::kUnavailable);
  CHECK(store.List("").error().code == Code::kUnavailable);
  CHECK(store.Delete("f").error().code == Code::kUnavailable);
  s3.fail_status = 507;
  CHECK(PutText(store, "f", "y").error().code == Code::kResourceExhausted);
  s3.failures = 0;
  CHECK(TextOf(store, "f") == "x");
  s3.options.credentials.secret_key = "changed";
  CHECK(store.Open("f").error().code == Code::kPermissionDenied);
}

TEST_CASE("where the store is: a URI and the environment") {
  std::map<std::string, std::string> environment{{"AWS_ACCESS_KEY_ID", "k"},
                                                 {"AWS_SECRET_ACCESS_KEY", "s"},
                                                 {"MLFLOW_S3_ENDPOINT_URL", "http://h:9000/"}};
  const auto get = [&](const std::string& name) { return environment[name]; };
  auto options = S3OptionsFrom("s3://b/some/where/", get);
  REQUIRE(options);
  CHECK(options->bucket == "b");
  CHECK(options->prefix == "some/where");
  CHECK(options->endpoint == "http://h:9000");
  CHECK(options->trust.verify);
  CHECK(options->region == "us-east-1");
  CHECK(S3OptionsFrom("s3://b", get)->prefix.empty());
  CHECK_FALSE(S3OptionsFrom("/tmp", get));
  CHECK_FALSE(S3OptionsFrom("s3://", get));
  environment["AWS_SECRET_ACCESS_KEY"] = "";
  CHECK(S3OptionsFrom("s3://b", get).error().hint.find("AWS_SECRET") != std::string::npos);
  environment["AWS_SECRET_ACCESS_KEY"] = "s";
  environment["MLFLOW_S3_ENDPOINT_URL"] = "";
  environment["AWS_REGION"] = "eu-west-1";
  CHECK(S3OptionsFrom("s3://b", get)->endpoint == "https://s3.eu-west-1.amazonaws.com");
  environment["AWS_DEFAULT_REGION"] = "eu-north-1";
  CHECK(S3OptionsFrom("s3://b", get)->region == "eu-north-1");
  environment["AWS_CA_BUNDLE"] = "/etc/ca.pem";
  environment["MLFLOW_S3_IGNORE_TLS"] = "True";
  CHECK(S3OptionsFrom("s3://b", get)->trust.ca_bundle == "/etc/ca.pem");
  CHECK_FALSE(S3OptionsFrom("s3://b", get)->trust.verify);
  for (const char* url : {"ftp://h", "h:9000", "http://:1", "http://h:x", "http://h:99999",
                          "https://", "https://h/path"}) {
    environment["MLFLOW_S3_ENDPOINT_URL"] = url;
    CHECK_MESSAGE(S3OptionsFrom("s3://b", get).error().code == Code::kInvalidArgument, url);
  }
}

TEST_CASE("where the store is: how a bucket is named, and profiles") {
  TempDir home;
  std::map<std::string, std::string> environment{{"HOME", home.path()}};
  const auto get = [&](const std::string& name) { return environment[name]; };
  CHECK(S3OptionsFrom("s3://bucket", get).error().hint.find("AWS_PROFILE") != std::string::npos);
  REQUIRE(RealFs().WriteAtomic(home.File(".aws/credentials"),
                               "# mine\n[default]\naws_access_key_id = one\n"
                               "aws_secret_access_key=secret=1\n\n[ other ]\n"
                               "AWS_ACCESS_KEY_ID=two\naws_secret_access_key = s2\n"
                               "aws_session_token = t2\ns3 =\n  aws_access_key_id = no\n"));
  REQUIRE(RealFs().WriteAtomic(home.File(".aws/config"),
                               "[default]\nregion = eu-west-3\n[profile other]\nregion=ap-south-1\n"
                               "[profile half]\naws_access_key_id = three\n"));
  auto options = S3OptionsFrom("s3://bucket", get);
  REQUIRE(options);
  CHECK(options->credentials.access_key == "one");
  CHECK(options->credentials.secret_key == "secret=1");
  CHECK(options->credentials.session_token.empty());
  CHECK(options->endpoint == "https://s3.eu-west-3.amazonaws.com");
  CHECK(options->bucket_in_host);
  CHECK_FALSE(S3OptionsFrom("s3://a.bucket", get)->bucket_in_host);
  environment["AWS_PROFILE"] = "other";
  environment["MLFLOW_S3_ENDPOINT_URL"] = "http://h:9000";
  options = S3OptionsFrom("s3://bucket", get);
  REQUIRE(options);
  CHECK(options->credentials.access_key == "two");
  CHECK(options->credentials.session_token == "t2");
  CHECK(options->region == "ap-south-1");
  CHECK_FALSE(options->bucket_in_host);
  environment["MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE"] = "virtual";
  CHECK(S3OptionsFrom("s3://bucket", get)->bucket_in_host);
  CHECK(S3OptionsFrom("s3://a.bucket", get).error().message.find("a.bucket") != std::string::npos);
  environment["MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE"] = "odd";
  CHECK(S3OptionsFrom("s3://bucket", get).error().message.find("'odd'") != std::string::npos);
  environment["MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE"] = "path";
  // What the environment says comes first.
  environment["AWS_ACCESS_KEY_ID"] = "mine";
  environment["AWS_SECRET_ACCESS_KEY"] = "too";
  environment["AWS_REGION"] = "here";
  options = S3OptionsFrom("s3://bucket", get);
  CHECK(options->credentials.access_key == "mine");
  CHECK(options->credentials.session_token.empty());
  CHECK(options->region == "here");
  environment.erase("AWS_ACCESS_KEY_ID");
  environment["AWS_PROFILE"] = "half";
  CHECK(S3OptionsFrom("s3://bucket", get).error().message.find("no credentials") !=
        std::string::npos);
  environment["AWS_PROFILE"] = "nobody";
  CHECK(S3OptionsFrom("s3://bucket", get).error().message.find("'nobody'") != std::string::npos);
}

TEST_CASE("a bucket in the host's name") {
  FakeS3 s3;
  const size_t port = s3.options.endpoint.rfind(':');
  // Names below localhost are this machine, whatever the resolver says (RFC 6761).
  s3.options.endpoint = "http://localhost" + s3.options.endpoint.substr(port);
  s3.options.bucket_in_host = true;
  TempDir scratch;
  S3Artifacts store(s3.options, scratch.path(), SystemClock());
  CheckStore(store, s3.options.part_bytes);
}

TEST_CASE("of a part no more is brought than is asked for") {
  FakeS3 s3;
  TempDir scratch;
  S3Artifacts store(s3.options, scratch.path(), SystemClock());
  std::string text;
  for (int i = 0; text.size() < 5 * s3.options.part_bytes; ++i) text += std::to_string(i) + " ";
  REQUIRE(PutText(store, "f", text));
  const auto part = [&](uint64_t first, uint64_t length) {
    s3.sent = 0;
    const auto file = store.OpenPart("f", [&](uint64_t size, std::string_view etag) {
      CHECK(size == text.size());
      CHECK_FALSE(etag.empty());
      return ArtifactSpan{first, length};
    });
    REQUIRE(file);
    CHECK(file->size == text.size());
    CHECK(s3.sent == length);
    std::string got(length, '\0');
    REQUIRE(::pread(file->fd.get(), got.data(), length, static_cast<off_t>(first)) ==
            static_cast<ssize_t>(length));
    CHECK(got == text.substr(first, length));
  };
  part(0, 0);
  part(100, 1);
  part(s3.options.part_bytes - 10, 2 * s3.options.part_bytes);
  part(text.size() - 7, 7);
  part(0, text.size());
}

// Started by tests/wire/test_s3.py with a server's address in the environment.
TEST_CASE("artifacts in a real server's bucket" * doctest::skip()) {
  const auto get = [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string(value == nullptr ? "" : value);
  };
  auto options = S3OptionsFrom("s3://quern-bucket/art", get);
  REQUIRE(options);
  options->part_bytes = 5u << 20;
  TempDir scratch;
  S3Artifacts store(*options, scratch.path(), SystemClock());
  CheckStore(store, options->part_bytes);
  options->prefix = "shared";
  S3Artifacts shared(*options, scratch.path(), SystemClock());
  REQUIRE(PutText(shared, "kept/by quern.txt", "from quern"));
  CHECK(TextOf(shared, "kept/by boto ü.txt") == "from boto");
}

}  // namespace
}  // namespace quern::store
