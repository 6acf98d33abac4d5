// Derived columns: the tree of expr/ compiled into nodes that mean what expr::Evaluate means, NULL
// included. A number's NULL is NaN, a text's is "". A boolean is a pair of masks, "is true" and "is
// false", both clear when it is NULL, which makes SQL's three-valued logic two plain ORs and ANDs.
#include <fmt/format.h>

#include <limits>

#include "expr/expr.h"
#include "model/onnx_stages.h"

namespace quern::model {
namespace {

using expr::Expr;
using expr::Kind;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
/// The largest double whose exponential is finite.
constexpr double kLargestExponent = 709.782712893384;

struct Operand {
  enum class Form { kNumber, kText, kBoolean } form = Form::kNumber;
  Value value;     // kNumber, kText
  Value is_true;   // kBoolean
  Value is_false;  // kBoolean
};
using Form = Operand::Form;

/// Compiles one expression that has passed expr::Check. Values of literals alone are scalars, all
/// others [N,1].
class DerivedWriter {
 public:
  DerivedWriter(GraphWriter& graph, const ColumnValues& columns, std::string name)
      : graph_(graph), columns_(columns), name_(std::move(name)) {}

  Result<Value> Number(const Expr& expr) {
    QUERN_ASSIGN(const Operand operand, Write(expr, false));
    return AsNumber(operand);
  }

 private:
  Value Add(std::string_view op, std::initializer_list<Value> inputs,
            std::vector<Attribute> attributes = {}) {
    return graph_.Node(op, fmt::format("{}/{}", name_, op), inputs, std::move(attributes));
  }
  static Operand OfNumber(Value value) { return {Form::kNumber, std::move(value), {}, {}}; }
  static Operand OfText(Value value) { return {Form::kText, std::move(value), {}, {}}; }
  static Operand OfBoolean(Value is_true, Value is_false) {
    return {Form::kBoolean, {}, std::move(is_true), std::move(is_false)};
  }

  Value AsNumber(const Operand& operand) {
    if (operand.form != Form::kBoolean) return operand.value;
    const Value known = Add("Where", {operand.is_false, graph_.Scalar(0), graph_.Scalar(kMissing)});
    return Add("Where", {operand.is_true, graph_.Scalar(1), known});
  }

  Operand AsBoolean(const Operand& operand) {
    if (operand.form == Form::kBoolean) return operand;
    return OfBoolean(Add("Equal", {operand.value, graph_.Scalar(1)}),
                     Add("Equal", {operand.value, graph_.Scalar(0)}));
  }

  Value IsNull(const Operand& operand) {
    switch (operand.form) {
      case Form::kNumber:
        return Add("IsNaN", {operand.value});
      case Form::kText:
        return Add("Equal", {operand.value, graph_.Text("")});
      case Form::kBoolean:
        break;
    }
    return Add("Not", {Add("Or", {operand.is_true, operand.is_false})});
  }

  /// Infinity becomes NULL.
  Value Finite(const Value& value) {
    return Add("Where", {Add("IsInf", {value}), graph_.Scalar(kMissing), value});
  }

  std::unexpected<Error> CannotSay(const Expr& expr, std::string_view what) const {
    return Fail(Code::kInvalidArgument,
                fmt::format("derived column '{}': {} cannot be part of a model", name_, what),
                "compare texts with =, <> or IN, or compute the column before ingestion",
                expr.where);
  }

  expr::HoldsText HoldsText() const {
    return [this](const std::string& name) { return columns_.find(name)->second.is_text; };
  }
  bool AnyText(const Expr& expr) const { return expr::ChoosesText(expr, HoldsText()); }

