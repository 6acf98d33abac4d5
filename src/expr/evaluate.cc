#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "expr/expr.h"

namespace quern::expr {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// One value per row. Numbers and booleans (0, 1) with NaN for NULL, texts with "" for NULL; texts
/// are views into the frame or the expression.
struct Values {
  bool is_text = false;
  std::vector<double> numbers;
  std::vector<std::string_view> texts;

  bool Missing(size_t row) const { return is_text ? texts[row].empty() : std::isnan(numbers[row]); }
};

double Finite(double value) { return std::isfinite(value) ? value : kMissing; }
double Flag(bool value) { return value ? 1 : 0; }

double Unary(Kind kind, double x) {
  if (std::isnan(x)) return x;
  switch (kind) {
    case Kind::kNegate:
      return -x;
    case Kind::kNot:
      return Flag(x == 0);
    case Kind::kAbs:
      return std::fabs(x);
    case Kind::kLn:
      return x > 0 ? std::log(x) : kMissing;
    case Kind::kExp:
      return Finite(std::exp(x));
    case Kind::kSqrt:
      return x >= 0 ? std::sqrt(x) : kMissing;
    case Kind::kFloor:
      return std::floor(x);
    case Kind::kRound:
      return std::round(x);
    default:
      return kMissing;
  }
}

double Arithmetic(Kind kind, double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return kMissing;
  switch (kind) {
    case Kind::kAdd:
      return Finite(a + b);
    case Kind::kSubtract:
      return Finite(a - b);
    case Kind::kMultiply:
      return Finite(a * b);
    case Kind::kDivide:
      return b != 0 ? Finite(a / b) : kMissing;
    case Kind::kModulo:
      return b != 0 ? std::fmod(a, b) : kMissing;
    case Kind::kPow:
      return Finite(std::pow(a, b));
    default:
      return kMissing;
  }
}

/// SQL's three-valued AND and OR; NaN is unknown.
double Logic(Kind kind, double a, double b) {
  const double decides = kind == Kind::kAnd ? 0 : 1;
  if (a == decides || b == decides) return decides;
  return std::isnan(a) || std::isnan(b) ? kMissing : 1 - decides;
}

template <class T>
bool Holds(Kind kind, const T& a, const T& b) {
  switch (kind) {
    case Kind::kEqual:
      return a == b;
    case Kind::kNotEqual:
      return a != b;
    case Kind::kLess:
      return a < b;
    case Kind::kLessEqual:
      return a <= b;
    case Kind::kGreater:
      return a > b;
    case Kind::kGreaterEqual:
      return a >= b;
    default:
      return false;
  }
}

double Compare(Kind kind, const Values& a, const Values& b, size_t row) {
  if (a.Missing(row) || b.Missing(row)) return kMissing;
  return Flag(a.is_text ? Holds(kind, a.texts[row], b.texts[row])
                        : Holds(kind, a.numbers[row], b.numbers[row]));
}

class Evaluator {
 public:
  explicit Evaluator(const Frame& frame) : frame_(frame), rows_(frame.rows()) {}

  /// `as_text` says how a bare NULL is to be held; every other node knows by itself.
  Values Run(const Expr& expr, bool as_text) const {
    switch (expr.kind) {
      case Kind::kNumber:
      case Kind::kBoolean:
        return Numbers([&](size_t) { return expr.number; });
      case Kind::kText:
        return {true, {}, std::vector<std::string_view>(rows_, expr.text)};
      case Kind::kNull:
        return Missing(as_text);
      case Kind::kColumn:
        return Read(*frame_.Find(expr.text));
      case Kind::kIsNull: {
        const Values child = Run(expr.children[0], false);
        return Numbers([&](size_t row) { return Flag(child.Missing(row)); });
      }
      case Kind::kAnd:
      case Kind::kOr: {
        const auto [a, b] = Pair(expr, false);
        return Numbers([&](size_t r) { return Logic(expr.kind, a.numbers[r], b.numbers[r]); });
      }
      case Kind::kAdd:
      case Kind::kSubtract:
      case Kind::kMultiply:
      case Kind::kDivide:
      case Kind::kModulo:
      case Kind::kPow: {
        const auto [a, b] = Pair(expr, false);
        return Numbers([&](size_t r) { return Arithmetic(expr.kind, a.numbers[r], b.numbers[r]); });
      }
      case Kind::kEqual:
      case Kind::kNotEqual:
      case Kind::kLess:
      case Kind::kLessEqual:
      case Kind::kGreater:
      case Kind::kGreaterEqual: {
        const auto [a, b] = Pair(expr, AnyText(expr));
        return Numbers([&](size_t r) { return Compare(expr.kind, a, b, r); });
      }
      case Kind::kBetween:
        return Between(expr);
      case Kind::kIn:
        return In(expr);
      case Kind::kCase:
        return Case(expr, as_text || AnyText(expr));
      case Kind::kCoalesce:
      case Kind::kLeast:
      case Kind::kGreatest:
        return Pick(expr, as_text || AnyText(expr));
      default: {
        const Values child = Run(expr.children[0], false);
        return Numbers([&](size_t row) { return Unary(expr.kind, child.numbers[row]); });
      }
    }
  }

