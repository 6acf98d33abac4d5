#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "search/filter.h"
#include "search/lexer.h"
#include "search/message.h"

namespace quern::search {
namespace {

constexpr std::array<std::pair<Op, std::string_view>, 12> kOps{{
    {Op::kEqual, "="},
    {Op::kNotEqual, "!="},
    {Op::kLess, "<"},
    {Op::kLessEqual, "<="},
    {Op::kGreater, ">"},
    {Op::kGreaterEqual, ">="},
    {Op::kLike, "LIKE"},
    {Op::kILike, "ILIKE"},
    {Op::kIn, "IN"},
    {Op::kNotIn, "NOT IN"},
    {Op::kIsNull, "IS NULL"},
    {Op::kIsNotNull, "IS NOT NULL"},
}};

constexpr std::array<std::pair<Aggregate, std::string_view>, 4> kAggregates{{
    {Aggregate::kMin, "min"},
    {Aggregate::kMax, "max"},
    {Aggregate::kLast, "last"},
    {Aggregate::kCount, "count"},
}};

constexpr std::string_view kIncomplete = "Invalid comparison clause. ";

/// Recursive descent, loosest binding first: OR, AND, NOT, comparisons.
class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<Node> Filter() {
    if (Peek().kind == TokenKind::kEnd) return Node{};
    QUERN_ASSIGN(Node node, Chain(Node::Kind::kOr));
    if (Peek().kind == TokenKind::kEnd) return node;
    const std::string_view hint =
        IsSymbol(")") ? "this parenthesis was never opened" : "join comparisons with AND or OR";
    return Bad(InvalidClause(Peek().raw), Peek().column, hint);
  }

  Result<Field> Operand() {
    if (Peek().kind == TokenKind::kName && !Peek().has_entity && !Peek().quoted &&
        tokens_[at_ + 1].kind == TokenKind::kSymbol && tokens_[at_ + 1].raw == "(") {
      return Aggregated();
    }
    const Token& token = Peek();
    // As in SQL, a name may stand between double quotes; single ones make a text.
    const bool name = token.kind == TokenKind::kName ||
                      (token.kind == TokenKind::kText && token.raw.front() == '"');
    if (!name || IsKeyword()) return Expected("'Identifier'");
    ++at_;
    Field field;
    field.entity = token.entity;
    field.has_entity = token.has_entity;
    field.key = token.key;
    field.column = token.column;
    return field;
  }

  const Token& Peek() const { return tokens_[at_]; }
  bool TakeWord(std::string_view lower) {
    if (!IsWord(lower)) return false;
    ++at_;
    return true;
  }
  const Token& Take() { return tokens_[at_++]; }

 private:
  bool IsSymbol(std::string_view symbol) const {
    return Peek().kind == TokenKind::kSymbol && Peek().raw == symbol;
  }
  bool TakeSymbol(std::string_view symbol) {
    if (!IsSymbol(symbol)) return false;
    ++at_;
    return true;
  }
  bool IsWord(std::string_view lower) const {
    const Token& token = Peek();
    return token.kind == TokenKind::kName && !token.has_entity && !token.quoted &&
           token.raw.size() == lower.size() && ToLower(token.raw) == lower;
  }
  bool IsKeyword() const {
    return IsWord("and") || IsWord("or") || IsWord("not") || IsWord("in") || IsWord("is") ||
           IsWord("like") || IsWord("ilike") || IsWord("null");
  }

  std::unexpected<Error> Expected(const std::string& what, std::string_view hint = {}) const {
    const Token& token = Peek();
    const std::string found =
        token.kind == TokenKind::kEnd ? "the end" : "'" + Shown(token.raw) + "'";
    return Bad(std::string(kIncomplete) + "Expected " + what + ", found " + found, token.column,
               hint);
  }

