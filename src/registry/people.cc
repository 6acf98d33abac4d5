#include "registry/people.h"

#include <algorithm>

#include "base/text.h"

namespace quern::registry {
namespace {

std::string BareActor(std::string_view actor) {
  constexpr std::string_view kMark = " (unverified)";
  if (actor.ends_with(kMark)) actor.remove_suffix(kMark.size());
  return ToLower(Trim(actor));
}

bool IsUserOf(std::string_view user, std::string_view address) {
  return user.find('@') == std::string_view::npos && address.substr(0, address.find('@')) == user;
}

}  // namespace

bool SamePerson(std::string_view a, std::string_view b) {
  const std::string first = BareActor(a), second = BareActor(b);
  return first == second || IsUserOf(first, second) || IsUserOf(second, first);
}

Result<std::vector<std::string>> AuthorsOf(store::Database& database, const ModelVersion& version,
                                           const std::vector<LogEntry>& log) {
  std::vector<std::string> authors;
  const auto add = [&](const std::string& who) {
    const bool known = std::any_of(authors.begin(), authors.end(),
                                   [&](const std::string& one) { return SamePerson(one, who); });
    if (!who.empty() && !known) authors.push_back(who);
  };
  add(version.user_id);
  for (const LogEntry& entry : log) {
    const bool made = entry.change == "version" && entry.after == std::to_string(version.version);
    if (made) add(entry.actor);
  }
  if (!version.run_id.empty()) {
    QUERN_TRY(database.Query("SELECT user_id FROM runs WHERE id = ?", {version.run_id},
                             [&](const store::Row& row) { add(row.Text(0)); }));
  }
  return authors;
}

}  // namespace quern::registry
