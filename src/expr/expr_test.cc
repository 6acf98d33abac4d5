#include "expr/expr.h"

#include <doctest/doctest.h>

#include <cmath>

namespace quern::expr {
namespace {

const Position kOrigin{"quern.yaml", 4, 11};

Frame Table() {
  return Frame{{{"a", false, {1, -2, NAN, 4.5, 0}, {}},
                {"b", false, {2, 0, 3, NAN, 0}, {}},
                {"t", true, {}, {"x", "y", "", "z", "x"}},
                {"resting pulse", false, {60, 70, 80, 90, NAN}, {}}}};
}

Column Run(const std::string& text) {
  auto expr = Parse(text, kOrigin);
  REQUIRE_MESSAGE(expr.has_value(), text << ": " << expr.error().ToString());
  auto column = Evaluate(*expr, Table(), "out");
  REQUIRE_MESSAGE(column.has_value(), text << ": " << column.error().ToString());
  return *column;
}

/// "1 NULL 0.5 …", for short expectations.
std::string Shown(const std::string& text) {
  const Column column = Run(text);
  std::string out;
  for (size_t row = 0; row < column.size(); ++row) {
    if (row > 0) out += ' ';
    if (column.Missing(row)) {
      out += "NULL";
    } else if (column.is_text) {
      out += column.texts[row];
    } else {
      char digits[32];
      std::snprintf(digits, sizeof(digits), "%g", column.numbers[row]);
      out += digits;
    }
  }
  return out;
}

Error ErrorOf(const std::string& text) {
  auto expr = Parse(text, kOrigin);
  if (!expr) return expr.error();
  auto type = Check(*expr, SchemaOf(Table()));
  REQUIRE_MESSAGE(!type.has_value(), text << " should be an error");
  return type.error();
}

TEST_CASE("arithmetic follows the usual order and gives NULL where there is no value") {
  CHECK(Shown("220 - a - b * 2") == "215 222 NULL NULL 220");
  CHECK(Shown("-a + 1") == "0 3 NULL -3.5 1");
  CHECK(Shown("a / b") == "0.5 NULL NULL NULL NULL");
  CHECK(Shown("7 % (a - 0.5)") == "0 2 NULL 3 0");
  CHECK(Shown("(a + 1) * (a - 1)") == "0 3 NULL 19.25 -1");
  CHECK(Shown("\"resting pulse\" / 10") == "6 7 8 9 NULL");
  CHECK(Shown("2 - -1 + 0 * a") == "3 3 NULL 3 3");
}

TEST_CASE("functions") {
  CHECK(Shown("abs(a)") == "1 2 NULL 4.5 0");
  CHECK(Shown("ln(a)") == "0 NULL NULL 1.50408 NULL");
  CHECK(Shown("sqrt(a)") == "1 NULL NULL 2.12132 0");
  CHECK(Shown("exp(a * 1000)") == "NULL 0 NULL NULL 1");
  CHECK(Shown("pow(a, 0.5)") == "1 NULL NULL 2.12132 0");
  CHECK(Shown("pow(a, -1)") == "1 -0.5 NULL 0.222222 NULL");
  CHECK(Shown("pow(b, 0)") == "1 1 1 NULL 1");
  CHECK(Shown("floor(a / 2)") == "0 -1 NULL 2 0");
  CHECK(Shown("round(a)") == "1 -2 NULL 5 0");
  CHECK(Shown("COALESCE(a, b, 9)") == "1 -2 3 4.5 0");
  CHECK(Shown("least(a, b)") == "1 -2 3 4.5 0");
  CHECK(Shown("greatest(a, b)") == "2 0 3 4.5 0");
  CHECK(Shown("least(t, 'xa')") == "x xa xa xa x");
}

TEST_CASE("logic is three-valued") {
  CHECK(Shown("a > 0") == "1 0 NULL 1 0");
  CHECK(Shown("a > 0 AND b > 0") == "1 0 NULL NULL 0");
  CHECK(Shown("a > 0 OR b > 0") == "1 0 1 1 0");
  CHECK(Shown("NOT a > 0") == "0 1 NULL 0 1");
  CHECK(Shown("NULL AND a > 0") == "NULL 0 NULL NULL 0");
  CHECK(Shown("a IS NULL") == "0 0 1 0 0");
  CHECK(Shown("t IS NOT NULL") == "1 1 0 1 1");
  CHECK(Shown("a IN (1, 4.5)") == "1 0 NULL 1 0");
  CHECK(Shown("a NOT IN (1, NULL)") == "0 NULL NULL NULL NULL");
  CHECK(Shown("t in ('x', 'z')") == "1 0 NULL 1 1");
  CHECK(Shown("a BETWEEN 0 AND b") == "1 0 NULL NULL 1");
  CHECK(Shown("a NOT BETWEEN 0 AND 2 AND b = 0") == "0 1 0 NULL 0");
  CHECK(Shown("t <> 'x'") == "0 1 NULL 1 0");
  CHECK(Shown("true = (a > 0)") == "1 0 NULL 1 0");
}

TEST_CASE("CASE, with and without a subject, of numbers and of texts") {
  CHECK(Shown("CASE WHEN a > 0 THEN 1 WHEN b = 0 THEN 2 END") == "1 2 NULL 1 2");
  CHECK(Shown("CASE t WHEN 'x' THEN 'one' ELSE t END") == "one y NULL z one");
  CHECK(Shown("CASE WHEN a IS NULL THEN NULL ELSE t END") == "x y NULL z x");
  CHECK(Shown("CASE WHEN a > 0 THEN a > 1 ELSE false END") == "0 0 0 1 0");
}

TEST_CASE("columns are listed once, where they first stand") {
  const auto expr = Parse("b + a * b\n + \"resting pulse\"", kOrigin);
  const auto columns = Columns(*expr);
  REQUIRE(columns.size() == 3);
  CHECK(columns[0].name == "b");
  CHECK(columns[1].where.ToString() == "quern.yaml:4:15");
  CHECK(columns[2].where.ToString() == "quern.yaml:5:4");
}

TEST_CASE("syntax errors name the place, the value and the remedy") {
  const auto place = [](const std::string& text) { return ErrorOf(text).where.ToString(); };
  CHECK(place("") == "quern.yaml:4:11");
  CHECK(place("a +") == "quern.yaml:4:14");
  CHECK(place("a + * b") == "quern.yaml:4:15");
  CHECK(place("é + $") == "quern.yaml:4:15");
  CHECK(place("(a + b") == "quern.yaml:4:17");
  CHECK(place("a b") == "quern.yaml:4:13");
  CHECK(place("1 < a < 3") == "quern.yaml:4:17");
  CHECK(place("a IN ()") == "quern.yaml:4:17");
  CHECK(place("a IS 3") == "quern.yaml:4:16");
  CHECK(place("CASE a END") == "quern.yaml:4:18");
  CHECK(place("a > 'x") == "quern.yaml:4:15");
  CHECK(place("12ab") == "quern.yaml:4:11");
  CHECK(ErrorOf("a = ''").hint.find("IS NULL") != std::string::npos);
  CHECK(ErrorOf("sqr(a)").hint == "did you mean 'sqrt'?");
  CHECK(ErrorOf("pow(a)").message == "pow takes 2 values, got 1");
  CHECK(ErrorOf("coalesce()").message == "coalesce takes at least 1 value, got 0");
  CHECK(ErrorOf("a BETWEEN 1 OR 2").hint.find("AND") != std::string::npos);
  CHECK(ErrorOf("end + 1").hint.find("double quotes") != std::string::npos);
}

TEST_CASE("deep nesting is an error, not a crash") {
  CHECK(ErrorOf(std::string(100'000, '(') + "a").code == Code::kInvalidArgument);
  CHECK(ErrorOf(std::string(5'000, '-') + "a").code == Code::kInvalidArgument);
  std::string chain = "a";
  for (int i = 0; i < 4000; ++i) chain += " + a";
  CHECK(ErrorOf(chain).message == "the expression is nested too deeply");
  std::string nots;
  for (int i = 0; i < 4000; ++i) nots += "NOT ";
  CHECK(ErrorOf(nots + "a > 0").message == "the expression is nested too deeply");
}

TEST_CASE("types are checked with positions") {
  CHECK(ErrorOf("aa + 1").hint == "did you mean 'a'?");
  CHECK(ErrorOf("1 + t").message == "+ needs a number, got text column 't'");
  CHECK(ErrorOf("1 + t").where.ToString() == "quern.yaml:4:15");
  CHECK(ErrorOf("a = '3'").hint == "write the number without quotes: 3");
  CHECK(ErrorOf("t = 3").hint == "write the value as text: '3'");
  CHECK(ErrorOf("(a > 1) + 1").hint.find("CASE WHEN") != std::string::npos);
  CHECK(ErrorOf("NOT a").hint.find("> 0") != std::string::npos);
  CHECK(ErrorOf("NULL").message == "the expression is always NULL");
  CHECK(ErrorOf("CASE WHEN a > 1 THEN 1 ELSE 'x' END").where.ToString() == "quern.yaml:4:39");
  CHECK(ErrorOf("coalesce(a, t)").where.ToString() == "quern.yaml:4:23");
  CHECK(*Check(*Parse("a > 1", {}), SchemaOf(Table())) == Type::kBoolean);
  CHECK(*Check(*Parse("coalesce(NULL, t)", {}), SchemaOf(Table())) == Type::kText);
  CHECK(*Check(*Parse("ln(NULL)", {}), SchemaOf(Table())) == Type::kNumber);
}

TEST_CASE("an expression in YAML is placed at its first character") {
  const auto tree = ParseYaml("target: 'thal >'\nplain: a +\n", "p.yaml");
  REQUIRE(tree.has_value());
  CHECK(Parse(*tree->Find("target")).error().where.ToString() == "p.yaml:1:16");
  CHECK(Parse(*tree->Find("plain")).error().where.ToString() == "p.yaml:2:11");
}

TEST_CASE("printing reads back") {
  for (const char* text : {"a + b * -2", "NOT a > 1 OR t IN ('it''s', NULL)", "- - a", "1e300 * a",
                           "CASE WHEN a BETWEEN 1 AND 2 THEN t END", "least(a, \"resting pulse\")",
                           "\"end\" + \"A\"\"b\"", "a IS NOT NULL AND true"}) {
    const auto expr = Parse(text, {});
    REQUIRE(expr.has_value());
    const std::string printed = ToString(*expr);
    const auto again = Parse(printed, {});
    REQUIRE_MESSAGE(again.has_value(), printed);
    CHECK(ToString(*again) == printed);
  }
}

TEST_CASE("SQL guards what has no value") {
  CHECK(ToSql(*Parse("220 - age - thalach", {})) == "((220e0 - \"age\") - \"thalach\")");
  CHECK(ToSql(*Parse("a / 2", {})) == "(\"a\" / 2e0)");
  CHECK(ToSql(*Parse("ln(a)", {})) == "ln(CASE WHEN \"a\" > 0 THEN \"a\" END)");
  CHECK(ToSql(*Parse("t = 'it''s'", {})) == "(\"t\" = 'it''s')");
}

}  // namespace
}  // namespace quern::expr
