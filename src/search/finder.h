#pragma once
// Inside of search/ only: rows that a filter can find at all, as ranges of indexes. What they give
// is more than what the filter finds, never less.
#include <string>
#include <vector>

#include "search/dialect.h"
#include "search/entity.h"
#include "search/filter.h"
#include "search/resolve.h"
#include "search/sql.h"

namespace quern::search {

/// A piece of an index: the rows of one key whose values are within all bounds.
struct IndexRange {
  const Index* index = nullptr;
  /// Of values under keys, else "".
  std::string key;
  bool keyed = false;
  std::vector<Sql> bounds;

  /// " WHERE …", over the table called x.
  Sql Where() const;
};

/// Rows that are in any of its ranges.
struct Finder {
  std::vector<IndexRange> ranges;

  /// A SELECT whose one column `found` has each row's id once.
  Sql Select() const;
};

/// The rows that one comparison can hold for; nothing if no index knows. Compare has found `node`
/// sound.
std::vector<Finder> FindersOf(const Entity& entity, const Target& target, const Node& node,
                              Dialect dialect);
/// Of a filter that asks for all of `parts`: ranges of one index become one.
std::vector<Finder> FindersOfAll(std::vector<std::vector<Finder>> parts);
/// Of a filter that asks for any of them: one finder with the ranges of all.
std::vector<Finder> FindersOfAny(const std::vector<std::vector<Finder>>& parts);

}  // namespace quern::search
