// Repeated rows and what is missing together.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "data/profile_steps.h"

namespace quern::data {
namespace {

using table::Rows;

constexpr size_t kPatterns = 20;
constexpr size_t kCorrelated = 40;  // columns of the missing correlation: those most often missing

Status Duplicates(table::Session& session, const ProfileView& view, TableProfile* profile) {
  std::vector<std::string> columns;
  for (size_t i = 0; i < profile->columns.size(); ++i) columns.push_back(ProfileView::Column(i));
  // 64-bit hashes instead of whole rows keep the memory small; two different rows among ten million
  // share one with probability 3e-6.
  QUERN_ASSIGN(const Rows result, session.Query("SELECT count(*) - count(DISTINCT hash(" +
                                                Join(columns, ", ") + ")) FROM " + view.name()));
  profile->duplicate_rows = CountOf(result.rows.at(0)[0]);
  return {};
}

Status Patterns(table::Session& session, const ProfileView& view,
                const std::vector<size_t>& columns, TableProfile* profile) {
  std::string mask;
  for (size_t i : columns) {
    mask += (mask.empty() ? "" : " || ") + std::string("CASE WHEN ") + ProfileView::Column(i) +
            " IS NULL THEN '1' ELSE '0' END";
  }
  QUERN_ASSIGN(const Rows result,
               session.Query("SELECT " + mask + " AS m, count(*) AS n FROM " + view.name() +
                             " GROUP BY m ORDER BY n DESC, m LIMIT " + std::to_string(kPatterns)));
  for (const auto& row : result.rows) {
    const std::string bits = table::ToText(row[0]);
    MissingPattern pattern;
    pattern.count = CountOf(row[1]);
    for (size_t k = 0; k < columns.size(); ++k) {
      if (bits[k] == '1') pattern.columns.push_back(profile->columns[columns[k]].name);
    }
    profile->missing_patterns.push_back(std::move(pattern));
  }
  return {};
}

/// Missing counts as the view sees them: an infinity is no number there.
int64_t Absent(const ColumnProfile& column) { return column.missing + column.infinite; }

Status Correlation(table::Session& session, const ProfileView& view, std::vector<size_t> columns,
                   TableProfile* profile) {
  std::erase_if(columns, [&](size_t i) { return Absent(profile->columns[i]) == profile->rows; });
  std::stable_sort(columns.begin(), columns.end(), [&](size_t a, size_t b) {
    return Absent(profile->columns[a]) > Absent(profile->columns[b]);
  });
  if (columns.size() > kCorrelated) columns.resize(kCorrelated);
  std::sort(columns.begin(), columns.end());
  if (columns.size() < 2) return {};
  std::string select;
  for (size_t a = 0; a < columns.size(); ++a) {
    for (size_t b = a + 1; b < columns.size(); ++b) {
      select += (select.empty() ? "" : ", ") + std::string("count(*) FILTER (WHERE ") +
                ProfileView::Column(columns[a]) + " IS NULL AND " +
                ProfileView::Column(columns[b]) + " IS NULL)";
    }
  }
  QUERN_ASSIGN(const Rows result, session.Query("SELECT " + select + " FROM " + view.name()));
  const auto n = static_cast<double>(profile->rows);
  size_t at = 0;
  for (size_t a = 0; a < columns.size(); ++a) {
    for (size_t b = a + 1; b < columns.size(); ++b) {
      const ColumnProfile& left = profile->columns[columns[a]];
      const ColumnProfile& right = profile->columns[columns[b]];
      const auto both = static_cast<double>(CountOf(result.rows.at(0)[at++]));
      const auto l = static_cast<double>(Absent(left)), r = static_cast<double>(Absent(right));
      const double phi = (n * both - l * r) / (std::sqrt(l * (n - l)) * std::sqrt(r * (n - r)));
      profile->missing_correlation.push_back({left.name, right.name, "phi", phi, profile->rows});
    }
  }
  std::stable_sort(profile->missing_correlation.begin(), profile->missing_correlation.end(),
                   [](const Association& a, const Association& b) {
                     return std::fabs(*a.value) > std::fabs(*b.value);
                   });
  return {};
}

}  // namespace

Status FillMissing(table::Session& session, const ProfileView& view, TableProfile* profile) {
  if (profile->rows == 0) return {};
  QUERN_TRY(Duplicates(session, view, profile));
  std::vector<size_t> columns;
  for (size_t i = 0; i < profile->columns.size(); ++i) {
    if (Absent(profile->columns[i]) > 0) columns.push_back(i);
  }
  if (columns.empty()) return {};
  QUERN_TRY(Patterns(session, view, columns, profile));
  return Correlation(session, view, columns, profile);
}

}  // namespace quern::data
