#include "data/source.h"

#include <doctest/doctest.h>

#include "base/fs.h"
#include "base/text.h"
#include "data/source_csv.h"

namespace quern::data {
namespace {

YamlNode Yaml(const std::string& text) {
  auto node = ParseYaml(text, "quern.yaml");
  REQUIRE_MESSAGE(node.has_value(), node.error().ToString());
  return *node;
}

TEST_CASE("a source is read from YAML, over defaults") {
  const YamlNode defaults = Yaml("names: [a, b]\nmissing: ['?', '']\n");
  const auto base = ParseSourceDefaults(&defaults);
  REQUIRE(base.has_value());
  const auto spec = ParseSource(
      "site", Yaml("{csv: x.csv, delimiter: tab, header: false, max_rejects: 3, key: a}"), *base);
  REQUIRE_MESSAGE(spec.has_value(), spec.error().ToString());
  CHECK(spec->name == "site");
  CHECK(spec->delimiter == "\t");
  CHECK(spec->header == false);
  CHECK(spec->max_rejects == 3);
  CHECK(spec->key == "a");
  CHECK(spec->names == std::vector<std::string>{"a", "b"});
  CHECK(spec->missing->size() == 2);
  CHECK(ParseSource("p", Yaml("data/x.parquet"))->kind == SourceKind::kParquet);
  CHECK(ParseSource("p", Yaml("{parquet: x}"))->kind == SourceKind::kParquet);
  CHECK_FALSE(ParseSource("p", Yaml("{csv: x, header: auto}"))->header.has_value());
  CHECK(SourceOfFile("a/b.train.csv").name == "b");
}

TEST_CASE("mistakes in a source are placed") {
  const auto error = [](const std::string& text) {
    const auto spec = ParseSource("s", Yaml(text));
    REQUIRE_FALSE_MESSAGE(spec.has_value(), text);
    return spec.error();
  };
  CHECK(error("{csv: x, mising: []}").hint.find("missing") != std::string::npos);
  CHECK(error("{csv: x, delimiter: ';;'}").where.ToString() == "quern.yaml:1:21");
  CHECK(error("{csv: x, parquet: y}").message == "source 's' names two files");
  CHECK(error("{delimiter: ';'}").message == "source 's' names no file");
  CHECK(error("{csv: x, encoding: utf8}").hint.find("utf-8") != std::string::npos);
  CHECK(error("{csv: x, max_rejects: -2}").hint.find("-1") != std::string::npos);
  CHECK(error("{csv: x, decimal: ',', delimiter: ','}").hint == "set delimiter: ';'");
}

TEST_CASE("columns are declared in a long and a short form") {
  const YamlNode node = Yaml("sex: {type: category}\nwhen: time\n");
  const auto columns = ParseColumns(&node);
  REQUIRE(columns.has_value());
  CHECK(columns->at(0).type == ColumnType::kCategory);
  CHECK(columns->at(1).type == ColumnType::kTime);
  CHECK(columns->at(1).where.line == 2);
  const YamlNode bad = Yaml("sex: {type: categry}");
  CHECK(ParseColumns(&bad).error().hint == "did you mean 'category'?");
  const YamlNode none = Yaml("sex: {}");
  CHECK(ParseColumns(&none).error().message == "column 'sex' has no type");
  CHECK(ParseColumns(nullptr)->empty());
}

/// Reads `text` in blocks of `block` bytes.
std::vector<std::string> Records(const std::string& text, size_t block, bool keep_blank = false) {
  size_t at = 0;
  CsvReader reader(
      [&](std::string& out) -> Result<bool> {
        if (at >= text.size()) return false;
        out += text.substr(at, block);
        at += block;
        return true;
      },
      ',', true);
  reader.KeepBlankLines(keep_blank);
  std::vector<std::string> shown;
  CsvRecord record;
  while (*reader.Next(record)) {
    std::string line = std::to_string(record.line);
    if (record.problem.empty()) {
      for (size_t i = 0; i < record.fields.size(); ++i)
        line += (i == 0 ? ": " : "|") + record.fields[i];
    } else {
      line += "! " + record.problem + ": " + PrintableText(record.raw, 100);
    }
    shown.push_back(line);
  }
  return shown;
}

TEST_CASE("records keep their lines, whatever the blocks") {
  const std::string text =
      "a,b\r\n"
      "\"x \"\"y\"\"\", 2\n"
      "\n"
      "\"two\nlines\" ,3\r"
      "5\" pipe,\"\"\n"
      "\"bad\"quote,1\n"
      "caf\xe9,1\n"
      "6,\"open\n"
      "7,8";
  const std::vector<std::string> want = {
      "1: a|b",
      "2: x \"y\"| 2",
      "4: two\nlines|3",
      "6: 5\" pipe|",
      "7! text follows a closing quote: \"bad\"quote,1",
      "8! byte 4 of the row is not UTF-8: caf\xef\xbf\xbd,1",
      "9! a quote is never closed: 6,\"open",
      "10: 7|8",
  };
  for (size_t block = 1; block <= text.size(); ++block)
    CHECK(Join(Records(text, block), "\n") == Join(want, "\n"));
}

TEST_CASE("blank lines are rows of a table with one column") {
  CHECK(Records("a\n\n1\n", 2, true) == std::vector<std::string>{"1: a", "2: ", "3: 1"});
  CHECK(Records("a\n\n1\n\n", 2, false) == std::vector<std::string>{"1: a", "3: 1"});
  CHECK(Records("", 1).empty());
}

TEST_CASE("one open quote does not swallow what follows a megabyte later") {
  std::string text = "a,b\n1,\"open\n";
  for (int i = 0; i < 300'000; ++i) text += "1,2345\n";
  const auto records = Records(text, 1 << 16);
  CHECK(records.size() == 300'002);
  CHECK(records[1] == "2! a quote is never closed: 1,\"open");
}

TEST_CASE("delimiters and headers are found out") {
  const auto detect = [](const std::string& text, CsvHints hints = {}) {
    return DetectDialect(text, true, hints);
  };
  CHECK(detect("a;b\n1;2,5\n3;4,5\n", {"", {}, {}, ','}).delimiter == ';');
  CHECK(detect("a\tb,c\n1\t2\n").delimiter == '\t');
  CHECK(detect("a|b\n1|2\n").fields == 2);
  CHECK(detect("a\n1\n").delimiter == ',');
  CHECK(detect("a,b\n1,2\n").header);
  CHECK_FALSE(detect("1,2\n3,4\n").header);
  CHECK_FALSE(detect("x,?\n3,4\n", {"", {}, {"?"}, '.'}).header);
  CHECK(detect("name,city\nann,rome\n").header);
  CHECK_FALSE(detect("ann,rome\nbob,oslo\n", {"", {"name", "city"}, {}, '.'}).header);
  CHECK(detect("Name,town\nbob,oslo\n", {"", {"name", "city"}, {}, '.'}).header);
  CHECK(detect("age,target\n1,2\n", {"", {"age", "num"}, {}, '.'}).header);
  CHECK(detect("").fields == 0);
}

TEST_CASE("raw texts are shown as valid UTF-8 of a bounded size") {
  CHECK(PrintableText("a\xff\xfe"
                      "b",
                      100) ==
        "a\xef\xbf\xbd\xef\xbf\xbd"
        "b");
  CHECK(PrintableText("ééé", 3) == "é…");
}

}  // namespace
}  // namespace quern::data