  /// Comparisons joined by OR, or on the level below by AND; nested chains of one kind are one.
  Result<Node> Chain(Node::Kind kind) {
    const bool is_or = kind == Node::Kind::kOr;
    Node chain;
    chain.kind = kind;
    chain.column = Peek().column;
    do {
      QUERN_ASSIGN(Node next, is_or ? Chain(Node::Kind::kAnd) : Not());
      if (next.kind == kind) {
        std::move(next.children.begin(), next.children.end(), std::back_inserter(chain.children));
      } else {
        chain.children.push_back(std::move(next));
      }
    } while (TakeWord(is_or ? "or" : "and"));
    if (chain.children.size() > 1) return chain;
    Node only = std::move(chain.children.front());
    return only;
  }

  Result<Node> Not() {
    const Token& token = Peek();
    const bool negated = IsWord("not");
    if (!negated && !IsSymbol("(")) return Comparison();
    if (++depth_ > kMaxDepth) {
      return Bad("Invalid filter: more than " + std::to_string(kMaxDepth) +
                     " parentheses and NOTs inside of each other",
                 token.column);
    }
    ++at_;
    QUERN_ASSIGN(Node inner, negated ? Not() : Chain(Node::Kind::kOr));
    --depth_;
    if (!negated) {
      if (!TakeSymbol(")")) {
        return Expected("')'", "of the parenthesis at column " + std::to_string(token.column));
      }
      return inner;
    }
    return Negate(std::move(inner), token.column);
  }

  static Node Negate(Node inner, size_t column) {
    Node node;
    node.kind = Node::Kind::kNot;
    node.column = column;
    node.children.push_back(std::move(inner));
    return node;
  }

  Result<Field> Aggregated() {
    const Token& name = Take();
    const std::string lower = ToLower(name.raw);
    const auto* found = std::find_if(kAggregates.begin(), kAggregates.end(),
                                     [&](const auto& row) { return row.second == lower; });
    if (found == kAggregates.end()) {
      return Bad(InvalidClause(name.raw + "("), name.column,
                 "functions are min, max, last and count");
    }
    ++at_;
    QUERN_ASSIGN(Field field, Operand());
    if (field.aggregate != Aggregate::kNone) {
      return Bad(InvalidClause(name.raw + "("), name.column,
                 "a function takes a metric, as in min(metrics.loss)");
    }
    if (!TakeSymbol(")")) return Expected("')'");
    field.aggregate = found->first;
    field.column = name.column;
    return field;
  }

  Result<Node> Comparison() {
    if (++comparisons_ > kMaxComparisons) {
      return Bad("Invalid filter: more than " + std::to_string(kMaxComparisons) + " comparisons",
                 Peek().column, "a list of values is one comparison: use IN");
    }
    Node node;
    node.kind = Node::Kind::kCompare;
    QUERN_ASSIGN(node.field, Operand());
    node.column = Peek().column;
    const bool negated = TakeWord("not");
    QUERN_ASSIGN(node.op, Operator(negated));
    if (node.op == Op::kIsNull || node.op == Op::kIsNotNull) return node;
    if (node.op == Op::kIn || node.op == Op::kNotIn) {
      QUERN_ASSIGN(node.values, List());
      return node;
    }
    QUERN_ASSIGN(Literal value, Value());
    node.values.push_back(std::move(value));
    const size_t column = node.column;
    if (negated) return Negate(std::move(node), column);
    return node;
  }

  Result<Op> Operator(bool negated) {
    if (TakeWord("in")) return negated ? Op::kNotIn : Op::kIn;
    if (TakeWord("like")) return Op::kLike;
    if (TakeWord("ilike")) return Op::kILike;
    if (negated) return Expected("IN, LIKE or ILIKE after NOT");
    if (TakeWord("is")) {
      const Op op = TakeWord("not") ? Op::kIsNotNull : Op::kIsNull;
      if (!TakeWord("null")) return Expected("NULL");
      return op;
    }
    const Token& token = Peek();
    if (token.kind == TokenKind::kSymbol) {
      for (const auto& [op, name] : kOps) {
        if (token.raw != name) continue;
        ++at_;
        return op;
      }
      const std::string_view hint = token.raw == "=="   ? "write ="
                                    : token.raw == "<>" ? "write !="
                                                        : std::string_view();
      if (token.raw != "(" && token.raw != ")" && token.raw != ",") {
        return Bad("Invalid comparator '" + Shown(token.raw) + "'", token.column, hint);
      }
    }
    return Expected("a comparison",
                    "operators are = != < <= > >= LIKE ILIKE IN NOT IN IS NULL IS NOT NULL");
  }

