#include <optional>

#include "base/text.h"
#include "expr/expr.h"
#include "expr/names.h"

namespace quern::expr {

std::string_view TypeName(Type type) {
  switch (type) {
    case Type::kNumber:
      return "number";
    case Type::kText:
      return "text";
    case Type::kBoolean:
      return "boolean";
  }
  return "";
}

Schema SchemaOf(const Frame& frame) {
  Schema schema;
  for (const Column& column : frame.columns) {
    schema.push_back({column.name, column.is_text ? Type::kText : Type::kNumber});
  }
  return schema;
}

namespace {

/// Nothing is the type of NULL: it fits everywhere.
using MaybeType = std::optional<Type>;

std::string Shown(const Expr& expr, Type type) {
  if (expr.kind == Kind::kColumn) {
    return std::string(TypeName(type)) + " column '" + expr.text + "'";
  }
  if (expr.kind == Kind::kText) return "text '" + expr.text + "'";
  if (expr.kind == Kind::kNumber) return "number " + ShortestDouble(expr.number);
  return std::string("a ") + std::string(TypeName(type));
}

class Checker {
 public:
  explicit Checker(const Schema& schema) : schema_(schema) {}

  Result<MaybeType> TypeOf(const Expr& expr) {
    switch (expr.kind) {
      case Kind::kNumber:
        return MaybeType(Type::kNumber);
      case Kind::kText:
        return MaybeType(Type::kText);
      case Kind::kBoolean:
        return MaybeType(Type::kBoolean);
      case Kind::kNull:
        return MaybeType();
      case Kind::kColumn:
        return ColumnType(expr);
      case Kind::kNot:
      case Kind::kAnd:
      case Kind::kOr:
        return All(expr, Type::kBoolean);
      case Kind::kIsNull: {
        QUERN_TRY(TypeOf(expr.children.front()));
        return MaybeType(Type::kBoolean);
      }
      case Kind::kEqual:
      case Kind::kNotEqual:
      case Kind::kLess:
      case Kind::kLessEqual:
      case Kind::kGreater:
      case Kind::kGreaterEqual:
      case Kind::kBetween:
      case Kind::kIn: {
        QUERN_TRY(Same(expr, 0, 1));
        return MaybeType(Type::kBoolean);
      }
      case Kind::kCoalesce:
      case Kind::kLeast:
      case Kind::kGreatest:
        return Same(expr, 0, 1);
      case Kind::kCase:
        return CaseType(expr);
      case Kind::kNegate:
      case Kind::kAbs:
      case Kind::kLn:
      case Kind::kExp:
      case Kind::kSqrt:
      case Kind::kFloor:
      case Kind::kRound:
      case Kind::kAdd:
      case Kind::kSubtract:
      case Kind::kMultiply:
      case Kind::kDivide:
      case Kind::kModulo:
      case Kind::kPow:
        return All(expr, Type::kNumber);
    }
    return MaybeType();
  }

 private:
  Result<MaybeType> ColumnType(const Expr& expr) const {
    std::vector<std::string> known;
    for (const SchemaColumn& column : schema_) {
      if (column.name == expr.text) return MaybeType(column.type);
      known.push_back(column.name);
    }
    return Fail(Code::kInvalidArgument, "there is no column '" + expr.text + "'",
                SuggestName(expr.text, known), expr.where);
  }

  Status Want(const Expr& expr, Type wanted, const std::string& by) {
    QUERN_ASSIGN(const MaybeType type, TypeOf(expr));
    if (!type || *type == wanted) return {};
    std::string hint;
    if (*type == Type::kBoolean) hint = "turn it into a number with CASE WHEN … THEN 1 ELSE 0 END";
    if (wanted == Type::kBoolean) hint = "compare it with something, for example … > 0";
    return Fail(Code::kInvalidArgument,
                by + " needs a " + std::string(TypeName(wanted)) + ", got " + Shown(expr, *type),
                std::move(hint), expr.where);
  }

