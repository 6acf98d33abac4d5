#include "exchange/tar_file.h"

#include <doctest/doctest.h>

#include <vector>

namespace quern::exchange {
namespace {

struct Written {
  std::string name;
  std::string bytes;
};

std::string Archive(const TempDir& dir, const std::vector<Written>& files) {
  const std::string path = dir.File("a.tar");
  REQUIRE(RealFs().RemoveAll(path));
  const auto out = RealFs().Create(path);
  REQUIRE(out);
  TarWriter tar(**out);
  for (const Written& file : files) {
    REQUIRE(tar.Begin(file.name, file.bytes.size()));
    REQUIRE(tar.Append(file.bytes));
  }
  REQUIRE(tar.End());
  return *RealFs().Read(path);
}

/// Sets a field of the first header and its sum again.
std::string With(std::string archive, size_t at, std::string_view value) {
  archive.replace(at, value.size(), value);
  unsigned sum = 0;
  for (size_t i = 0; i < 512; ++i) {
    sum += i >= 148 && i < 156 ? unsigned{' '} : static_cast<unsigned char>(archive[i]);
  }
  char digits[8];
  std::snprintf(digits, sizeof digits, "%06o", sum);
  archive.replace(148, 7, std::string_view(digits, 7));
  return archive;
}

Result<std::map<std::string, TarEntry>> List(const TempDir& dir, const std::string& archive) {
  const std::string path = dir.File("read.tar");
  REQUIRE(RealFs().WriteAtomic(path, archive));
  return ListTar(path, 100);
}

}  // namespace

TEST_CASE("an archive is the same bytes for the same files, and is read back") {
  const TempDir dir;
  const std::vector<Written> files{{"a", ""}, {"b/c", std::string(512, 'x')}, {"d", "text"}};
  const std::string archive = Archive(dir, files);
  CHECK(archive == Archive(dir, files));
  CHECK(archive.size() % 512 == 0);
  const auto listed = List(dir, archive);
  REQUIRE(listed);
  REQUIRE(listed->size() == 3);
  CHECK(listed->at("a").size == 0);
  CHECK(archive.substr(listed->at("d").offset, listed->at("d").size) == "text");
  CHECK(archive.substr(listed->at("b/c").offset, 512) == files[1].bytes);
}

TEST_CASE("entries that are no plain files of the archive's folder are refused by name") {
  const TempDir dir;
  const std::string good = Archive(dir, {{"name", "text"}});
  struct Case {
    size_t at;
    std::string_view value;
    const char* says;
  };
  const Case cases[] = {{0, "../x", "leaves the archive's folder"},
                        {0, "/abs", "is no name below a folder"},
                        {0, "a//b", "leaves the archive's folder"},
                        {156, "1", "is a link"},
                        {156, "2", "is a link"},
                        {156, "3", "is no plain file"},
                        {156, "6", "is no plain file"},
                        {156, "S", "is no plain file"}};
  for (const Case& one : cases) {
    const auto listed = List(dir, With(good, one.at, one.value));
    REQUIRE_FALSE(listed);
    CHECK(listed.error().code == Code::kInvalidArgument);
    CHECK_MESSAGE(listed.error().message.find(one.says) != std::string::npos,
                  listed.error().message);
  }
}

TEST_CASE("archives that are cut short, damaged or none are told apart") {
  const TempDir dir;
  const std::string good = Archive(dir, {{"one", std::string(2000, 'x')}, {"two", "text"}});
  for (const size_t size : {size_t{100}, size_t{513}, size_t{2000}, size_t{2600}, size_t{3100}}) {
    const auto listed = List(dir, good.substr(0, size));
    REQUIRE_FALSE(listed);
    CHECK(listed.error().code == Code::kDataLoss);
    CHECK(listed.error().message.find("cut short") != std::string::npos);
  }
  // A size that the file does not have, octal and binary.
  CHECK(List(dir, With(good, 124, "77777777777")).error().code == Code::kDataLoss);
  const auto binary = [&](std::string_view size) {
    return List(dir, With(good, 124, size)).error().code;
  };
  CHECK(binary({"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12}) == Code::kDataLoss);
  CHECK(binary(std::string(12, '\xff')) == Code::kInvalidArgument);
  CHECK(binary("00000000x00") == Code::kInvalidArgument);
  std::string damaged = good;
  damaged[512 + 2048 + 3] = 'X';  // of the second header
  CHECK(List(dir, damaged).error().message.find("damaged after 'one'") != std::string::npos);
  CHECK(List(dir, std::string(4096, 'x')).error().message.find("no tar archive") !=
        std::string::npos);
  CHECK(List(dir, "").error().code == Code::kInvalidArgument);
  CHECK(ListTar(dir.File("none"), 9).error().code == Code::kUnavailable);
  CHECK(ListTar(dir.File("a.tar"), 1).error().message.find("more than 1 entries") !=
        std::string::npos);
  std::string twice = Archive(dir, {{"one", ""}, {"one", ""}});
  CHECK(List(dir, twice).error().message.find("is there twice") != std::string::npos);
}

TEST_CASE("a writer refuses what the format cannot hold") {
  const TempDir dir;
  const auto out = RealFs().Create(dir.File("x.tar"));
  TarWriter tar(**out);
  CHECK(tar.Begin(std::string(101, 'n'), 1).error().code == Code::kInvalidArgument);
  CHECK(tar.Begin("n", uint64_t{8} << 30).error().code == Code::kInvalidArgument);
}

}  // namespace quern::exchange
