#include "base/text.h"
#include "expr/expr.h"
#include "expr/names.h"

namespace quern::expr {
namespace {

bool IsLeaf(const Expr& expr) { return expr.children.empty(); }

/// What the surroundings want: a bare NULL needs a type where DuckDB would not find an overload.
enum class Wanted { kAny, kNumber, kBoolean };

class SqlWriter {
 public:
  std::string Write(const Expr& expr, Wanted wanted) const {
    switch (expr.kind) {
      case Kind::kNumber:
        return Number(expr.number);
      case Kind::kText:
        return Quoted(expr.text, '\'');
      case Kind::kBoolean:
        return expr.number != 0 ? "true" : "false";
      case Kind::kNull:
        return Null(wanted);
      case Kind::kColumn:
        return Quoted(expr.text, '"');
      case Kind::kNegate:
        return "(- " + Child(expr, 0, Wanted::kNumber) + ")";
      case Kind::kNot:
        return "(NOT " + Child(expr, 0, Wanted::kBoolean) + ")";
      case Kind::kIsNull:
        return "(" + Child(expr, 0, Wanted::kAny) + " IS NULL)";
      case Kind::kAbs:
      case Kind::kFloor:
      case Kind::kRound:
        return Call(expr, Wanted::kNumber);
      case Kind::kLn:
        return "ln(" + Guard(expr.children[0], "> 0", expr.children[0].number > 0) + ")";
      case Kind::kSqrt:
        return "sqrt(" + Guard(expr.children[0], ">= 0", expr.children[0].number >= 0) + ")";
      case Kind::kExp:
        // The largest double whose exponential is finite.
        return "exp(" + Guard(expr.children[0], "<= 709.782712893384e0", false) + ")";
      case Kind::kPow:
        return Finite(Call(expr, Wanted::kNumber));
      case Kind::kDivide:
      case Kind::kModulo:
        return "(" + Child(expr, 0, Wanted::kNumber) + " " + std::string(OperatorOf(expr.kind)) +
               " " + Guard(expr.children[1], "<> 0", expr.children[1].number != 0) + ")";
      case Kind::kAdd:
      case Kind::kSubtract:
      case Kind::kMultiply:
        return Binary(expr, Wanted::kNumber);
      case Kind::kAnd:
      case Kind::kOr:
        return Binary(expr, Wanted::kBoolean);
      case Kind::kEqual:
      case Kind::kNotEqual:
      case Kind::kLess:
      case Kind::kLessEqual:
      case Kind::kGreater:
      case Kind::kGreaterEqual:
        return Binary(expr, Wanted::kAny);
      case Kind::kBetween:
        return "(" + Child(expr, 0, Wanted::kAny) + " BETWEEN " + Child(expr, 1, Wanted::kAny) +
               " AND " + Child(expr, 2, Wanted::kAny) + ")";
      case Kind::kIn:
        return "(" + Child(expr, 0, Wanted::kAny) + " IN (" + List(expr, 1, Wanted::kAny) + "))";
      case Kind::kCase:
        return Case(expr, wanted);
      case Kind::kCoalesce:
      case Kind::kLeast:
      case Kind::kGreatest:
        return Call(expr, wanted);
    }
    return {};
  }

 private:
  static std::string Number(double value) {
    std::string digits = ShortestDouble(value);
    // An exponent makes it a DOUBLE; without one DuckDB reads an INTEGER or a DECIMAL.
    if (digits.find('e') == std::string::npos) digits += "e0";
    return value < 0 ? "(" + digits + ")" : digits;
  }

  static std::string Null(Wanted wanted) {
    if (wanted == Wanted::kNumber) return "CAST(NULL AS DOUBLE)";
    if (wanted == Wanted::kBoolean) return "CAST(NULL AS BOOLEAN)";
    return "NULL";
  }

  std::string Child(const Expr& expr, size_t i, Wanted wanted) const {
    return Write(expr.children[i], wanted);
  }

