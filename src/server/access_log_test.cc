#include "server/access_log.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <set>

#include "base/fs.h"
#include "base/json.h"
#include "base/text.h"

namespace quern::server {
namespace {

AccessEntry Entry(std::string_view path) {
  return {1'700'000'000'123, Protocol::kHttp, "POST", path,   200, 42,
          0.0012345,         "heart",         "3",    "r\"1", ""};
}

std::vector<json::object> Lines(const std::string& path) {
  std::vector<json::object> lines;
  const std::string text = RealFs().Read(path).value();
  for (std::string_view line : Split(text, '\n')) {
    if (!line.empty()) lines.push_back(ParseJson(line).value().as_object());
  }
  return lines;
}

TEST_CASE("a line says what was asked and answered") {
  TempDir dir;
  const std::string path = dir.File("access.log");
  {
    AccessLog::Open({path})->get()->Write(Entry("/v2/models/heart/infer"));
  }
  const auto lines = Lines(path);
  REQUIRE(lines.size() == 1);
  CHECK(
      json::serialize(lines[0]) ==
      R"({"time":"2023-11-14T22:13:20.123Z","protocol":"http","method":"POST","path":"/v2/models/heart/infer",)"
      R"("status":200,"bytes":42,"duration_ms":1.234E0,"model":"heart","version":"3",)"
      R"("request_id":"r\"1"})");
}

TEST_CASE("answers that became 503 are logged as such, and hostile paths stay in their line") {
  TempDir dir;
  const std::string path = dir.File("access.log");
  {
    auto log = AccessLog::Open({path}).value();
    log->Write(Entry("/a"), true);
    log->Write(Entry("/b\n\xff"), true);
    log->Refuse();
    log->Write(Entry("/c"), true);
    log->Release();
    log->Write(Entry("/d"));
  }
  const auto lines = Lines(path);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].at("status") == 503);
  CHECK(lines[1].at("status") == 503);
  CHECK(lines[1].at("path") == "/b\n?");
  CHECK(lines[2].at("status") == 200);
}

TEST_CASE("many threads, small files: every line is whole, in one of the files") {
  TempDir dir;
  const std::string path = dir.File("access.log");
  constexpr int kThreads = 4;
  constexpr int kLines = 500;
  {
    auto log = AccessLog::Open({path, 20'000, 100, 0.001}).value();
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kLines; ++i) {
          log->Write(Entry("/" + std::to_string(t) + "/" + std::to_string(i)), i % 2 == 0);
          if (i % 2 == 0) log->Release();
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  std::set<std::string> paths;
  size_t lines = 0;
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    ++files;
    for (const json::object& line : Lines(entry.path())) {
      ++lines;
      paths.insert(std::string(line.at("path").as_string()));
    }
  }
  CHECK(lines == kThreads * kLines);
  CHECK(paths.size() == kThreads * kLines);
  CHECK(files > 1);
}

TEST_CASE("a file that was moved away is made anew; one that cannot be made is named") {
  TempDir dir;
  const std::string path = dir.File("access.log");
  auto log = AccessLog::Open({path, 0, 0, 0.001}).value();
  std::filesystem::rename(path, dir.File("moved"));
  while (!RealFs().Exists(path)) std::this_thread::yield();
  log->Write(Entry("/after"));
  log.reset();
  CHECK(Lines(path).at(0).at("path") == "/after");
  const auto refused = AccessLog::Open({dir.File("no/such/folder")});
  CHECK(refused.error().message.find("no/such/folder") != std::string::npos);
}

}  // namespace
}  // namespace quern::server
