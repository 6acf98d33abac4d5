#include <array>
#include <utility>

#include "base/text.h"
#include "expr/expr.h"
#include "expr/lexer.h"
#include "expr/names.h"

namespace quern::expr {
namespace {

/// Height of a tree: keeps every recursion over it, ours and DuckDB's, within its stack.
constexpr int kMaxHeight = 200;
constexpr size_t kMaxTokens = 10'000;

/// Words that cannot be column names unless quoted.
constexpr std::array<std::string_view, 14> kReserved = {"and",  "or",   "not",   "in",      "is",
                                                        "null", "true", "false", "between", "case",
                                                        "when", "then", "else",  "end"};

bool IsReserved(std::string_view lower) {
  for (const std::string_view word : kReserved) {
    if (word == lower) return true;
  }
  return false;
}

int Height(const Expr& expr) {
  int below = 0;
  for (const Expr& child : expr.children) below = std::max(below, Height(child));
  return below + 1;
}

Expr Make(Kind kind, const Position& where, std::vector<Expr> children = {}) {
  Expr expr;
  expr.kind = kind;
  expr.where = where;
  expr.children = std::move(children);
  return expr;
}

template <class... Children>
Expr Node(Kind kind, const Position& where, Children&&... children) {
  std::vector<Expr> list;
  list.reserve(sizeof...(children));
  (list.push_back(std::forward<Children>(children)), ...);
  return Make(kind, where, std::move(list));
}

/// Recursive descent, loosest binding first: OR, AND, NOT, comparisons, + -, * / %, unary -,
/// primary.
class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<Expr> Run() {
    if (Peek().kind == TokenKind::kEnd) {
      return Fail(Code::kInvalidArgument, "the expression is empty", "", Peek().where);
    }
    QUERN_ASSIGN(Expr expr, Or());
    if (Peek().kind != TokenKind::kEnd) return Unexpected("the end of the expression");
    return expr;
  }

 private:
  const Token& Peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  bool IsSymbol(std::string_view symbol) const {
    return Peek().kind == TokenKind::kSymbol && Peek().text == symbol;
  }
  bool IsWord(std::string_view lower, size_t ahead = 0) const {
    return Peek(ahead).kind == TokenKind::kWord && ToLower(Peek(ahead).text) == lower;
  }
  bool TakeSymbol(std::string_view symbol) {
    if (!IsSymbol(symbol)) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view lower) {
    if (!IsWord(lower)) return false;
    ++at_;
    return true;
  }

  std::unexpected<Error> Unexpected(const std::string& wanted) const {
    const Token& token = Peek();
    std::string got = token.kind == TokenKind::kEnd ? "the expression ends here"
                      : token.kind == TokenKind::kText
                          ? "the text '" + token.text + "' cannot stand here"
                          : "'" + token.text + "' cannot stand here";
    return Fail(Code::kInvalidArgument, std::move(got), "expected " + wanted, token.where);
  }
  Status ExpectSymbol(std::string_view symbol) {
    if (TakeSymbol(symbol)) return {};
    return Unexpected("'" + std::string(symbol) + "'");
  }
  Status ExpectWord(std::string_view lower, const std::string& shown) {
    if (TakeWord(lower)) return {};
    return Unexpected(shown);
  }

  /// Bounds the parser's own recursion; the height of left-deep chains is checked at the end.
  class Nested {
   public:
    explicit Nested(int& depth) : depth_(depth) { ++depth_; }
    ~Nested() { --depth_; }

   private:
    int& depth_;
  };

  Result<Expr> Or() {
    const Nested nested(depth_);
    if (depth_ > kMaxHeight) return TooDeep(Peek().where);
    QUERN_ASSIGN(Expr left, And());
    while (IsWord("or")) {
      const Position where = tokens_[at_++].where;
      QUERN_ASSIGN(Expr right, And());
      left = Node(Kind::kOr, where, std::move(left), std::move(right));
    }
    return left;
  }

  Result<Expr> And() {
    QUERN_ASSIGN(Expr left, Not());
    while (IsWord("and")) {
      const Position where = tokens_[at_++].where;
      QUERN_ASSIGN(Expr right, Not());
      left = Node(Kind::kAnd, where, std::move(left), std::move(right));
    }
    return left;
  }

  Result<Expr> Not() {
    if (!IsWord("not")) return Comparison();
    const Nested nested(depth_);
    if (depth_ > kMaxHeight) return TooDeep(Peek().where);
    const Position where = tokens_[at_++].where;
    QUERN_ASSIGN(Expr child, Not());
    return Node(Kind::kNot, where, std::move(child));
  }

