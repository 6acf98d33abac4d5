#include "registry/journal.h"

#include "registry/log.h"

namespace quern::registry {

Status Note(store::Database& database, const Clock& clock, const std::string& actor,
            const Change& change) {
  LogEntry entry{clock.NowMs(), actor,        change.name,   change.change,
                 change.before, change.after, change.reason, {}};
  // The update locks the row, so that of two writers the second sees what the first one left.
  QUERN_TRY(
      database.Query("UPDATE registry_log_head SET entries = entries + 1 WHERE log = 'registry' "
                     "RETURNING entries, digest",
                     {}, [&](const store::Row& row) {
                       entry.link.sequence = row.Int(0);
                       entry.link.previous = row.Text(1);
                     }));
  entry.link.digest = EntryDigest(entry);
  QUERN_TRY(database.Execute(
      "INSERT INTO registry_log(time_ms, actor, name, change, before, after, reason, sequence, "
      "previous, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {entry.time_ms, entry.actor, entry.name, entry.change, entry.before, entry.after,
       entry.reason, entry.link.sequence, entry.link.previous, entry.link.digest}));
  return database.Execute("UPDATE registry_log_head SET digest = ? WHERE log = 'registry'",
                          {entry.link.digest});
}

Status Note(const RegistryContext& context, const Change& change) {
  return Note(context.database, context.clock, context.actor, change);
}

Status Tell(const RegistryContext& context, const Event& event) {
  return context.listener == nullptr ? Status() : context.listener->Happened(event);
}

Status Commit(const RegistryContext& context, const std::function<Status()>& body) {
  QUERN_TRY(context.database.Write(body));
  if (context.listener != nullptr) context.listener->Committed();
  return {};
}

Status Touch(store::Database& database, const Clock& clock, const std::string& name,
             int64_t version) {
  const int64_t now = clock.NowMs();
  QUERN_TRY(
      database.Execute("UPDATE registered_models SET updated_ms = ? WHERE name = ?", {now, name}));
  if (version == 0) return {};
  return database.Execute("UPDATE model_versions SET updated_ms = ? WHERE name = ? AND version = ?",
                          {now, name, version});
}

Status Touch(const RegistryContext& context, const std::string& name, int64_t version) {
  return Touch(context.database, context.clock, name, version);
}

}  // namespace quern::registry
