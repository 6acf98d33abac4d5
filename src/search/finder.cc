#include "search/finder.h"

#include <utility>

#include "search/value.h"

namespace quern::search {
namespace {

/// More are not worth it: the filter is looked at row by row.
constexpr size_t kMostRanges = 16;
constexpr size_t kMostValues = 1000;

/// Whether the rows that hold are those of some values; else all of the key have to be looked at.
bool NamesValues(const Node& node, ValueType type) {
  if (node.values.size() > kMostValues) return false;
  switch (node.op) {
    case Op::kEqual:
    case Op::kIn:
      return true;
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
      return type != ValueType::kText;
    default:
      return false;
  }
}

/// Beginnings of texts, as the index has them.
Sql AnyBeginning(const Index& index, const std::vector<Literal>& values) {
  Sql sql(index.value);
  for (size_t i = 0; i < values.size(); ++i) {
    sql.Add(i == 0 ? " IN (" : ", ").Add(BeginningOf("CAST(? AS TEXT)"), values[i].text);
  }
  sql.Add(")");
  return sql;
}

/// The range of the same part of the same index, or null.
IndexRange* Alike(std::vector<Finder>& finders, const IndexRange& range) {
  for (Finder& finder : finders) {
    IndexRange& other = finder.ranges.front();
    if (finder.ranges.size() == 1 && other.index == range.index && other.key == range.key) {
      return &other;
    }
  }
  return nullptr;
}

}  // namespace

Sql IndexRange::Where() const {
  Sql sql(" WHERE ");
  if (keyed) sql.Add("x.key = ?", key);
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (keyed || i > 0) sql.Add(" AND ");
    sql.Add(bounds[i]);
  }
  return sql;
}

Sql Finder::Select() const {
  Sql sql;
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (i > 0) sql.Add(" UNION ");
    const IndexRange& range = ranges[i];
    sql.Add("SELECT " + range.index->owner + " AS found FROM " + range.index->table);
    sql.Add(range.Where());
  }
  return sql;
}

std::vector<Finder> FindersOf(const Entity& entity, const Target& target, const Node& node,
                              Dialect dialect) {
  const bool keyed = target.attribute == nullptr;
  const Index& index = keyed ? target.group->index : target.attribute->index;
  const Aggregate aggregate = node.field.aggregate;
  if (index.empty() || node.op == Op::kIsNull || aggregate == Aggregate::kCount) return {};
  IndexRange range{&index, keyed ? node.field.key : std::string(), keyed, {}};
  const bool last = aggregate == Aggregate::kNone || aggregate == Aggregate::kLast;
  if (last && NamesValues(node, target.type)) {
    if (target.type == ValueType::kText) {
      range.bounds.push_back(AnyBeginning(index, node.values));
    } else if (auto bound = Compare(entity, target, Sql(index.value), node, dialect)) {
      range.bounds.push_back(std::move(*bound));
    }
  }
  if (!keyed && range.bounds.empty()) return {};
  return {Finder{{std::move(range)}}};
}

std::vector<Finder> FindersOfAll(std::vector<std::vector<Finder>> parts) {
  std::vector<Finder> all;
  for (std::vector<Finder>& part : parts) {
    for (Finder& finder : part) {
      IndexRange* other = finder.ranges.size() == 1 ? Alike(all, finder.ranges.front()) : nullptr;
      if (other == nullptr) {
        all.push_back(std::move(finder));
        continue;
      }
      for (Sql& bound : finder.ranges.front().bounds) other->bounds.push_back(std::move(bound));
    }
  }
  return all;
}

std::vector<Finder> FindersOfAny(const std::vector<std::vector<Finder>>& parts) {
  Finder any;
  for (const std::vector<Finder>& part : parts) {
    if (part.empty()) return {};
    const auto& ranges = part.front().ranges;
    any.ranges.insert(any.ranges.end(), ranges.begin(), ranges.end());
  }
  if (any.ranges.empty() || any.ranges.size() > kMostRanges) return {};
  return {std::move(any)};
}

}  // namespace quern::search
