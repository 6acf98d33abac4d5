#include "data/profile.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "data/alerts.h"
#include "data/profile_steps.h"

namespace quern::data {
namespace {

constexpr std::array<std::pair<ProfileType, std::string_view>, 5> kProfileTypes = {{
    {ProfileType::kNumber, "number"},
    {ProfileType::kCategory, "category"},
    {ProfileType::kText, "text"},
    {ProfileType::kTime, "time"},
    {ProfileType::kBoolean, "boolean"},
}};

}  // namespace

std::string_view ProfileTypeName(ProfileType type) {
  for (const auto& [known, name] : kProfileTypes) {
    if (known == type) return name;
  }
  return "";
}

Result<ProfileType> ParseProfileType(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& [type, text] : kProfileTypes) {
    if (text == name) return type;
    known.emplace_back(text);
  }
  return Fail(Code::kInvalidArgument, "unknown column type '" + std::string(name) + "'",
              SuggestName(name, known));
}

const ColumnProfile* TableProfile::Find(std::string_view name) const {
  for (const ColumnProfile& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

Result<TableProfile> ProfileTable(table::Session& session, const std::string& table_sql,
                                  const ProfileOptions& options) {
  if (options.target) {
    const std::vector<std::string> tasks = {"", "binary", "multiclass", "regression"};
    if (std::find(tasks.begin(), tasks.end(), options.target->task) == tasks.end()) {
      return Fail(Code::kInvalidArgument, "unknown task '" + options.target->task + "'",
                  SuggestName(options.target->task, tasks));
    }
  }
  TableProfile profile;
  profile.source = options.source;
  QUERN_ASSIGN(const std::unique_ptr<ProfileView> view,
               ProfileView::Open(session, table_sql, options, &profile));
  QUERN_TRY(FillColumns(session, *view, options, &profile));
  QUERN_TRY(FillMissing(session, *view, &profile));
  QUERN_TRY(FillRelations(session, *view, options, &profile));
  profile.alerts = FindAlerts(profile);
  return profile;
}

}  // namespace quern::data
