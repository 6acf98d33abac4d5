#include "serving/catalog.h"

#include <algorithm>

#include "base/text.h"

namespace quern::serving {
namespace {

constexpr size_t kMaxName = 128;

/// Numbers by value, then other text by its letters: "9" before "10" before "a".
bool VersionLess(const std::string& a, const std::string& b) {
  auto x = ParseInt(a);
  auto y = ParseInt(b);
  if (x && y) return *x < *y;
  if (x.has_value() != y.has_value()) return x.has_value();
  return a < b;
}

std::unexpected<Error> NotServed(std::string_view name, std::string_view version) {
  std::string text = "Model " + std::string(name);
  if (!version.empty()) text += " with version " + std::string(version);
  return Fail(Code::kNotFound, text + " not found");
}

}  // namespace

Status CheckServedName(std::string_view what, std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. ";
  if (name.empty() || name.size() > kMaxName || Trim(name).size() != name.size() ||
      name.find_first_not_of(kAllowed) != std::string_view::npos || name == "." || name == "..") {
    return Fail(Code::kInvalidArgument,
                std::string(what) + " '" + std::string(name.substr(0, kMaxName)) +
                    "' cannot be served under that name",
                "use letters, digits, '_', '-', '.' and inner blanks, at most 128 bytes");
  }
  return {};
}

Status Catalog::Add(ServedModel model) {
  QUERN_TRY(CheckServedName("model", model.name()));
  QUERN_TRY(CheckServedName("version", model.version()));
  MutexLock lock(mutex_);
  if (first_.empty()) first_ = model.name();
  ServedModelPtr& place = entries_[model.name()].versions[model.version()];
  const ModelMetrics& mine = model.metrics();
  if (place != nullptr && place->metrics().columns() == mine.columns() &&
      place->metrics().classes() == mine.classes()) {
    model.ShareMetrics(place->shared_metrics());
  }
  place = std::make_shared<const ServedModel>(std::move(model));
  NoteBatches();
  return {};
}

void Catalog::NoteBatches() {
  bool any = false;
  for (const auto& [name, entry] : entries_) {
    for (const auto& [version, served] : entry.versions) any = any || served->batcher() != nullptr;
  }
  batches_.store(any, std::memory_order_relaxed);
}

Status Catalog::SetAlias(std::string_view name, std::string_view alias, std::string_view version) {
  QUERN_TRY(CheckServedName("alias", alias));
  MutexLock lock(mutex_);
  auto entry = entries_.find(name);
  if (entry == entries_.end() || !entry->second.versions.contains(version)) {
    return NotServed(name, version);
  }
  entry->second.aliases[std::string(alias)] = version;
  return {};
}

Status Catalog::Remove(std::string_view name, std::string_view version) {
  MutexLock lock(mutex_);
  auto entry = entries_.find(name);
  if (entry == entries_.end()) return NotServed(name, version);
  auto found = entry->second.versions.find(version);
  if (found == entry->second.versions.end()) return NotServed(name, version);
  entry->second.versions.erase(found);
  std::erase_if(entry->second.aliases, [&](const auto& alias) { return alias.second == version; });
  if (entry->second.versions.empty()) entries_.erase(entry);
  NoteBatches();
  if (!entries_.contains(first_)) first_ = entries_.empty() ? "" : entries_.begin()->first;
  return {};
}

Result<ServedModelPtr> Catalog::Find(std::string_view name, std::string_view version) const {
  MutexLock lock(mutex_);
  auto entry = entries_.find(name);
  if (entry == entries_.end()) return NotServed(name, version);
  const auto& versions = entry->second.versions;
  const auto& aliases = entry->second.aliases;
  std::string_view wanted = version;
  if (auto alias = aliases.find(version.empty() ? "champion" : version); alias != aliases.end()) {
    wanted = alias->second;
  }
  if (wanted.empty()) {
    auto newest = std::max_element(versions.begin(), versions.end(),
                                   [](auto& a, auto& b) { return VersionLess(a.first, b.first); });
    return newest->second;
  }
  auto found = versions.find(wanted);
  if (found == versions.end()) return NotServed(name, version);
  return found->second;
}

Result<ServedModelPtr> Catalog::Default() const {
  std::string name;
  {
    MutexLock lock(mutex_);
    name = first_;
  }
  if (name.empty()) return Fail(Code::kNotFound, "no model is loaded");
  return Find(name);
}

std::vector<std::string> Catalog::Names() const {
  MutexLock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

std::vector<std::string> Catalog::Versions(std::string_view name) const {
  std::vector<std::string> versions;
  MutexLock lock(mutex_);
  auto entry = entries_.find(name);
  if (entry == entries_.end()) return versions;
  for (const auto& [version, model] : entry->second.versions) versions.push_back(version);
  std::sort(versions.begin(), versions.end(), VersionLess);
  return versions;
}

std::vector<ServedModelPtr> Catalog::All() const {
  MutexLock lock(mutex_);
  std::vector<ServedModelPtr> all;
  for (const auto& [name, entry] : entries_) {
    for (const auto& [version, model] : entry.versions) all.push_back(model);
  }
  return all;
}

std::map<std::string, std::string> Catalog::Aliases(std::string_view name) const {
  MutexLock lock(mutex_);
  auto entry = entries_.find(name);
  if (entry == entries_.end()) return {};
  return {entry->second.aliases.begin(), entry->second.aliases.end()};
}

}  // namespace quern::serving