  static std::optional<Kind> ComparisonOf(const Token& token) {
    if (token.kind != TokenKind::kSymbol) return std::nullopt;
    if (token.text == "=" || token.text == "==") return Kind::kEqual;
    if (token.text == "<>" || token.text == "!=") return Kind::kNotEqual;
    if (token.text == "<") return Kind::kLess;
    if (token.text == "<=") return Kind::kLessEqual;
    if (token.text == ">") return Kind::kGreater;
    if (token.text == ">=") return Kind::kGreaterEqual;
    return std::nullopt;
  }

  Result<Expr> Comparison() {
    QUERN_ASSIGN(Expr left, Sum());
    if (const auto kind = ComparisonOf(Peek())) {
      const Position where = tokens_[at_++].where;
      QUERN_ASSIGN(Expr right, Sum());
      if (ComparisonOf(Peek())) {
        return Fail(Code::kInvalidArgument, "two comparisons in a row",
                    "join them with AND, use BETWEEN, or add parentheses", Peek().where);
      }
      return Node(*kind, where, std::move(left), std::move(right));
    }
    if (TakeWord("is")) return Is(std::move(left));
    const bool negated = IsWord("not") && (IsWord("in", 1) || IsWord("between", 1));
    const Position where = Peek().where;
    if (negated) ++at_;
    if (IsWord("in")) {
      QUERN_ASSIGN(left, In(std::move(left)));
    } else if (IsWord("between")) {
      QUERN_ASSIGN(left, Between(std::move(left)));
    }
    return negated ? Node(Kind::kNot, where, std::move(left)) : std::move(left);
  }

  Result<Expr> Is(Expr value) {
    const Position where = tokens_[at_ - 1].where;
    const bool negated = TakeWord("not");
    QUERN_TRY(ExpectWord("null", negated ? "NULL" : "NULL or NOT NULL"));
    Expr test = Node(Kind::kIsNull, where, std::move(value));
    return negated ? Node(Kind::kNot, where, std::move(test)) : std::move(test);
  }

  Result<Expr> In(Expr value) {
    const Position where = tokens_[at_++].where;
    QUERN_TRY(ExpectSymbol("("));
    std::vector<Expr> children;
    children.push_back(std::move(value));
    do {
      QUERN_ASSIGN(Expr candidate, Or());
      children.push_back(std::move(candidate));
    } while (TakeSymbol(","));
    QUERN_TRY(ExpectSymbol(")"));
    return Make(Kind::kIn, where, std::move(children));
  }

  Result<Expr> Between(Expr value) {
    const Position where = tokens_[at_++].where;
    QUERN_ASSIGN(Expr low, Sum());
    QUERN_TRY(ExpectWord("and", "AND between the two bounds"));
    QUERN_ASSIGN(Expr high, Sum());
    return Node(Kind::kBetween, where, std::move(value), std::move(low), std::move(high));
  }

  Result<Expr> Sum() {
    QUERN_ASSIGN(Expr left, Product());
    while (IsSymbol("+") || IsSymbol("-")) {
      const Kind kind = IsSymbol("+") ? Kind::kAdd : Kind::kSubtract;
      const Position where = tokens_[at_++].where;
      QUERN_ASSIGN(Expr right, Product());
      left = Node(kind, where, std::move(left), std::move(right));
    }
    return left;
  }

  Result<Expr> Product() {
    QUERN_ASSIGN(Expr left, Unary());
    while (IsSymbol("*") || IsSymbol("/") || IsSymbol("%")) {
      const Kind kind = IsSymbol("*")   ? Kind::kMultiply
                        : IsSymbol("/") ? Kind::kDivide
                                        : Kind::kModulo;
      const Position where = tokens_[at_++].where;
      QUERN_ASSIGN(Expr right, Unary());
      left = Node(kind, where, std::move(left), std::move(right));
    }
    return left;
  }

  Result<Expr> Unary() {
    if (!IsSymbol("-") && !IsSymbol("+")) return Primary();
    const Nested nested(depth_);
    if (depth_ > kMaxHeight) return TooDeep(Peek().where);
    const bool minus = IsSymbol("-");
    const Position where = tokens_[at_++].where;
    QUERN_ASSIGN(Expr child, Unary());
    if (!minus) return child;
    if (child.kind == Kind::kNumber) {
      child.number = -child.number;
      child.where = where;
      return child;
    }
    return Node(Kind::kNegate, where, std::move(child));
  }

