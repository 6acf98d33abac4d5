#include "server/mlflow/artifacts.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "server/mlflow/artifact_fixture.h"

namespace quern::server::mlflow {
namespace {

TEST_CASE("an artifact up, listed, down and deleted") {
  ArtifactServer server;
  auto put = server.Ask("PUT", kArtifacts + "/1/run/artifacts/model/MLmodel", "flavors: {}");
  CHECK(put.status == 200);
  CHECK(put.body == "{}");
  CHECK(RealFs().Read(server.dir.File("root/1/run/artifacts/model/MLmodel")) == "flavors: {}");
  CHECK(server
            .Ask("PUT", "/ajax-api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/a%20%C3%BC.bin",
                 std::string(100, '\0'))
            .status == 200);

  CHECK(server.Ask("GET", kArtifacts + "?path=1/run/artifacts").body ==
        "{\"files\":[{\"path\":\"a \xC3\xBC.bin\",\"is_dir\":false,\"file_size\":100},"
        "{\"path\":\"model\",\"is_dir\":true}]}");
  CHECK(server.Ask("GET", kArtifacts + "?path=1%2Frun%2Fartifacts%2Fmodel%2F").body ==
        R"({"files":[{"path":"MLmodel","is_dir":false,"file_size":11}]})");
  CHECK(server.Ask("GET", kArtifacts).body == R"({"files":[{"path":"1","is_dir":true}]})");
  CHECK(server.Ask("GET", kArtifacts + "?path=none").body == "{}");

  auto got = server.Ask("GET", kArtifacts + "/1/run/artifacts/model/MLmodel");
  CHECK(got.status == 200);
  CHECK(got.body == "flavors: {}");
  CHECK(got.content_type == "text/plain");
  CHECK(got.Find("Content-Disposition") == "attachment; filename=\"MLmodel\"");
  CHECK(got.Find("X-Content-Type-Options") == "nosniff");
  CHECK(server.Ask("GET", kArtifacts + "/1/run/artifacts/a%20%C3%BC.bin").content_type ==
        "application/octet-stream");
  auto head = server.Ask("HEAD", kArtifacts + "/1/run/artifacts/model/MLmodel");
  CHECK(head.Find("Content-Length") == "11");
  CHECK(head.body.empty());

  CHECK(server.Ask("DELETE", kArtifacts + "/1/run/artifacts/model/MLmodel").body == "{}");
  CHECK(server.Ask("GET", kArtifacts + "/1/run/artifacts/model/MLmodel").status == 404);
  CHECK(server.Ask("DELETE", kArtifacts + "/1/run/artifacts/").status == 200);
  CHECK_FALSE(RealFs().Exists(server.dir.File("root/1/run/artifacts")));
  CHECK(server.Unfinished() == 0);
}

TEST_CASE("a download is resumed with a range, and not repeated when nothing has changed") {
  ArtifactServer server;
  std::string bytes;
  for (int i = 0; i < 200000; ++i) bytes += std::to_string(i);
  REQUIRE(server.Ask("PUT", kArtifacts + "/f", bytes).status == 200);
  auto head = server.Ask("HEAD", kArtifacts + "/f");
  CHECK(head.Find("Accept-Ranges") == "bytes");
  std::string etag(head.Find("ETag"));
  auto rest =
      server.Ask("GET", kArtifacts + "/f", "", {{"Range", "bytes=300000-"}, {"If-Range", etag}});
  CHECK(rest.status == 206);
  CHECK(rest.body == bytes.substr(300000));
  CHECK(server.Ask("GET", kArtifacts + "/f", "", {{"Range", "bytes=99999999-"}}).status == 416);
  auto same = server.Ask("GET", kArtifacts + "/f", "", {{"If-None-Match", etag}});
  CHECK(same.status == 304);
  CHECK(same.body.empty());
  REQUIRE(server.Ask("PUT", kArtifacts + "/f", "new").status == 200);
  auto changed = server.Ask("GET", kArtifacts + "/f", "",
                            {{"Range", "bytes=1-"}, {"If-Range", etag}, {"If-None-Match", etag}});
  CHECK(changed.status == 200);
  CHECK(changed.body == "new");
}

TEST_CASE("what is absent and what is a folder") {
  ArtifactServer server;
  REQUIRE(server.Ask("PUT", kArtifacts + "/d/f", "x").status == 200);
  for (const char* method : {"GET", "DELETE"}) {
    auto absent = server.Ask(method, kArtifacts + "/d/none");
    CHECK(absent.status == 404);
    CHECK(ArtifactServer::ErrorOf(absent) == "RESOURCE_DOES_NOT_EXIST");
    CHECK(absent.body.find("d/none") != std::string::npos);
  }
  for (const char* target : {"/d", "/d/f/below"}) {
    auto put = server.Ask("PUT", kArtifacts + target, "x");
    CHECK(put.status == 400);
    CHECK(ArtifactServer::ErrorOf(put) == "INVALID_PARAMETER_VALUE");
  }
  CHECK(ArtifactServer::ErrorOf(server.Ask("GET", kArtifacts + "/d")) == "INVALID_PARAMETER_VALUE");
  CHECK(server.Ask("POST", kArtifacts + "/d/f", "x").status == 405);
}

TEST_CASE("no path leads out of the folder, in whatever encoding") {
  ArtifactServer server;
  REQUIRE(RealFs().WriteAtomic(server.dir.File("secret"), "s"));
  REQUIRE(server.Ask("PUT", kArtifacts + "/a/f", "x").status == 200);
  for (std::string_view path : {"../secret",
                                "a/../../secret",
                                "%2e%2e/secret",
                                "%2E./secret",
                                "..%2Fsecret",
                                "a%2f..%2f..%2fsecret",
                                "%252e%252e%252fsecret",
                                "%25252e%25252e/secret",
                                "..%5Csecret",
                                "..\\secret",
                                "%2fetc%2fpasswd",
                                "/etc/passwd",
                                "C:%2FWindows",
                                "a//f",
                                "a/./f",
                                "a/%2e/f",
                                "a%00",
                                "a%2500",
                                "a%0Ab",
                                "%c0%ae%c0%ae/secret",
                                "%ff"}) {
    const std::string target = kArtifacts + "/" + std::string(path);
    for (const char* method : {"GET", "PUT", "DELETE"}) {
      auto answer = server.Ask(method, target, method[0] == 'P' ? "evil" : "");
      CHECK_MESSAGE(answer.status == 400, method, " ", path);
    }
    auto list = server.Ask("GET", kArtifacts + "?path=" + std::string(path));
    CHECK_MESSAGE(list.status == 400, path);
    auto parts =
        server.Ask("POST", "/api/2.0/mlflow-artifacts/mpu/create/" + std::string(path),
                   R"({"path":"f","num_parts":1})", {{"Content-Type", "application/json"}});
    CHECK_MESSAGE(parts.status == 400, path);
  }
  auto invalid = server.Ask("GET", kArtifacts + "/%252e%252e/secret");
  CHECK(ArtifactServer::ErrorOf(invalid) == "INVALID_PARAMETER_VALUE");
  CHECK(invalid.body.find("\"message\":\"Invalid path") != std::string::npos);
  REQUIRE(::symlink(server.dir.path().c_str(), server.dir.File("root/out").c_str()) == 0);
  for (const char* method : {"GET", "PUT", "DELETE"}) {
    CHECK(server.Ask(method, kArtifacts + "/out/secret", "").status == 400);
  }
  CHECK(RealFs().Read(server.dir.File("secret")) == "s");
  CHECK(server.Ask("GET", kArtifacts + "/.quern-tmp/x").status == 404);
  CHECK(server.Ask("PUT", kArtifacts + "/.quern-tmp/x", "x").status == 400);
  CHECK(server.Unfinished() == 0);
}

TEST_CASE("a full disk: 503 with Retry-After, nothing half-written, and it recovers") {
  ArtifactServer server;
  const std::string big(3 << 20, 'x');
  REQUIRE(server.Ask("PUT", kArtifacts + "/f", "old").status == 200);
  server.disk.room = 1 << 20;
  auto full = server.Ask("PUT", kArtifacts + "/f", big);
  CHECK(full.status == 503);
  CHECK(full.Find("Retry-After") == "1");
  CHECK(ArtifactServer::ErrorOf(full) == "TEMPORARILY_UNAVAILABLE");
  CHECK(full.body.find("full") != std::string::npos);
  CHECK(full.body.find("secret") == std::string::npos);
  server.disk.full = true;
  CHECK(server.Ask("PUT", kArtifacts + "/g", "x").status == 503);
  CHECK(server.Ask("GET", kArtifacts + "/f").body == "old");
  CHECK(server.Unfinished() == 0);
  server.disk.room = ~uint64_t{0};
  server.disk.full = false;
  CHECK(server.Ask("PUT", kArtifacts + "/f", big).status == 200);
  CHECK(server.Ask("GET", kArtifacts + "/f").body == big);
}

TEST_CASE("a server that buffers bodies stores them all the same") {
  ArtifactServer server;
  net::HttpServer plain({}, [&](const net::HttpRequest& r) { return server.router.Dispatch(r); });
  net::HttpClient client("127.0.0.1", plain.Start().value());
  CHECK(client.Send("PUT", kArtifacts + "/f", "small", {})->body == "{}");
  CHECK(client.Send("PUT", kArtifacts + "/../f", "small", {})->status == 400);
  CHECK(client.Get(kArtifacts + "/f")->body == "small");
}

}  // namespace
}  // namespace quern::server::mlflow