  Result<MaybeType> All(const Expr& expr, Type type) {
    std::string by(OperatorOf(expr.kind));
    if (expr.kind == Kind::kNegate) by = "-";
    if (expr.kind == Kind::kNot) by = "NOT";
    if (const auto function = FunctionOf(expr.kind)) by = function->name;
    for (const Expr& child : expr.children) QUERN_TRY(Want(child, type, by));
    return MaybeType(type);
  }

  /// children[first], children[first + step], … agree; the type they agree on.
  Result<MaybeType> Same(const Expr& expr, size_t first, size_t step) {
    MaybeType agreed;
    const Expr* witness = nullptr;
    for (size_t i = first; i < expr.children.size(); i += step) {
      const Expr& child = expr.children[i];
      QUERN_ASSIGN(const MaybeType type, TypeOf(child));
      if (!type) continue;
      if (agreed && *agreed != *type) {
        return Fail(Code::kInvalidArgument,
                    Shown(*witness, *agreed) + " and " + Shown(child, *type) + " do not compare",
                    Remedy(*witness, child), child.where);
      }
      if (!agreed) witness = &child;
      agreed = type;
    }
    return agreed;
  }

  static std::string Remedy(const Expr& a, const Expr& b) {
    for (const Expr* side : {&a, &b}) {
      if (side->kind == Kind::kText && ParseDouble(side->text)) {
        return "write the number without quotes: " + ShortestDouble(*ParseDouble(side->text));
      }
      if (side->kind == Kind::kNumber) {
        return "write the value as text: '" + ShortestDouble(side->number) + "'";
      }
    }
    return "both sides must be numbers, or both text";
  }

  Result<MaybeType> CaseType(const Expr& expr) {
    const size_t branches = expr.children.size() / 2;
    for (size_t i = 0; i < branches; ++i) {
      QUERN_TRY(Want(expr.children[2 * i], Type::kBoolean, "WHEN"));
    }
    QUERN_ASSIGN(const MaybeType values, Same(expr, 1, 2));
    const Expr& otherwise = expr.children.back();
    QUERN_ASSIGN(const MaybeType last, TypeOf(otherwise));
    if (values && last && *values != *last) {
      return Fail(Code::kInvalidArgument,
                  "the ELSE of a CASE is " + std::string(TypeName(*last)) + ", its THEN is " +
                      std::string(TypeName(*values)),
                  "all results of a CASE must be of one type", otherwise.where);
    }
    return values ? values : last;
  }

  const Schema& schema_;
};

}  // namespace

Result<Type> Check(const Expr& expr, const Schema& schema) {
  QUERN_ASSIGN(const MaybeType type, Checker(schema).TypeOf(expr));
  if (!type) {
    return Fail(Code::kInvalidArgument, "the expression is always NULL", "use a column or a value",
                expr.where);
  }
  return *type;
}

namespace {

void Collect(const Expr& expr, std::vector<ColumnRef>& out) {
  if (expr.kind == Kind::kColumn) {
    for (const ColumnRef& seen : out) {
      if (seen.name == expr.text) return;
    }
    out.push_back({expr.text, expr.where});
  }
  for (const Expr& child : expr.children) Collect(child, out);
}

}  // namespace

std::vector<ColumnRef> Columns(const Expr& expr) {
  std::vector<ColumnRef> out;
  Collect(expr, out);
  return out;
}

bool ChoosesText(const Expr& expr, const HoldsText& holds_text) {
  for (size_t i = 0; i < expr.children.size(); ++i) {
    const bool is_condition =
        expr.kind == Kind::kCase && i % 2 == 0 && i + 1 < expr.children.size();
    if (!is_condition && IsText(expr.children[i], holds_text)) return true;
  }
  return false;
}

bool IsText(const Expr& expr, const HoldsText& holds_text) {
  switch (expr.kind) {
    case Kind::kText:
      return true;
    case Kind::kColumn:
      return holds_text(expr.text);
    case Kind::kCase:
    case Kind::kCoalesce:
    case Kind::kLeast:
    case Kind::kGreatest:
      return ChoosesText(expr, holds_text);
    default:
      return false;
  }
}

}  // namespace quern::expr
