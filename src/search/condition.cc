#include "search/condition.h"

#include <algorithm>
#include <string>
#include <utility>

#include "search/finder.h"
#include "search/resolve.h"
#include "search/value.h"

namespace quern::search {
namespace {

bool IsNegative(Op op) { return op == Op::kNotEqual || op == Op::kNotIn; }

/// A condition and how much of SQLite's parser stack (100 entries in 3.40) it takes.
struct Part {
  Sql sql;
  int stack = 0;
  std::vector<Finder> finders = {};
};

/// What a comparison takes at most: a subquery with a CASE in it.
constexpr int kLeafStack = 16;

class Writer {
 public:
  Writer(const Entity& entity, const std::vector<DatasetFilter>& datasets, Dialect dialect)
      : entity_(entity), datasets_(datasets), dialect_(dialect) {}

  Result<Part> Write(const Node& node) {
    switch (node.kind) {
      case Node::Kind::kCompare: {
        QUERN_ASSIGN(const Target target, Resolve(entity_, node.field));
        QUERN_ASSIGN(Sql sql, Comparison(target, node));
        return Part{std::move(sql), kLeafStack, FindersOf(entity_, target, node, dialect_)};
      }
      case Node::Kind::kNot: {
        QUERN_ASSIGN(const Part inner, Write(node.children.front()));
        Part part;
        part.sql.Add("NOT (").Add(inner.sql).Add(")");
        part.stack = inner.stack + 2;
        return part;
      }
      default:
        return Chain(node);
    }
  }

  bool names_prompt_tag() const { return names_prompt_tag_; }
  bool names_metric() const { return names_metric_; }

 private:
  /// The operands that nest deepest come first, where the parser keeps the least beside them.
  Result<Part> Chain(const Node& node) {
    std::vector<Part> parts;
    for (const Node& child : node.children) {
      QUERN_ASSIGN(Part part, Write(child));
      if (child.kind == Node::Kind::kAnd || child.kind == Node::Kind::kOr) {
        part.sql.text = "(" + part.sql.text + ")";
        ++part.stack;
      }
      parts.push_back(std::move(part));
    }
    std::stable_sort(parts.begin(), parts.end(),
                     [](const Part& a, const Part& b) { return a.stack > b.stack; });
    Part chain;
    std::vector<std::vector<Finder>> finders;
    for (Part& part : parts) finders.push_back(std::move(part.finders));
    chain.finders =
        node.kind == Node::Kind::kAnd ? FindersOfAll(std::move(finders)) : FindersOfAny(finders);
    if (parts.empty()) chain.sql.Add("TRUE");
    for (size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) chain.sql.Add(node.kind == Node::Kind::kAnd ? " AND " : " OR ");
      chain.sql.Add(parts[i].sql);
      chain.stack = std::max(chain.stack, parts[i].stack + (i > 0 ? 2 : 0));
    }
    return chain;
  }

  Result<Sql> Comparison(const Target& target, const Node& node) {
    const Group& group = *target.group;
    if (group.kind == Group::Kind::kMetric) names_metric_ = true;
    if (target.attribute != nullptr) {
      return Simple(Sql(target.attribute->sql), target, node);
    }
    if (node.field.aggregate == Aggregate::kCount) {
      Sql count("coalesce((SELECT " + group.count + " FROM ");
      count.Add(Rows(target, node.field)).Add("), 0)");
      return Simple(count, target, node);
    }
    const bool prompt_tag = IsPromptTag(group, node.field);
    const bool missing = node.op == Op::kIsNull;
    if (missing || node.op == Op::kIsNotNull) {
      Sql sql(missing ? "NOT EXISTS (SELECT 1 FROM " : "EXISTS (SELECT 1 FROM ");
      sql.Add(Rows(target, node.field)).Add(")");
      return sql;
    }
    return prompt_tag ? PromptTag(target, node) : Keyed(target, node);
  }

  Result<Sql> Simple(Sql left, const Target& target, const Node& node) {
    if (node.op == Op::kIsNull) return std::move(left.Add(" IS NULL"));
    if (node.op == Op::kIsNotNull) return std::move(left.Add(" IS NOT NULL"));
    return Compare(entity_, target, left, node, dialect_);
  }

