#pragma once
// Inside of search/ only: a filter as one SQL condition over an entity.
#include <string>
#include <vector>

#include "base/result.h"
#include "search/dialect.h"
#include "search/entity.h"
#include "search/filter.h"
#include "search/finder.h"
#include "search/query.h"
#include "search/sql.h"

namespace quern::search {

/// What a filter asks for.
struct Filter {
  Sql sql;
  std::vector<Finder> finders;
};

/// The condition, with what the entity hides by itself: prompts, and logged models without a
/// metric on `datasets` where the filter names no metric.
Result<Filter> Condition(const Entity& entity, const Node& node,
                         const std::vector<DatasetFilter>& datasets, Dialect dialect);

/// The rows of one key: a FROM and WHERE.
Sql KeyedRows(const Group& group, const std::string& key);
/// " AND (…)" that restricts the metrics of `group` to datasets; nothing without datasets.
Sql OnDatasets(const Group& group, const std::vector<DatasetFilter>& datasets);

}  // namespace quern::search
