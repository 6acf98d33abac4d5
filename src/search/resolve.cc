#include "search/resolve.h"

#include <algorithm>

#include "base/text.h"
#include "search/message.h"

namespace quern::search {
namespace {

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const Group* Metrics(const Entity& entity) {
  for (const Group& group : entity.groups) {
    if (group.kind == Group::Kind::kMetric) return &group;
  }
  return nullptr;
}

Result<const Group*> FindGroup(const Entity& entity, const Field& field) {
  if (!field.has_entity) return &entity.groups.front();
  std::vector<std::string> known;
  for (const Group& group : entity.groups) {
    if (Contains(group.names, field.entity)) return &group;
    known.insert(known.end(), group.names.begin(), group.names.end());
  }
  const std::string shown = Shown(field.entity);
  return Bad("Invalid entity type '" + shown + "'", field.column, SuggestName(shown, known));
}

Result<const Attribute*> FindAttribute(const Entity& entity, const Field& field) {
  std::vector<std::string> known;
  for (const Attribute& attribute : entity.attributes) {
    if (Contains(attribute.names, field.key)) return &attribute;
    known.push_back(attribute.names.front());
  }
  const std::string shown = Shown(field.key);
  std::string hint = SuggestName(shown, known);
  const Group* metrics = Metrics(entity);
  if (metrics != nullptr && !field.has_entity && !DidYouMean(shown, known)) {
    hint += "; a metric is written metrics." + shown;
  }
  return Bad("Invalid attribute key '" + shown + "' specified", field.column, hint);
}

Result<const DatasetField*> FindDatasetField(const Group& group, const Field& field) {
  std::vector<std::string> known;
  for (const DatasetField& candidate : group.fields) {
    if (candidate.name == field.key) return &candidate;
    known.push_back(candidate.name);
  }
  const std::string shown = Shown(field.key);
  return Bad("Invalid dataset key '" + shown + "' specified", field.column,
             SuggestName(shown, known));
}

}  // namespace

Result<Target> Resolve(const Entity& entity, const Field& field) {
  Target target;
  QUERN_ASSIGN(target.group, FindGroup(entity, field));
  const Group& group = *target.group;
  if (group.kind == Group::Kind::kAttribute) {
    QUERN_ASSIGN(target.attribute, FindAttribute(entity, field));
    target.type = target.attribute->type;
  } else if (group.kind == Group::Kind::kDataset) {
    QUERN_ASSIGN(target.dataset, FindDatasetField(group, field));
  } else if (group.kind == Group::Kind::kMetric) {
    target.type = ValueType::kReal;
  }
  if (field.aggregate == Aggregate::kNone) return target;
  if (group.kind != Group::Kind::kMetric || group.count.empty()) {
    return Bad("Invalid comparison clause. A function stands before '" + Shown(field.key) + "'",
               field.column, "min, max, last and count take a metric of a run");
  }
  if (field.aggregate == Aggregate::kCount) target.type = ValueType::kInteger;
  return target;
}

}  // namespace quern::search
