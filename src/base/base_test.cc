#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cmath>
#include <set>

#include "base/digest.h"
#include "base/frame.h"
#include "base/fs.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/parallel.h"
#include "base/random.h"
#include "base/text.h"
#include "base/time.h"
#include "base/yaml.h"

namespace quern {

TEST_CASE("numbers are read strictly and written in their shortest form") {
  CHECK(ParseDouble("01") == 1.0);
  CHECK(ParseDouble(" 1.0 ") == 1.0);
  CHECK(ParseDouble("-.5") == -0.5);
  CHECK_FALSE(ParseDouble("nan"));
  CHECK_FALSE(ParseDouble("0x10"));
  CHECK_FALSE(ParseDouble("1 2"));
  CHECK_FALSE(ParseDouble("-"));
  CHECK(ShortestDouble(1.0) == "1");
  CHECK(ShortestDouble(-0.0) == "0");
  CHECK(ShortestDouble(0.1) == "0.1");
  CHECK(ShortestDouble(1e21) == "1e+21");
  CHECK(ShortestDouble(123456789) == "123456789");
}

TEST_CASE("a misspelt name gets the nearest known one") {
  const std::vector<std::string> known{"median", "mean", "constant"};
  CHECK(DidYouMean("medain", known) == "median");
  CHECK_FALSE(DidYouMean("zzz", known));
}

TEST_CASE("invalid UTF-8 is found at its byte") {
  CHECK_FALSE(FindInvalidUtf8("Zürich €"));
  CHECK(FindInvalidUtf8("ab\xff") == 2);
  CHECK(FindInvalidUtf8("\xc0\xaf") == 0);      // overlong
  CHECK(FindInvalidUtf8("\xed\xa0\x80") == 0);  // surrogate
  CHECK(FindInvalidUtf8("\xe2\x82") == 0);      // cut short
}

TEST_CASE("SHA-256 of the standard's example") {
  CHECK(Sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Digester().Add("ab").Add("c").Finish() != Digester().Add("a").Add("bc").Finish());
  CHECK(Digester().Add(0.0).Finish() == Digester().Add(-0.0).Finish());
}

TEST_CASE("random streams depend on seed and tag alone") {
  Rng a(7), b(7);
  b.Next();
  CHECK(a.Fork("x").Next() == b.Fork("x").Next());
  CHECK(a.Fork("x").Next() != a.Fork("y").Next());
  double sum = 0, squares = 0;
  for (int i = 0; i < 20000; ++i) {
    const double z = a.Normal();
    sum += z, squares += z * z;
  }
  CHECK(std::abs(sum / 20000) < 0.03);
  CHECK(std::abs(squares / 20000 - 1) < 0.05);
  auto order = a.Permutation(50);
  CHECK(std::set<uint32_t>(order.begin(), order.end()).size() == 50);
}

TEST_CASE("time is written and read in UTC") {
  CHECK(FormatTime(1795539269123) == "2026-11-24T16:54:29.123Z");
  CHECK(ParseTime("2026-11-24T16:54:29.123Z") == 1795539269123);
  CHECK(ParseTime("2026-11-24") == 1795478400000);
  CHECK_FALSE(ParseTime("2026-02-30"));
  CHECK(ParseDuration("7d") == 604800.0);
  CHECK_FALSE(ParseDuration("7"));
}

TEST_CASE("UUIDv7 carries the time and its version") {
  const std::string id = NewUuid7(ManualClock(0x0123456789ab));
  CHECK(id.substr(0, 13) == "01234567-89ab");
  CHECK(id[14] == '7');
  CHECK(id.size() == 36);
}

TEST_CASE("files are replaced whole") {
  TempDir dir;
  const std::string path = dir.File("a/b.txt");
  REQUIRE(RealFs().WriteAtomic(path, "one"));
  REQUIRE(RealFs().WriteAtomic(path, "two"));
  CHECK(RealFs().Read(path) == "two");
  CHECK(RealFs().List(dir.File("a"))->size() == 1);
  CHECK(RealFs().Read(dir.File("none")).error().code == Code::kNotFound);
  FaultyFs full(RealFs(), 1);
  CHECK(full.WriteAtomic(path, "three").error().code == Code::kResourceExhausted);
  CHECK(RealFs().Read(path) == "two");
}

TEST_CASE("a file written in pieces is moved into its place") {
  TempDir dir;
  const std::string aside = dir.File("aside");
  auto writer = RealFs().Create(aside);
  REQUIRE(writer);
  CHECK(RealFs().Create(aside).error().code == Code::kAlreadyExists);
  CHECK(RealFs().Create(dir.File("none/x")).error().code == Code::kNotFound);
  const std::string block(3 << 20, 'x');
  for (int i = 0; i < 4; ++i) REQUIRE((*writer)->Append(block));
  REQUIRE(RealFs().MoveInto(aside, dir.File("sub/whole")));
  CHECK(RealFs().Stat(dir.File("sub/whole"))->size == 4 * block.size());
  CHECK_FALSE(RealFs().Exists(aside));
  FaultyFs full(RealFs(), 3);
  auto faulty = full.Create(aside);
  REQUIRE(faulty);
  REQUIRE((*faulty)->Append("a"));
  CHECK((*faulty)->Append("b").error().code == Code::kResourceExhausted);
}

TEST_CASE("parallel work reports the smallest failed index") {
  const Status status = ParallelFor(100, 4, [](size_t i) -> Status {
    if (i == 3 || i == 90) return Fail(Code::kInternal, std::to_string(i));
    return {};
  });
  REQUIRE_FALSE(status);
  CHECK(status.error().message == "3");
}

TEST_CASE("YAML keeps positions and complains about unknown keys") {
  const auto node = ParseYaml("a: 1\nb:\n  - x\n  - '2'\nsede: 3\n", "q.yaml");
  REQUIRE(node);
  CHECK(node->Find("b")->items[1].quoted);
  CHECK(node->Find("b")->items[1].where.ToString() == "q.yaml:4:5");
  YamlMap map(&*node, "training");
  CHECK(map.Int("a", 0) == 1);
  CHECK(map.Int("seed", 5) == 5);
  map.Get("b");
  const Status status = map.Finish();
  REQUIRE_FALSE(status);
  CHECK(status.error().ToString() ==
        "error: q.yaml:5:1: unknown key 'sede' in training\n  help: did you mean 'seed'?");
  CHECK(ParseYaml("a: 1\na: 2\n", "q").error().where.line == 2);
  CHECK(ParseYaml("a: [1\n", "q").error().code == Code::kInvalidArgument);
  CHECK(ParseYaml("a: \xff\n", "q").error().where.column == 4);
}

TEST_CASE("JSON is strict, positioned and round-trips") {
  const auto value = ParseJson(R"({"a":[1,2.5,"x\n"],"b":null,"c":{"d":1e30}})");
  REQUIRE(value);
  CHECK(WriteJson(*value) == R"({"a":[1,2.5,"x\n"],"b":null,"c":{"d":1e+30}})");
  CHECK(ParseJson("{\"a\":1,\n \"a\":2}").error().where.line == 2);
  CHECK_FALSE(ParseJson("[1,]"));
  CHECK_FALSE(ParseJson("[1] 2"));
  CHECK_FALSE(ParseJson(""));
  CHECK_FALSE(ParseJson("[NaN]"));
  CHECK(ParseJson("[NaN,\"NaN\"]", {.name = "", .max_depth = 64, .allow_nan = true})
            ->as_array()[0]
            .is_null());
  CHECK_FALSE(ParseJson(std::string(100, '[') + std::string(100, ']')));
  CHECK(WriteJson(json::array{std::nan("")}) == "[null]");
  CHECK(ParseJson("[189.4]")->as_array()[0].as_double() == 189.4);
  CHECK(ParseJson("[0.1, 123456789.123456789, 5e-324]")->as_array()[1].as_double() ==
        123456789.123456789);
}

TEST_CASE("a frame takes rows of another with other columns") {
  Frame rows;
  rows.Append(
      {{{"a", false, {1, 2}, {}}, {"b", true, {}, {"x", "y"}}, {"d", true, {}, {"p", "q"}}}});
  CHECK(rows.rows() == 2);
  rows.Append({{{"b", true, {}, {"z"}}, {"c", false, {3}, {}}, {"d", false, {4}, {}}}});
  CHECK(rows.rows() == 3);
  CHECK(std::isnan(rows.Find("a")->numbers[2]));
  CHECK(rows.Find("b")->texts == std::vector<std::string>{"x", "y", "z"});
  CHECK(std::isnan(rows.Find("c")->numbers[1]));
  CHECK(rows.Find("c")->numbers[2] == 3);
  CHECK(rows.Find("d")->texts == std::vector<std::string>{"p", "q", ""});
}

}  // namespace quern
