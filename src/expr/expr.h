#pragma once
// The expression language of a project: derived columns, targets, expectations, filters. One
// parser, one type checker, one evaluator, one way into SQL; model/ compiles the same tree into
// ONNX.
//
// Values are numbers (double), text and booleans, each possibly NULL. In memory a NULL number or
// boolean is NaN and a NULL text is "" (base/frame.h), so the empty text literal '' does not exist:
// write IS NULL.
//
// NULL is SQL's: operators and functions give NULL when an operand is NULL, except AND, OR, IS
// NULL, CASE, coalesce, and least/greatest (which skip NULLs and are NULL only when all are). What
// has no finite value is NULL too: x / 0, x % 0, ln(x <= 0), sqrt(x < 0), pow outside of its
// domain, exp or pow too large. Numbers beyond 1.8e308 made by + - * / are outside of the contract.
// `%` keeps the sign of its left side (C's fmod); round() rounds halves away from zero; text
// compares by bytes.
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/frame.h"
#include "base/result.h"
#include "base/yaml.h"

namespace quern::expr {

enum class Kind {
  // Leaves.
  kNumber,   // number
  kText,     // text, never empty
  kBoolean,  // number: 0 or 1
  kNull,
  kColumn,  // text: the column's name
  // One child.
  kNegate,
  kNot,
  kIsNull,  // never NULL itself; IS NOT NULL is kNot over it
  kAbs,
  kLn,
  kExp,
  kSqrt,
  kFloor,
  kRound,
  // Two children.
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kPow,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kAnd,
  kOr,
  // More.
  kBetween,   // value, low, high; NOT BETWEEN is kNot over it
  kIn,        // value, then one or more candidates; NOT IN is kNot over it
  kCase,      // condition, value, condition, value, …, else value (a kNull if none was written)
  kCoalesce,  // one or more
  kLeast,     // one or more
  kGreatest,  // one or more
};

/// A node and what is below it. A plain value, immutable by habit; thread-safe to read.
struct Expr {
  Kind kind = Kind::kNull;
  double number = 0;
  std::string text;
  std::vector<Expr> children;
  /// Where the node's own first token stood.
  Position where;
};

enum class Type { kNumber, kText, kBoolean };
/// "number", "text", "boolean".
std::string_view TypeName(Type type);

struct ColumnRef {
  std::string name;
  Position where;
};

struct SchemaColumn {
  std::string name;
  Type type = Type::kNumber;
};
using Schema = std::vector<SchemaColumn>;
Schema SchemaOf(const Frame& frame);

/// Reads one expression. `origin` is where its first character stands (line and column from 1, or
/// only a file, or nothing). Errors: kInvalidArgument at file:line:column.
Result<Expr> Parse(std::string_view text, const Position& origin);
/// The same from a YAML scalar, with the scalar's position.
Result<Expr> Parse(const YamlNode& scalar);

/// Every column read, once, in order of first appearance.
std::vector<ColumnRef> Columns(const Expr& expr);

/// The type of the result. Errors, at their position: an unknown column (with a suggestion),
/// operands of the wrong type, an expression that is always NULL. Names are compared exactly.
Result<Type> Check(const Expr& expr, const Schema& schema);

/// Whether a column of that name holds text.
using HoldsText = std::function<bool(const std::string& column)>;
/// Whether the value of a checked expression is text.
bool IsText(const Expr& expr, const HoldsText& holds_text);
/// Whether the values that a checked expression compares or chooses from are texts.
bool ChoosesText(const Expr& expr, const HoldsText& holds_text);

/// DuckDB's dialect, in parentheses wherever that could matter; means what Evaluate means. The
/// expression must have passed Check.
std::string ToSql(const Expr& expr);

/// One value per row, as a column called `name`; booleans as 0 and 1. Checks first.
Result<Column> Evaluate(const Expr& expr, const Frame& frame, std::string_view name);

/// The expression as a person would write it, fully parenthesised; parses back to the same tree.
std::string ToString(const Expr& expr);

}  // namespace quern::expr