  Result<Operand> Write(const Expr& expr, bool as_text) {
    switch (expr.kind) {
      case Kind::kNumber:
        return OfNumber(graph_.Scalar(expr.number));
      case Kind::kBoolean:
        return AsBoolean(OfNumber(graph_.Scalar(expr.number)));
      case Kind::kText:
        return OfText(graph_.Text(expr.text));
      case Kind::kNull:
        return as_text ? OfText(graph_.Text("")) : OfNumber(graph_.Scalar(kMissing));
      case Kind::kColumn: {
        const ColumnValue& column = columns_.find(expr.text)->second;
        return column.is_text ? OfText(column.value) : OfNumber(column.value);
      }
      case Kind::kIsNull: {
        QUERN_ASSIGN(const Operand child,
                     Write(expr.children[0], expr::IsText(expr.children[0], HoldsText())));
        const Value null = IsNull(child);
        return OfBoolean(null, Add("Not", {null}));
      }
      case Kind::kNot: {
        QUERN_ASSIGN(const Operand child, WriteBoolean(expr.children[0]));
        return OfBoolean(child.is_false, child.is_true);
      }
      case Kind::kAnd:
      case Kind::kOr: {
        QUERN_ASSIGN(const Operand left, WriteBoolean(expr.children[0]));
        QUERN_ASSIGN(const Operand right, WriteBoolean(expr.children[1]));
        return Logic(expr.kind, left, right);
      }
      case Kind::kEqual:
      case Kind::kNotEqual:
      case Kind::kLess:
      case Kind::kLessEqual:
      case Kind::kGreater:
      case Kind::kGreaterEqual: {
        const bool text = AnyText(expr);
        QUERN_ASSIGN(const Operand left, Write(expr.children[0], text));
        QUERN_ASSIGN(const Operand right, Write(expr.children[1], text));
        return Compare(expr, expr.kind, left, right);
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
      case Kind::kAdd:
      case Kind::kSubtract:
      case Kind::kMultiply:
      case Kind::kDivide:
      case Kind::kModulo:
      case Kind::kPow:
        return Arithmetic(expr);
      default:
        return Unary(expr);
    }
  }

  Result<Operand> WriteBoolean(const Expr& expr) {
    QUERN_ASSIGN(const Operand operand, Write(expr, false));
    return AsBoolean(operand);
  }

  Operand Logic(Kind kind, const Operand& a, const Operand& b) {
    const bool is_and = kind == Kind::kAnd;
    return OfBoolean(Add(is_and ? "And" : "Or", {a.is_true, b.is_true}),
                     Add(is_and ? "Or" : "And", {a.is_false, b.is_false}));
  }

  Result<Operand> Unary(const Expr& expr) {
    QUERN_ASSIGN(const Value x, Number(expr.children[0]));
    switch (expr.kind) {
      case Kind::kNegate:
        return OfNumber(Add("Neg", {x}));
      case Kind::kAbs:
        return OfNumber(Add("Abs", {x}));
      case Kind::kFloor:
        return OfNumber(Add("Floor", {x}));
      case Kind::kRound:
        return OfNumber(RoundAway(x));
      // Guards decide by comparison, which is false for NaN: the vectorised functions need not keep
      // it.
      case Kind::kLn:
        return OfNumber(Add("Where", {Add("Greater", {x, graph_.Scalar(0)}), Add("Log", {x}),
                                      graph_.Scalar(kMissing)}));
      case Kind::kSqrt:
        return OfNumber(Add("Where", {Add("GreaterOrEqual", {x, graph_.Scalar(0)}),
                                      Add("Sqrt", {x}), graph_.Scalar(kMissing)}));
      case Kind::kExp:
        return OfNumber(Add("Where", {Add("LessOrEqual", {x, graph_.Scalar(kLargestExponent)}),
                                      Add("Exp", {x}), graph_.Scalar(kMissing)}));
      default:
        break;
    }
    return CannotSay(expr, "this operator");
  }

  /// Halves away from zero, where ONNX rounds them to even: truncate, then add the sign if half or
  /// more was cut off. NaN stays NaN since it is added to itself.
  Value RoundAway(const Value& x) {
    const Value size = Add("Abs", {x});
    const Value whole = Add("Floor", {size});
    const Value half = Add("GreaterOrEqual", {Add("Sub", {size, whole}), graph_.Scalar(0.5)});
    const Value step = Add("Where", {half, graph_.Scalar(1), graph_.Scalar(0)});
    const Value rounded = Add("Add", {whole, step});
    const Value negative = Add("Less", {x, graph_.Scalar(0)});
    return Add("Where", {negative, Add("Neg", {rounded}), rounded});
  }

  Result<Operand> Arithmetic(const Expr& expr) {
    QUERN_ASSIGN(const Value a, Number(expr.children[0]));
    QUERN_ASSIGN(const Value b, Number(expr.children[1]));
    switch (expr.kind) {
      case Kind::kAdd:
        return OfNumber(Finite(Add("Add", {a, b})));
      case Kind::kSubtract:
        return OfNumber(Finite(Add("Sub", {a, b})));
      case Kind::kMultiply:
        return OfNumber(Finite(Add("Mul", {a, b})));
      case Kind::kDivide:
        return OfNumber(Finite(Add("Div", {a, b})));
      case Kind::kModulo:
        return OfNumber(Add("Mod", {a, b}, {{"fmod", int64_t{1}}}));
      default:
        break;
    }
    // pow(NaN, 0) and pow(1, NaN) are 1 in C and in ONNX.
    const Value null = Add("Or", {Add("IsNaN", {a}), Add("IsNaN", {b})});
    const Value power = Finite(Add("Pow", {a, b}));
    return OfNumber(Add("Where", {null, graph_.Scalar(kMissing), power}));
  }

  Result<Operand> Compare(const Expr& expr, Kind kind, const Operand& left, const Operand& right) {
    if (left.form == Form::kText || right.form == Form::kText) {
      if (kind != Kind::kEqual && kind != Kind::kNotEqual) {
        return CannotSay(expr, "the order of texts");
      }
      const Value known = Add("Not", {Add("Or", {IsNull(left), IsNull(right)})});
      const Value same = Add("Equal", {left.value, right.value});
      return Equality(kind, same, known);
    }
    const Value a = AsNumber(left);
    const Value b = AsNumber(right);
    switch (kind) {
      // Both masks are comparisons, so that NaN clears both.
      case Kind::kLess:
        return OfBoolean(Add("Less", {a, b}), Add("GreaterOrEqual", {a, b}));
      case Kind::kLessEqual:
        return OfBoolean(Add("LessOrEqual", {a, b}), Add("Greater", {a, b}));
      case Kind::kGreater:
        return OfBoolean(Add("Greater", {a, b}), Add("LessOrEqual", {a, b}));
      case Kind::kGreaterEqual:
        return OfBoolean(Add("GreaterOrEqual", {a, b}), Add("Less", {a, b}));
      default:
        break;
    }
    const Value same = Add("Equal", {a, b});
    const Value known = Add("Not", {Add("Or", {Add("IsNaN", {a}), Add("IsNaN", {b})})});
    return Equality(kind, same, known);
  }

  Operand Equality(Kind kind, const Value& same, const Value& known) {
    const Value equal = Add("And", {same, known});
    const Value different = Add("And", {Add("Not", {same}), known});
    return kind == Kind::kEqual ? OfBoolean(equal, different) : OfBoolean(different, equal);
  }

  Result<Operand> Between(const Expr& expr) {
    const bool text = AnyText(expr);
    QUERN_ASSIGN(const Operand value, Write(expr.children[0], text));
    QUERN_ASSIGN(const Operand low, Write(expr.children[1], text));
    QUERN_ASSIGN(const Operand high, Write(expr.children[2], text));
    QUERN_ASSIGN(const Operand above, Compare(expr, Kind::kGreaterEqual, value, low));
    QUERN_ASSIGN(const Operand below, Compare(expr, Kind::kLessEqual, value, high));
    return Logic(Kind::kAnd, above, below);
  }

  Result<Operand> In(const Expr& expr) {
    const bool text = AnyText(expr);
    QUERN_ASSIGN(const Operand value, Write(expr.children[0], text));
    Operand out;
    for (size_t i = 1; i < expr.children.size(); ++i) {
      QUERN_ASSIGN(const Operand candidate, Write(expr.children[i], text));
      QUERN_ASSIGN(const Operand equal, Compare(expr, Kind::kEqual, value, candidate));
      out = i == 1 ? equal : Logic(Kind::kOr, out, equal);
    }
    return out;
  }

  Operand Choose(const Value& condition, const Operand& yes, const Operand& no, bool as_text) {
    if (as_text) return OfText(Add("Where", {condition, yes.value, no.value}));
    return OfNumber(Add("Where", {condition, AsNumber(yes), AsNumber(no)}));
  }

  Result<Operand> Case(const Expr& expr, bool as_text) {
    QUERN_ASSIGN(Operand out, Write(expr.children.back(), as_text));
    // Backwards, so that the first condition that holds has the last word.
    for (size_t i = expr.children.size() - 1; i > 0; i -= 2) {
      QUERN_ASSIGN(const Operand condition, WriteBoolean(expr.children[i - 2]));
      QUERN_ASSIGN(const Operand value, Write(expr.children[i - 1], as_text));
      out = Choose(condition.is_true, value, out, as_text);
    }
    return out;
  }

  /// coalesce, least, greatest: the first, smallest or largest that is not NULL.
  Result<Operand> Pick(const Expr& expr, bool as_text) {
    if (as_text && expr.kind != Kind::kCoalesce) return CannotSay(expr, "the order of texts");
    QUERN_ASSIGN(Operand out, Write(expr.children[0], as_text));
    for (size_t i = 1; i < expr.children.size(); ++i) {
      QUERN_ASSIGN(const Operand value, Write(expr.children[i], as_text));
      if (expr.kind == Kind::kCoalesce) {
        out = Choose(IsNull(out), value, out, as_text);
        continue;
      }
      const Value candidate = AsNumber(value);
      const Value best = AsNumber(out);
      const Value better = Add(expr.kind == Kind::kLeast ? "Less" : "Greater", {candidate, best});
      // Where the best so far is NULL anything replaces it, even another NULL.
      const Value replace = Add("Or", {Add("IsNaN", {best}), better});
      out = OfNumber(Add("Where", {replace, candidate, best}));
    }
    return out;
  }

  GraphWriter& graph_;
  const ColumnValues& columns_;
  std::string name_;
};

expr::Schema SchemaOf(const ColumnValues& columns) {
  expr::Schema schema;
  for (const auto& [name, column] : columns) {
    schema.push_back({name, column.is_text ? expr::Type::kText : expr::Type::kNumber});
  }
  return schema;
}

}  // namespace

Status WriteDerived(GraphWriter& graph, const ml::FittedPipeline& pipeline, ColumnValues& columns) {
  for (const ml::DerivedColumn& derived : pipeline.derived) {
    QUERN_ASSIGN(const Expr expr, expr::Parse(derived.expression, {derived.name, 1, 1}));
    QUERN_ASSIGN(const expr::Type type, expr::Check(expr, SchemaOf(columns)));
    if (type == expr::Type::kText || columns.contains(derived.name)) {
      return Fail(Code::kInvalidArgument,
                  type == expr::Type::kText
                      ? fmt::format("derived column '{}' is text", derived.name)
                      : fmt::format("derived column '{}' has a raw column's name", derived.name),
                  "a derived column is a number under a name of its own", expr.where);
    }
    QUERN_ASSIGN(Value value, DerivedWriter(graph, columns, derived.name).Number(expr));
    if (expr::Columns(expr).empty()) {
      const Value shape = graph.Node("Shape", derived.name + "/shape",
                                     {columns.at(pipeline.inputs.front().name).value});
      value = graph.Node("Expand", derived.name + "/expand", {value, shape});
    }
    columns[derived.name] = {std::move(value), false};
  }
  return {};
}

}  // namespace quern::model