  Result<Expr> Primary() {
    const Token token = Peek();
    Expr leaf = Make(Kind::kNull, token.where);
    switch (token.kind) {
      case TokenKind::kNumber:
        leaf.kind = Kind::kNumber;
        leaf.number = token.number;
        break;
      case TokenKind::kText:
        leaf.kind = Kind::kText;
        leaf.text = token.text;
        break;
      case TokenKind::kQuotedName:
        leaf.kind = Kind::kColumn;
        leaf.text = token.text;
        break;
      case TokenKind::kWord:
        return Word();
      case TokenKind::kSymbol:
        if (token.text == "(") return Parenthesis();
        return Unexpected("a value");
      case TokenKind::kEnd:
        return Unexpected("a value");
    }
    ++at_;
    return leaf;
  }

  Result<Expr> Parenthesis() {
    ++at_;
    QUERN_ASSIGN(Expr inner, Or());
    QUERN_TRY(ExpectSymbol(")"));
    return inner;
  }

  Result<Expr> Word() {
    const Token token = Peek();
    const std::string lower = ToLower(token.text);
    if (Peek(1).kind == TokenKind::kSymbol && Peek(1).text == "(" && !IsReserved(lower)) {
      return Call(token, lower);
    }
    if (lower == "case") return Case();
    Expr leaf = Make(Kind::kColumn, token.where);
    if (lower == "null") {
      leaf.kind = Kind::kNull;
    } else if (lower == "true" || lower == "false") {
      leaf.kind = Kind::kBoolean;
      leaf.number = lower == "true" ? 1 : 0;
    } else if (IsReserved(lower)) {
      return Unexpected("a value; a column of that name needs double quotes");
    } else {
      leaf.text = token.text;
    }
    ++at_;
    return leaf;
  }

  Result<Expr> Call(const Token& token, const std::string& lower) {
    const FunctionInfo* function = nullptr;
    std::vector<std::string> known;
    for (const FunctionInfo& each : Functions()) {
      if (each.name == lower) function = &each;
      known.emplace_back(each.name);
    }
    if (function == nullptr) {
      return Fail(Code::kInvalidArgument, "unknown function '" + token.text + "'",
                  SuggestName(lower, known), token.where);
    }
    at_ += 2;
    std::vector<Expr> children;
    if (!IsSymbol(")")) {
      do {
        QUERN_ASSIGN(Expr argument, Or());
        children.push_back(std::move(argument));
      } while (TakeSymbol(","));
    }
    QUERN_TRY(ExpectSymbol(")"));
    if (children.size() < function->min_arguments || children.size() > function->max_arguments) {
      return Fail(Code::kInvalidArgument,
                  lower + " takes " +
                      (function->max_arguments == function->min_arguments
                           ? std::to_string(function->min_arguments)
                           : "at least " + std::to_string(function->min_arguments)) +
                      (function->min_arguments == 1 ? " value" : " values") + ", got " +
                      std::to_string(children.size()),
                  "", token.where);
    }
    return Make(function->kind, token.where, std::move(children));
  }

  Result<Expr> Case() {
    const Position where = tokens_[at_++].where;
    std::optional<Expr> subject;
    if (!IsWord("when")) {
      QUERN_ASSIGN(subject, Or());
    }
    std::vector<Expr> children;
    while (IsWord("when")) {
      const Position when = tokens_[at_++].where;
      QUERN_ASSIGN(Expr condition, Or());
      if (subject) condition = Node(Kind::kEqual, when, Expr(*subject), std::move(condition));
      QUERN_TRY(ExpectWord("then", "THEN"));
      QUERN_ASSIGN(Expr value, Or());
      children.push_back(std::move(condition));
      children.push_back(std::move(value));
    }
    if (children.empty()) return Unexpected("WHEN");
    if (TakeWord("else")) {
      QUERN_ASSIGN(Expr value, Or());
      children.push_back(std::move(value));
    } else {
      children.push_back(Make(Kind::kNull, where));
    }
    QUERN_TRY(ExpectWord("end", "WHEN, ELSE or END"));
    return Make(Kind::kCase, where, std::move(children));
  }

 public:
  static std::unexpected<Error> TooDeep(const Position& where) {
    return Fail(Code::kInvalidArgument, "the expression is nested too deeply",
                "split it into several derived columns", where);
  }

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<Expr> Parse(std::string_view text, const Position& origin) {
  QUERN_ASSIGN(std::vector<Token> tokens, Tokenize(text, origin));
  if (tokens.size() > kMaxTokens) return Parser::TooDeep(origin);
  QUERN_ASSIGN(Expr expr, Parser(std::move(tokens)).Run());
  if (Height(expr) > kMaxHeight) return Parser::TooDeep(origin);
  return expr;
}

Result<Expr> Parse(const YamlNode& scalar) {
  QUERN_ASSIGN(const std::string text, scalar.AsText());
  Position origin = scalar.where;
  // The node of a quoted scalar stands at its quote.
  if (scalar.quoted && origin.column > 0) ++origin.column;
  return Parse(text, origin);
}

}  // namespace quern::expr
