#include "search/order.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "search/condition.h"
#include "search/filter.h"
#include "search/message.h"
#include "search/resolve.h"

namespace quern::search {
namespace {

class Orderer {
 public:
  Orderer(const Entity& entity, const Request& request, Dialect dialect)
      : entity_(entity), request_(request), dialect_(dialect) {}

  Result<Order> Run() {
    if (request_.order_by.size() + request_.field_order.size() > kMaxOrderKeys) {
      return Fail(Code::kInvalidArgument,
                  "Invalid order_by: more than " + std::to_string(kMaxOrderKeys) + " elements");
    }
    for (const std::string& text : request_.order_by) {
      QUERN_ASSIGN(const OrderClause clause, ParseOrderClause(text));
      QUERN_TRY(Add(clause, {}));
    }
    for (const FieldOrder& order : request_.field_order) QUERN_TRY(AddField(order));
    if (keys_.empty()) AddRules(entity_.default_order);
    AddRules(entity_.tie_breakers);
    return Order{std::move(keys_), std::move(walk_), own_};
  }

 private:
  /// What tells one order key from another: group, attribute or key, function.
  using Name = std::tuple<Group::Kind, std::string, Aggregate>;

  Status AddField(const FieldOrder& order) {
    OrderClause clause;
    clause.descending = !order.ascending;
    clause.field.column = 1;
    clause.field.key = order.field_name;
    if (const size_t dot = order.field_name.find('.'); dot != std::string::npos) {
      clause.field.has_entity = true;
      clause.field.entity = order.field_name.substr(0, dot);
      clause.field.key = order.field_name.substr(dot + 1);
    }
    std::vector<DatasetFilter> datasets;
    if (!order.dataset.name.empty()) datasets.push_back(order.dataset);
    return Add(clause, datasets);
  }

  Status Add(const OrderClause& clause, const std::vector<DatasetFilter>& datasets) {
    const auto target = Resolve(entity_, clause.field);
    if (!target) return InOrder(target.error());
    const Group& group = *target->group;
    if (target->attribute == nullptr && !group.orderable) {
      return Bad("Invalid order_by entity: " + group.names.front(), clause.field.column,
                 entity_.name + " are ordered by " + Orderable());
    }
    const std::string key =
        target->attribute != nullptr ? target->attribute->names.front() : clause.field.key;
    // The same metric on two datasets is two keys.
    std::string of_datasets = key;
    for (const DatasetFilter& one : datasets) of_datasets += '\0' + one.name + '\0' + one.digest;
    if (!Note({group.kind, of_datasets, clause.field.aggregate})) {
      return Fail(Code::kInvalidArgument,
                  "`order_by` contains duplicate fields: '" + Shown(key) + "' stands twice");
    }
    if (target->attribute != nullptr) {
      PushAttribute(*target->attribute, clause.descending);
    } else {
      AddKeyed(*target, clause, datasets);
    }
    return {};
  }

  void AddKeyed(const Target& target, const OrderClause& clause,
                const std::vector<DatasetFilter>& datasets) {
    const Group& group = *target.group;
    const Sql rows = KeyedRows(group, clause.field.key).Add(OnDatasets(group, datasets));
    if (clause.field.aggregate == Aggregate::kCount) {
      Sql count("coalesce((SELECT " + group.count + " FROM ");
      count.Add(rows).Add("), 0)");
      Push(std::move(count), ValueType::kInteger, clause.descending, false);
      return;
    }
    const bool last =
        clause.field.aggregate == Aggregate::kNone || clause.field.aggregate == Aggregate::kLast;
    if (keys_.empty() && !group.index.empty() && last) {
      const bool metric = group.kind == Group::Kind::kMetric;
      walk_ = Walk{&group.index, clause.field.key, {}, metric ? 2U : 1U, metric};
    }
    std::string value = group.value;
    if (clause.field.aggregate == Aggregate::kMin) value = group.least;
    if (clause.field.aggregate == Aggregate::kMax) value = group.greatest;
    Sql sql("(SELECT " + value + " FROM ");
    sql.Add(rows);
    if (!group.newest.empty()) sql.Add(" ORDER BY " + group.newest + " LIMIT 1");
    Push(std::move(sql.Add(")")), target.type, clause.descending, true);
    if (group.kind != Group::Kind::kMetric) return;
    // A NaN has a row and no value: it stands behind the numbers and before what is missing.
    Sql missing("CASE WHEN EXISTS (SELECT 1 FROM ");
    missing.Add(rows).Add(") THEN 0 ELSE 1 END");
    Push(std::move(missing), ValueType::kInteger, false, false);
  }

