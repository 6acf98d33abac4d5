#pragma once
// The filter language as a tree of plain values: MLflow's grammar, and beyond it OR, NOT,
// parentheses, IN and IS NULL for everything, and aggregates. docs/search.md is its page for users.
// Nothing here knows which names exist; entity.h does.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern::search {

/// What one filter may be; more is kInvalidArgument that names the limit. Depth counts parentheses
/// and NOTs: SQLite 3.40 reads about 90 open parentheses and expressions 1000 deep.
inline constexpr size_t kMaxFilterBytes = 100'000;
inline constexpr int kMaxDepth = 30;
inline constexpr size_t kMaxComparisons = 500;
inline constexpr size_t kMaxValues = 20'000;

enum class Op {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kLike,
  kILike,
  kIn,
  kNotIn,
  kIsNull,
  kIsNotNull,
};

enum class Aggregate { kNone, kMin, kMax, kLast, kCount };

/// What stands left of an operator. Columns count characters of the filter from 1.
struct Field {
  /// Before the first dot, as written; without one, an attribute is meant.
  std::string entity;
  bool has_entity = false;
  std::string key;
  Aggregate aggregate = Aggregate::kNone;
  size_t column = 0;
};

struct Literal {
  enum class Kind { kText, kNumber, kWord };
  Kind kind = Kind::kText;
  /// Unquoted for texts, as written for numbers and words.
  std::string text;
  /// Of kNumber; finite (a number too large for a double is the largest one, as infinities are
  /// stored).
  double number = 0;
  size_t column = 0;
};

/// A node and what is below it. A kAnd without children holds for everything.
struct Node {
  enum class Kind { kAnd, kOr, kNot, kCompare };
  Kind kind = Kind::kAnd;
  std::vector<Node> children;
  /// Of kCompare: one literal, several for IN, none for IS NULL.
  Field field;
  Op op = Op::kEqual;
  std::vector<Literal> values;
  /// Of the operator in a kCompare, else of the first token.
  size_t column = 0;
};

/// "=", "NOT IN", …
std::string_view OpName(Op op);

/// Reads a filter; blank text gives an empty kAnd. Errors: kInvalidArgument naming the column.
Result<Node> ParseFilter(std::string_view text);

struct OrderClause {
  Field field;
  bool descending = false;
};
/// Reads one element of an order_by list: `[entity.]key [ASC|DESC]`.
Result<OrderClause> ParseOrderClause(std::string_view text);

}  // namespace quern::search
