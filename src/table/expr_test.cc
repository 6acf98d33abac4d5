#include "expr/expr.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.h"
#include "base/text.h"
#include "table/session.h"

namespace quern::table {
namespace {

/// Writes random well-typed expressions over the columns of Rows().
class Writer {
 public:
  explicit Writer(Rng& rng) : rng_(rng) {}

  std::string Number(int depth) {
    if (depth == 0 || rng_.Below(6) == 0) return NumberLeaf();
    const std::string a = Number(depth - 1);
    const std::string b = Number(depth - 1);
    switch (rng_.Below(16)) {
      case 0:
        return "(" + a + " + " + b + ")";
      case 1:
        return "(" + a + " - " + b + ")";
      case 2:
        return "(" + a + " * " + b + ")";
      case 3:
        return "(" + a + " / " + b + ")";
      case 4:
        return "(" + a + " % " + b + ")";
      case 5:
        return "-(" + a + ")";
      case 6:
        return "abs(" + a + ")";
      case 7:
        return "ln(" + a + ")";
      case 8:
        return "exp(" + a + ")";
      case 9:
        return "sqrt(" + a + ")";
      case 10:
        return "pow(" + a + ", " + One("-1", "0", "0.5", "2", b) + ")";
      case 11:
        return One("floor", "round", "round") + "(" + a + ")";
      case 12:
        return One("least", "greatest") + "(" + a + ", " + b + ", " + NumberLeaf() + ")";
      case 13:
        return "coalesce(" + a + ", " + b + ")";
      case 14:
        return "CASE WHEN " + Condition(depth - 1) + " THEN " + a + " ELSE " + b + " END";
      default:
        return "CASE " + a + " WHEN " + b + " THEN " + NumberLeaf() + " END";
    }
  }

  std::string Text(int depth) {
    if (depth == 0 || rng_.Below(3) == 0) return One("t", "u", "'b'", "'é''x'", "NULL");
    const std::string a = Text(depth - 1);
    const std::string b = Text(depth - 1);
    switch (rng_.Below(3)) {
      case 0:
        return One("coalesce", "least", "greatest") + "(t, " + a + ", " + b + ")";
      case 1:
        return "CASE WHEN " + Condition(depth - 1) + " THEN " + a + " ELSE u END";
      default:
        return "CASE " + a + " WHEN " + b + " THEN 'hit' ELSE t END";
    }
  }

  std::string Condition(int depth) {
    if (depth == 0) return One("(x > 0)", "(t = 'b')", "(y IS NULL)", "true", "NULL");
    const std::string a = Condition(depth - 1);
    const std::string b = Condition(depth - 1);
    const bool text = rng_.Below(3) == 0;
    const std::string v = text ? Text(depth - 1) : Number(depth - 1);
    const std::string w = text ? Text(depth - 1) : Number(depth - 1);
    const std::string no = One("", "NOT ");
    switch (rng_.Below(8)) {
      case 0:
        return "(" + a + " AND " + b + ")";
      case 1:
        return "(" + a + " OR " + b + ")";
      case 2:
        return "(NOT " + a + ")";
      case 3:
        return "(" + v + " IS " + no + "NULL)";
      case 4:
        return "(" + v + " " + no + "IN (" + w + ", " + (text ? "'a'" : "1") + ", NULL))";
      case 5:
        return "(" + v + " " + no + "BETWEEN " + w + " AND " + (text ? "u" : "y") + ")";
      case 6:
        return "(" + a + " = " + b + ")";
      default:
        return "(" + v + " " + One("=", "<>", "<", "<=", ">", ">=") + " " + w + ")";
    }
  }

 private:
  template <class... Choices>
  std::string One(Choices... choices) {
    const std::string list[] = {std::string(choices)...};
    return list[rng_.Below(sizeof...(choices))];
  }
  std::string NumberLeaf() { return One("x", "y", "z", "x", "y", "3", "-0.25", "0", "NULL"); }