  void AddRules(const std::vector<OrderRule>& rules) {
    for (const OrderRule& rule : rules) {
      for (const Attribute& attribute : entity_.attributes) {
        if (attribute.names.front() != rule.attribute) continue;
        if (!Note({Group::Kind::kAttribute, rule.attribute, Aggregate::kNone})) continue;
        PushAttribute(attribute, rule.descending);
      }
    }
  }

  void PushAttribute(const Attribute& attribute, bool descending) {
    if (keys_.empty()) own_ = attribute.names.front() == entity_.tie_breakers.front().attribute;
    if (keys_.empty() && !attribute.index.empty()) {
      walk_ = Walk{&attribute.index, {}, attribute.sql, 1, attribute.nullable};
    }
    Push(Sql(attribute.sql), attribute.type, descending, attribute.nullable);
  }

  bool Note(Name name) {
    if (std::find(seen_.begin(), seen_.end(), name) != seen_.end()) return false;
    seen_.push_back(std::move(name));
    return true;
  }

  void Push(Sql sql, ValueType type, bool descending, bool nullable) {
    if (type == ValueType::kId) type = ValueType::kInteger;
    if (type == ValueType::kText && dialect_ == Dialect::kPostgres) sql.Add(" COLLATE \"C\"");
    keys_.push_back({std::move(sql), type, descending, nullable});
  }

  std::string Orderable() const {
    std::vector<std::string> names;
    for (const Attribute& attribute : entity_.attributes) names.push_back(attribute.names.front());
    for (const Group& group : entity_.groups) {
      if (group.orderable) names.push_back(group.names.front() + ".KEY");
    }
    return Join(names, ", ");
  }

  static std::unexpected<Error> InOrder(Error error) {
    error.message += " (in order_by)";
    return std::unexpected(std::move(error));
  }

  const Entity& entity_;
  const Request& request_;
  Dialect dialect_;
  std::vector<SortKey> keys_;
  std::optional<Walk> walk_;
  bool own_ = false;
  std::vector<Name> seen_;
};

}  // namespace

Result<Order> OrderOf(const Entity& entity, const Request& request, Dialect dialect) {
  return Orderer(entity, request, dialect).Run();
}

// From the last key to the first: "beyond this key's value, or at it and further on by the rest".
// The rest stands first because SQLite's parser then keeps the least in its stack. A key that is
// never NULL also gives a plain bound (key >= value), which an index can start from.
Sql After(const std::vector<SortKey>& keys, const std::vector<store::Param>& values) {
  Sql rest;
  for (size_t i = keys.size(); i-- > 0;) {
    const SortKey& key = keys[i];
    const bool last = rest.text.empty();
    const std::string_view beyond = key.descending ? " < ?" : " > ?";
    Sql sql;
    if (std::holds_alternative<std::monostate>(values[i])) {
      // NULLs are last: only NULLs can follow.
      sql.Add("(").Add(rest).Add(" AND ").Add(key.sql).Add(" IS NULL)");
    } else if (key.nullable) {
      sql.Add("((").Add(rest).Add(" AND ").Add(key.sql).Add(" = ?", values[i]).Add(") OR ");
      sql.Add(key.sql).Add(beyond, values[i]).Add(" OR ").Add(key.sql).Add(" IS NULL)");
    } else if (last) {
      sql.Add(key.sql).Add(beyond, values[i]);
    } else {
      sql.Add("((").Add(rest).Add(" OR ").Add(key.sql).Add(beyond, values[i]).Add(") AND ");
      sql.Add(key.sql).Add(key.descending ? " <= ?" : " >= ?", values[i]).Add(")");
    }
    rest = std::move(sql);
  }
  return rest;
}

}  // namespace quern::search