  std::string List(const Expr& expr, size_t first, Wanted wanted) const {
    std::string out;
    for (size_t i = first; i < expr.children.size(); ++i) {
      if (i > first) out += ", ";
      out += Child(expr, i, wanted);
    }
    return out;
  }

  std::string Call(const Expr& expr, Wanted wanted) const {
    return std::string(FunctionOf(expr.kind)->name) + "(" + List(expr, 0, wanted) + ")";
  }

  std::string Binary(const Expr& expr, Wanted wanted) const {
    return "(" + Child(expr, 0, wanted) + " " + std::string(OperatorOf(expr.kind)) + " " +
           Child(expr, 1, wanted) + ")";
  }

  std::string Case(const Expr& expr, Wanted wanted) const {
    std::string out = "CASE";
    for (size_t i = 0; i + 1 < expr.children.size(); i += 2) {
      out += " WHEN " + Child(expr, i, Wanted::kBoolean) + " THEN " + Child(expr, i + 1, wanted);
    }
    return out + " ELSE " + Write(expr.children.back(), wanted) + " END";
  }

  /// The operand, or NULL where it is outside of its domain. A one-element list filters a nested
  /// operand without writing it twice, which would double the text at every level.
  std::string Guard(const Expr& operand, std::string_view condition, bool literal_is_inside) const {
    const std::string sql = Write(operand, Wanted::kNumber);
    if (operand.kind == Kind::kNumber && literal_is_inside) return sql;
    if (IsLeaf(operand)) {
      return "CASE WHEN " + sql + " " + std::string(condition) + " THEN " + sql + " END";
    }
    return "list_filter([" + sql + "], lambda v: v " + std::string(condition) + ")[1]";
  }

  static std::string Finite(const std::string& sql) {
    return "list_filter([" + sql + "], lambda v: isfinite(v))[1]";
  }
};

}  // namespace

std::string ToSql(const Expr& expr) { return SqlWriter().Write(expr, Wanted::kAny); }

namespace {

bool NeedsQuotes(std::string_view name) {
  // Every word of the language parses as something else than a column, in any spelling.
  const auto parsed = Parse(name, {});
  return !parsed || parsed->kind != Kind::kColumn || parsed->text != name;
}

std::string JoinChildren(const Expr& expr, size_t first) {
  std::string out;
  for (size_t i = first; i < expr.children.size(); ++i) {
    if (i > first) out += ", ";
    out += ToString(expr.children[i]);
  }
  return out;
}

}  // namespace

std::string ToString(const Expr& expr) {
  const auto child = [&](size_t i) { return ToString(expr.children[i]); };
  switch (expr.kind) {
    case Kind::kNumber:
      return ShortestDouble(expr.number);
    case Kind::kText:
      return Quoted(expr.text, '\'');
    case Kind::kBoolean:
      return expr.number != 0 ? "true" : "false";
    case Kind::kNull:
      return "NULL";
    case Kind::kColumn:
      return NeedsQuotes(expr.text) ? Quoted(expr.text, '"') : expr.text;
    case Kind::kNegate:
      return "(- (" + child(0) + "))";
    case Kind::kNot:
      return "(NOT " + child(0) + ")";
    case Kind::kIsNull:
      return "(" + child(0) + " IS NULL)";
    case Kind::kBetween:
      return "(" + child(0) + " BETWEEN " + child(1) + " AND " + child(2) + ")";
    case Kind::kIn:
      return "(" + child(0) + " IN (" + JoinChildren(expr, 1) + "))";
    case Kind::kCase: {
      std::string out = "CASE";
      for (size_t i = 0; i + 1 < expr.children.size(); i += 2) {
        out += " WHEN " + child(i) + " THEN " + child(i + 1);
      }
      return out + " ELSE " + ToString(expr.children.back()) + " END";
    }
    default:
      break;
  }
  if (const auto function = FunctionOf(expr.kind)) {
    return std::string(function->name) + "(" + JoinChildren(expr, 0) + ")";
  }
  return "(" + child(0) + " " + std::string(OperatorOf(expr.kind)) + " " + child(1) + ")";
}

}  // namespace quern::expr