 private:
  Values Numbers(const std::function<double(size_t)>& value) const {
    Values out;
    out.numbers.resize(rows_);
    for (size_t row = 0; row < rows_; ++row) out.numbers[row] = value(row);
    return out;
  }

  Values Missing(bool as_text) const {
    if (as_text) return {true, {}, std::vector<std::string_view>(rows_)};
    return {false, std::vector<double>(rows_, kMissing), {}};
  }

  Values Read(const Column& column) const {
    if (!column.is_text) return {false, column.numbers, {}};
    return {true, {}, {column.texts.begin(), column.texts.end()}};
  }

  std::pair<Values, Values> Pair(const Expr& expr, bool as_text) const {
    return {Run(expr.children[0], as_text), Run(expr.children[1], as_text)};
  }

  bool AnyText(const Expr& expr) const {
    return ChoosesText(expr,
                       [this](const std::string& name) { return frame_.Find(name)->is_text; });
  }

  Values Between(const Expr& expr) const {
    const bool text = AnyText(expr);
    const Values value = Run(expr.children[0], text);
    const Values low = Run(expr.children[1], text);
    const Values high = Run(expr.children[2], text);
    return Numbers([&](size_t row) {
      return Logic(Kind::kAnd, Compare(Kind::kGreaterEqual, value, low, row),
                   Compare(Kind::kLessEqual, value, high, row));
    });
  }

  Values In(const Expr& expr) const {
    const bool text = AnyText(expr);
    const Values value = Run(expr.children[0], text);
    Values out = Numbers([](size_t) { return 0.0; });
    for (size_t i = 1; i < expr.children.size(); ++i) {
      const Values candidate = Run(expr.children[i], text);
      for (size_t row = 0; row < rows_; ++row) {
        out.numbers[row] =
            Logic(Kind::kOr, out.numbers[row], Compare(Kind::kEqual, value, candidate, row));
      }
    }
    return out;
  }

  static void Copy(const Values& from, size_t row, Values& to) {
    if (to.is_text) {
      to.texts[row] = from.texts[row];
    } else {
      to.numbers[row] = from.numbers[row];
    }
  }

  Values Case(const Expr& expr, bool as_text) const {
    Values out = Run(expr.children.back(), as_text);
    // Backwards, so that the first condition that holds has the last word.
    for (size_t i = expr.children.size() - 1; i > 0; i -= 2) {
      const Values condition = Run(expr.children[i - 2], false);
      const Values value = Run(expr.children[i - 1], as_text);
      for (size_t row = 0; row < rows_; ++row) {
        if (condition.numbers[row] == 1) Copy(value, row, out);
      }
    }
    return out;
  }

  /// coalesce, least, greatest: the first, smallest or largest that is not NULL.
  Values Pick(const Expr& expr, bool as_text) const {
    Values out = Missing(as_text);
    for (const Expr& child : expr.children) {
      const Values value = Run(child, as_text);
      for (size_t row = 0; row < rows_; ++row) {
        if (value.Missing(row)) continue;
        const Kind order = expr.kind == Kind::kLeast ? Kind::kLess : Kind::kGreater;
        const bool better = out.Missing(row) ||
                            (expr.kind != Kind::kCoalesce && Compare(order, value, out, row) == 1);
        if (better) Copy(value, row, out);
      }
    }
    return out;
  }

  const Frame& frame_;
  size_t rows_;
};

}  // namespace

Result<Column> Evaluate(const Expr& expr, const Frame& frame, std::string_view name) {
  QUERN_ASSIGN(const Type type, Check(expr, SchemaOf(frame)));
  Values values = Evaluator(frame).Run(expr, type == Type::kText);
  Column column;
  column.name = name;
  column.is_text = values.is_text;
  column.numbers = std::move(values.numbers);
  column.texts.assign(values.texts.begin(), values.texts.end());
  return column;
}

}  // namespace quern::expr
