#pragma once
// The steps of ProfileTable(), each filling its part of the profile from one prepared view.
#include <memory>
#include <optional>
#include <string>

#include "data/profile.h"
#include "table/session.h"

namespace quern::data {

/// The table as a profile reads it: columns "c0", "c1", … in the profile's order, DOUBLE and finite
/// for numbers, TIMESTAMP for times, trimmed VARCHAR for the rest, and "target" (DOUBLE for
/// regression, else the class label); NULL where missing. Lives in the session until the destructor
/// drops it.
class ProfileView {
 public:
  /// Fills names, types and the counts that typing needs; rows; the target's name, task and
  /// missing.
  static Result<std::unique_ptr<ProfileView>> Open(table::Session& session,
                                                   const std::string& table_sql,
                                                   const ProfileOptions& options,
                                                   TableProfile* profile);
  ~ProfileView();
  ProfileView(const ProfileView&) = delete;
  ProfileView& operator=(const ProfileView&) = delete;

  const std::string& name() const { return name_; }
  /// Copied into memory: fetching several columns at once is cheap.
  bool is_small() const { return is_table_; }
  static std::string Column(size_t i) { return "c" + std::to_string(i); }

 private:
  explicit ProfileView(table::Session& session) : session_(session) {}
  table::Session& session_;
  std::string name_;
  bool is_table_ = false;
};

/// Counts, moments, quantiles, outliers, histograms, top values.
Status FillColumns(table::Session& session, const ProfileView& view, const ProfileOptions& options,
                   TableProfile* profile);
/// Repeated rows, patterns and correlation of missing values.
Status FillMissing(table::Session& session, const ProfileView& view, TableProfile* profile);
/// Class balance, the association matrix and every column's relation to the target.
Status FillRelations(table::Session& session, const ProfileView& view,
                     const ProfileOptions& options, TableProfile* profile);

int64_t CountOf(const table::Value& value);

}  // namespace quern::data
