#include "tracking/rows.h"

#include <cmath>

#include "base/nan.h"
#include "base/text.h"

namespace quern::tracking {

using store::Row;

double NumberOrNan(const Row& row, int column) {
  return row.IsNull(column) ? kNan : row.Number(column);
}

store::Param NullIfNan(double value) {
  return std::isnan(value) ? store::Param() : store::Param(value);
}

Status SetText(store::Database& db, const std::string& table, const std::string& owner, int64_t id,
               const std::string& key, const std::string& value) {
  return db.Execute("INSERT INTO " + table + "(" + owner + ", key, value) VALUES (?, ?, ?) " +
                        "ON CONFLICT(" + owner + ", key) DO UPDATE SET value = excluded.value",
                    {id, key, value});
}

Status ReadTexts(store::Database& db, const std::string& table, const std::string& owner,
                 int64_t id, Texts& into) {
  return db.Query("SELECT key, value FROM " + table + " WHERE " + owner + " = ?", {id},
                  [&](const Row& row) { into[row.Text(0)] = row.Text(1); });
}

std::string LifecycleIs(const std::string& column, ViewType view) {
  if (view == ViewType::kAll) return column + " IN ('active', 'deleted')";
  return column + (view == ViewType::kActiveOnly ? " = 'active'" : " = 'deleted'");
}

search::Scope IdsScope(const std::string& column, const std::vector<int64_t>& ids) {
  if (ids.empty()) return {"1 = 0", {}};
  search::Scope scope;
  std::vector<std::string> marks(ids.size(), "?");
  scope.where = column + " IN (" + Join(marks, ", ") + ")";
  for (const int64_t id : ids) scope.params.emplace_back(id);
  return scope;
}

std::string ScopeText(const std::vector<int64_t>& ids, ViewType view) {
  std::string text = std::to_string(static_cast<int>(view));
  for (const int64_t id : ids) text += " " + std::to_string(id);
  return text;
}

}  // namespace quern::tracking