  Rng& rng_;
};

Frame Sample(Rng rng) {
  Frame frame{{{"x", false, {}, {}},
               {"y", false, {}, {}},
               {"z", false, {}, {}},
               {"t", true, {}, {}},
               {"u", true, {}, {}}}};
  const std::vector<std::string> texts = {"", "a", "b", "é'x", "zz", "B"};
  for (int row = 0; row < 64; ++row) {
    for (size_t c = 0; c < 3; ++c) {
      const uint64_t kind = rng.Below(8);
      const double value = kind == 0   ? NAN
                           : kind == 1 ? 0
                           : kind < 5  ? static_cast<double>(rng.Below(7)) - 3
                                       : rng.Normal() * 10;
      frame.columns[c].numbers.push_back(value);
    }
    for (size_t c = 3; c < 5; ++c) frame.columns[c].texts.push_back(texts[rng.Below(texts.size())]);
  }
  return frame;
}

/// The C library's and DuckDB's transcendental functions may differ in the last place, and what is
/// built on them by more.
bool Near(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::fabs(a - b) <= 1e-9 * std::max({1.0, std::fabs(a), std::fabs(b)});
}

/// Empty if equal; else the first row that differs.
std::string Difference(const Column& ours, const Column& theirs) {
  if (ours.size() != theirs.size()) return "sizes";
  for (size_t row = 0; row < ours.size(); ++row) {
    // A text column of NULLs alone comes back as what DuckDB types NULL, a number.
    const bool same = ours.is_text && theirs.is_text ? ours.texts[row] == theirs.texts[row]
                      : ours.is_text != theirs.is_text
                          ? ours.Missing(row) && theirs.Missing(row)
                          : Near(ours.numbers[row], theirs.numbers[row]);
    if (same) continue;
    const auto shown = [&](const Column& c) {
      return c.Missing(row) ? "NULL" : c.is_text ? c.texts[row] : ShortestDouble(c.numbers[row]);
    };
    return "row " + std::to_string(row) + ": evaluated " + shown(ours) + ", SQL " + shown(theirs);
  }
  return {};
}

TEST_CASE("random expressions mean the same in memory and in SQL") {
  Rng rng(7);
  const Frame frame = Sample(rng.Fork("rows"));
  auto session = Session::Open();
  REQUIRE(session.has_value());
  REQUIRE((*session)->Register("f", frame).has_value());
  Writer writer(rng);
  size_t compared = 0;
  size_t present = 0;
  while (compared < 3000) {
    // Several to a query: planning costs more than running.
    std::vector<std::string> texts;
    std::vector<Column> ours;
    std::string select;
    while (texts.size() < 25) {
      const int depth = 1 + static_cast<int>(rng.Below(4));
      const uint64_t kind = rng.Below(3);
      const std::string text = kind == 0   ? writer.Number(depth)
                               : kind == 1 ? writer.Condition(depth)
                                           : writer.Text(depth);
      const auto tree = expr::Parse(text, {});
      REQUIRE_MESSAGE(tree.has_value(), text);
      auto column = expr::Evaluate(*tree, frame, "v");
      if (!column && column.error().message == "the expression is always NULL") continue;
      REQUIRE_MESSAGE(column.has_value(), text << "\n" << column.error().ToString());
      ours.push_back(std::move(*column));
      select += (texts.empty() ? "" : ", ") + expr::ToSql(*tree);
      texts.push_back(text);
    }
    const auto theirs = (*session)->QueryFrame("SELECT " + select + " FROM f ORDER BY rowid");
    REQUIRE_MESSAGE(theirs.has_value(), select << "\n" << theirs.error().message);
    for (size_t i = 0; i < texts.size(); ++i) {
      const std::string difference = Difference(ours[i], theirs->columns[i]);
      REQUIRE_MESSAGE(difference.empty(), texts[i] << "\n" << difference);
      for (size_t row = 0; row < ours[i].size(); ++row) present += ours[i].Missing(row) ? 0 : 1;
    }
    compared += texts.size();
  }
  // The agreement is not one of NULLs.
  CHECK(present > compared * frame.rows() / 2);
}

}  // namespace
}  // namespace quern::table