  static std::string ValueOf(const Target& target, Aggregate aggregate) {
    if (target.dataset != nullptr) return target.dataset->value;
    if (aggregate == Aggregate::kMin) return target.group->least;
    if (aggregate == Aggregate::kMax) return target.group->greatest;
    return target.group->value;
  }

  Sql Rows(const Target& target, const Field& field) const {
    if (target.dataset != nullptr) return Sql(target.dataset->rows);
    return KeyedRows(*target.group, field.key).Add(OnDatasets(*target.group, datasets_));
  }

  /// NULL without a row for the key, so that neither the comparison nor its NOT holds; else 0 or 1.
  /// A NaN differs from every number and compares with none.
  Result<Sql> Keyed(const Target& target, const Node& node) {
    const Sql value(ValueOf(target, node.field.aggregate));
    QUERN_ASSIGN(const Sql condition, Compare(entity_, target, value, node, dialect_));
    const bool unique = target.group->unique;
    Sql sql(unique ? "(SELECT CASE WHEN " : "(SELECT max(CASE WHEN ");
    sql.Add(condition);
    if (target.type == ValueType::kReal && IsNegative(node.op)) {
      sql.Add(" OR ").Add(value).Add(" IS NULL");
    }
    sql.Add(unique ? " THEN 1 ELSE 0 END FROM " : " THEN 1 ELSE 0 END) FROM ");
    sql.Add(Rows(target, node.field)).Add(") = 1");
    return sql;
  }

  bool IsPromptTag(const Group& group, const Field& field) {
    if (entity_.no_prompts.empty() || group.kind != Group::Kind::kTag || field.key != kPromptTag) {
      return false;
    }
    names_prompt_tag_ = true;
    return true;
  }

  Result<Sql> PromptTag(const Target& target, const Node& node) {
    Sql value("coalesce((SELECT " + target.group->value + " FROM ");
    value.Add(Rows(target, node.field)).Add("), 'false')");
    return Compare(entity_, target, value, node, dialect_);
  }

  const Entity& entity_;
  const std::vector<DatasetFilter>& datasets_;
  Dialect dialect_;
  bool names_prompt_tag_ = false;
  bool names_metric_ = false;
};

}  // namespace

Sql KeyedRows(const Group& group, const std::string& key) {
  Sql rows(group.rows);
  rows.Add(" AND x.key = ?", key);
  return rows;
}

Sql OnDatasets(const Group& group, const std::vector<DatasetFilter>& datasets) {
  Sql sql;
  if (group.dataset_name.empty() || datasets.empty()) return sql;
  sql.Add(" AND (");
  for (size_t i = 0; i < datasets.size(); ++i) {
    if (i > 0) sql.Add(" OR ");
    sql.Add(group.dataset_name).Add(" = ?", datasets[i].name);
    if (datasets[i].digest.empty()) continue;
    sql.Add(" AND ").Add(group.dataset_digest).Add(" = ?", datasets[i].digest);
  }
  sql.Add(")");
  return sql;
}

Result<Filter> Condition(const Entity& entity, const Node& node,
                         const std::vector<DatasetFilter>& datasets, Dialect dialect) {
  Writer writer(entity, datasets, dialect);
  QUERN_ASSIGN(Part part, writer.Write(node));
  Filter filter{Sql("("), std::move(part.finders)};
  Sql& sql = filter.sql;
  sql.Add(part.sql).Add(")");
  if (!entity.no_prompts.empty() && !writer.names_prompt_tag()) {
    sql.Add(" AND ").Add(entity.no_prompts);
  }
  if (writer.names_metric()) return filter;
  for (const Group& group : entity.groups) {
    const Sql on = OnDatasets(group, datasets);
    if (on.text.empty()) continue;
    sql.Add(" AND EXISTS (SELECT 1 FROM ").Add(group.rows).Add(on).Add(")");
  }
  return filter;
}

}  // namespace quern::search