  Result<Literal> Value() {
    const Token& token = Peek();
    Literal value;
    value.column = token.column;
    if (token.kind == TokenKind::kText) {
      value.kind = Literal::Kind::kText;
      value.text = token.key;
    } else if (token.kind == TokenKind::kNumber) {
      value.kind = Literal::Kind::kNumber;
      value.text = token.raw;
      value.number = token.number;
    } else if (token.kind == TokenKind::kName && !IsKeyword()) {
      value.kind = Literal::Kind::kWord;
      value.text = token.raw;
    } else {
      return Expected("a value", "a text between quotes or a number");
    }
    if (++values_ > kMaxValues) {
      return Bad("Invalid filter: more than " + std::to_string(kMaxValues) + " values",
                 token.column);
    }
    ++at_;
    return value;
  }

  Result<std::vector<Literal>> List() {
    static constexpr std::string_view kList = "While parsing a list in the query, expected ";
    if (!TakeSymbol("(")) {
      return Bad(std::string(kList) + "a list in parentheses, found '" + Shown(Peek().raw) + "'",
                 Peek().column);
    }
    std::vector<Literal> values;
    while (!IsSymbol(")")) {
      QUERN_ASSIGN(Literal value, Value());
      values.push_back(std::move(value));
      if (TakeSymbol(",") || IsSymbol(")")) continue;
      return Bad(std::string(kList) + "',' or ')' after a value, found '" + Shown(Peek().raw) + "'",
                 Peek().column);
    }
    if (values.empty()) {
      return Bad(std::string(kList) + "a non-empty list of values, but got empty list",
                 Peek().column);
    }
    ++at_;
    return values;
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  size_t comparisons_ = 0;
  size_t values_ = 0;
};

/// An error with MLflow's words for the clause in front of it.
std::unexpected<Error> BadClause(const std::string& words, std::string_view text,
                                 const std::string& detail) {
  return Fail(Code::kInvalidArgument, words + " '" + Shown(text) + "'. " + detail);
}

}  // namespace

std::string_view OpName(Op op) {
  for (const auto& [known, name] : kOps) {
    if (known == op) return name;
  }
  return "=";
}

Result<Node> ParseFilter(std::string_view text) {
  QUERN_ASSIGN(auto tokens, Tokenize(text, "filter"));
  return Parser(std::move(tokens)).Filter();
}

Result<OrderClause> ParseOrderClause(std::string_view text) {
  static const std::string kInvalid = "Invalid order_by clause";
  auto tokens = Tokenize(text, "order_by");
  if (!tokens) return BadClause(kInvalid, text, "Could not be parsed. " + tokens.error().message);
  Parser parser(std::move(*tokens));
  auto field = parser.Operand();
  if (!field) return BadClause(kInvalid, text, "Could not be parsed. " + field.error().message);
  OrderClause clause;
  clause.field = std::move(*field);
  if (parser.TakeWord("desc")) {
    clause.descending = true;
  } else if (!parser.TakeWord("asc") && parser.Peek().kind == TokenKind::kName) {
    return BadClause("Invalid ordering key in order_by clause", text,
                     "'" + Shown(parser.Peek().raw) + "' is neither ASC nor DESC");
  }
  if (parser.Peek().kind == TokenKind::kEnd) return clause;
  return BadClause(kInvalid, text,
                   "Could not be parsed. '" + Shown(parser.Peek().raw) + "' stands at column " +
                       std::to_string(parser.Peek().column) +
                       "; each element of order_by is one key, then ASC or DESC");
}

}  // namespace quern::search
