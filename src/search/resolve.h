#pragma once
// Inside of search/ only: which part of an entity a name means.
#include "base/result.h"
#include "search/entity.h"
#include "search/filter.h"

namespace quern::search {

/// What a field means. `attribute` is set for attributes, `dataset` for those of datasets.
struct Target {
  const Group* group = nullptr;
  const Attribute* attribute = nullptr;
  const DatasetField* dataset = nullptr;
  /// Type of the values that it is compared with.
  ValueType type = ValueType::kText;
};

/// Errors: an unknown entity or key (with a suggestion), a function of something without one.
Result<Target> Resolve(const Entity& entity, const Field& field);

}  // namespace quern::search
