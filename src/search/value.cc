#include "search/value.h"

#include <algorithm>
#include <span>
#include <string>

#include "base/text.h"
#include "search/message.h"

namespace quern::search {
namespace {

constexpr Op kNumberOps[] = {Op::kEqual,   Op::kNotEqual,     Op::kLess, Op::kLessEqual,
                             Op::kGreater, Op::kGreaterEqual, Op::kIn,   Op::kNotIn};
constexpr Op kTextOps[] = {Op::kEqual, Op::kNotEqual, Op::kLike, Op::kILike, Op::kIn, Op::kNotIn};
constexpr Op kIdOps[] = {Op::kEqual, Op::kNotEqual, Op::kIn, Op::kNotIn};

std::span<const Op> OpsOf(ValueType type) {
  if (type == ValueType::kText) return kTextOps;
  if (type == ValueType::kId) return kIdOps;
  return kNumberOps;
}

Status CheckOp(const Target& target, const Node& node) {
  const auto ops = OpsOf(target.type);
  if (std::find(ops.begin(), ops.end(), node.op) != ops.end()) return {};
  std::vector<std::string> names;
  for (const Op op : ops) names.emplace_back(OpName(op));
  return Bad("Invalid comparator '" + std::string(OpName(node.op)) + "' not one of '" +
                 Join(names, ", ") + ", IS NULL, IS NOT NULL'",
             node.column, "'" + Shown(node.field.key) + "' does not compare that way");
}

std::unexpected<Error> NotANumber(const Target& target, const Node& node, const Literal& value) {
  const std::string what =
      target.attribute == nullptr ? "metric" : "numeric attribute: " + Shown(node.field.key);
  return Bad("Expected numeric value type for " + what + ". Found '" + Shown(value.text) + "'",
             value.column);
}

std::unexpected<Error> NotAText(const Target& target, const Literal& value) {
  const std::string shown = Shown(value.text);
  if (value.kind == Literal::Kind::kWord) {
    return Bad(
        "Parameter value is either not quoted or unidentified quote types used for string "
        "value " +
            shown + ". Use either single or double quotes. It stands",
        value.column);
  }
  std::string what = target.group->names.front() + " (e.g. 'my-value')";
  if (target.group->kind == Group::Kind::kAttribute) what = "attributes";
  if (target.group->kind == Group::Kind::kDataset) what = "dataset attributes";
  return Bad("Expected a quoted string value for " + what + ". Got value " + shown, value.column,
             "write '" + shown + "'");
}

/// `%` and `_` as SQLite's GLOB has them, case kept; its own signs as themselves.
std::string GlobOf(std::string_view like) {
  std::string glob;
  for (const char c : like) {
    if (c == '%') {
      glob += '*';
    } else if (c == '_') {
      glob += '?';
    } else if (c == '*' || c == '?' || c == '[') {
      glob += '[';
      glob += c;
      glob += ']';
    } else {
      glob += c;
    }
  }
  return glob;
}

class Comparer {
 public:
  Comparer(const Entity& entity, const Target& target, const Node& node, Dialect dialect)
      : entity_(entity), target_(target), node_(node), dialect_(dialect) {}

  Result<Sql> Run(const Sql& left) const {
    QUERN_TRY(CheckOp(target_, node_));
    if (node_.op == Op::kLike || node_.op == Op::kILike) return Like(left);
    Sql sql = left;
    if (node_.op == Op::kIn || node_.op == Op::kNotIn) {
      sql.Add(" ").Add(OpName(node_.op)).Add(" (");
      for (size_t i = 0; i < node_.values.size(); ++i) {
        if (i > 0) sql.Add(", ");
        QUERN_TRY(Value(node_.values[i], sql));
      }
      sql.Add(")");
      return sql;
    }
    sql.Add(" ").Add(node_.op == Op::kNotEqual ? "<>" : OpName(node_.op)).Add(" ");
    QUERN_TRY(Value(node_.values.front(), sql));
    return sql;
  }

 private:
  Status Value(const Literal& value, Sql& sql) const {
    switch (target_.type) {
      case ValueType::kText:
        return Text(value, sql);
      case ValueType::kId:
        return Id(value, sql);
      default:
        return Number(value, sql);
    }
  }

  Result<std::string> TextOf(const Literal& value) const {
    if (value.kind != Literal::Kind::kText && !entity_.bare_texts) return NotAText(target_, value);
    return value.text;
  }

  Status Text(const Literal& value, Sql& sql) const {
    QUERN_ASSIGN(std::string text, TextOf(value));
    if (target_.attribute != nullptr) {
      for (const auto& [word, stored] : target_.attribute->words) {
        if (word == text) text = stored;
      }
    }
    sql.Add("?", std::move(text));
    return {};
  }

  Status Id(const Literal& value, Sql& sql) const {
    const auto id = value.kind == Literal::Kind::kWord ? std::nullopt : ParseInt(value.text);
    if (!id) {
      return Bad("Invalid value for attribute '" + Shown(node_.field.key) + "': '" +
                     Shown(value.text) + "' is not an integer",
                 value.column);
    }
    sql.Add("?", *id);
    return {};
  }

  Status Number(const Literal& value, Sql& sql) const {
    const auto integer = ParseInt(value.text);
    const bool quoted = value.kind == Literal::Kind::kText && entity_.quoted_numbers && integer;
    if (value.kind != Literal::Kind::kNumber && !quoted) return NotANumber(target_, node_, value);
    if (target_.type == ValueType::kReal) {
      sql.Add("?", value.number);
    } else if (integer) {
      sql.Add("?", *integer);
    } else {
      sql.Add("CAST(? AS DOUBLE PRECISION)", value.number);
    }
    return {};
  }

  Result<Sql> Like(const Sql& left) const {
    const Literal& value = node_.values.front();
    QUERN_ASSIGN(std::string pattern, TextOf(value));
    if (pattern.size() > kMaxPatternBytes) {
      return Bad("Invalid filter: a pattern of " + std::to_string(pattern.size()) +
                     " bytes, the most is " + std::to_string(kMaxPatternBytes),
                 value.column);
    }
    const bool any_case = node_.op == Op::kILike;
    Sql sql = left;
    if (dialect_ == Dialect::kPostgres) {
      sql.Add(any_case ? " ILIKE ? ESCAPE ''" : " LIKE ? ESCAPE ''", std::move(pattern));
    } else if (any_case) {
      sql.Add(" LIKE ?", std::move(pattern));
    } else {
      sql.Add(" GLOB ?", GlobOf(pattern));
    }
    return sql;
  }

  const Entity& entity_;
  const Target& target_;
  const Node& node_;
  Dialect dialect_;
};

}  // namespace

Result<Sql> Compare(const Entity& entity, const Target& target, const Sql& left, const Node& node,
                    Dialect dialect) {
  return Comparer(entity, target, node, dialect).Run(left);
}

}  // namespace quern::search
