#include "deploy/release_store.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/chain.h"
#include "base/time.h"
#include "deploy/release_names.h"

namespace quern::deploy {

using store::Row;

namespace {

constexpr char kColumns[] = "SELECT id, revision, state, counters FROM releases ";
constexpr char kRestore[] = "restore quern.db from a backup";

struct RawRelease {
  std::string id;
  int64_t revision = 0;
  std::string state;
  std::string counters;
};

RawRelease ReadRow(const Row& row) { return {row.Text(0), row.Int(1), row.Text(2), row.Text(3)}; }

Result<StoredRelease> Parse(const RawRelease& raw) {
  const auto read = [&]() -> Result<StoredRelease> {
    QUERN_ASSIGN(const json::value state, ParseJson(raw.state));
    QUERN_ASSIGN(Release release, ReadRelease(state));
    QUERN_ASSIGN(const json::value counters, ParseJson(raw.counters));
    QUERN_ASSIGN(release.evidence, ReadEvidence(counters));
    for (const PhaseCounts& phase : release.evidence.phases) {
      if (phase.arms.size() != release.candidates.size() + 1) {
        return Fail(Code::kDataLoss, "its counters are of other versions");
      }
    }
    return StoredRelease{std::move(release), raw.revision};
  };
  auto stored = read();
  if (stored) return stored;
  return Fail(Code::kDataLoss, "release " + raw.id + ": " + stored.error().message, kRestore);
}

std::string StateText(const Release& release) { return WriteJson(ReleaseJson(release)); }
std::string CountersText(const Release& release) {
  return WriteJson(EvidenceJson(release.evidence));
}

std::string DigestOf(const std::string& release_id, const Audit& audit,
                     const std::string& previous) {
  Digester digester;
  BeginLink(digester, "quern release audit 1", previous);
  digester.Add(release_id)
      .Add(static_cast<uint64_t>(audit.sequence))
      .Add(static_cast<uint64_t>(audit.at_ms))
      .Add(PhaseName(audit.from))
      .Add(PhaseName(audit.to))
      .Add(static_cast<uint64_t>(audit.step))
      .Add(audit.actor)
      .Add(audit.sentence)
      .Add(audit.detail);
  return digester.Finish();
}

std::unexpected<Error> NoRelease(const std::string& id) {
  return Fail(Code::kNotFound, "no release '" + id + "'", "list them to see their ids");
}

std::unexpected<Error> Moved(const std::string& id) {
  return Fail(Code::kAborted, "release " + id + " was moved on by another process",
              "read it again; one server judges a release, further ones follow it");
}

}  // namespace

Result<json::value> AuditJson(const ChainedAudit& chained) {
  const Audit& audit = chained.audit;
  auto detail = ParseJson(audit.detail);
  if (!detail) {
    return Fail(Code::kDataLoss,
                "the detail of audit record " + std::to_string(audit.sequence) +
                    " is no JSON: " + detail.error().message,
                kRestore);
  }
  return json::object{{"sequence", audit.sequence},
                      {"at", FormatTime(audit.at_ms)},
                      {"from", PhaseName(audit.from)},
                      {"to", PhaseName(audit.to)},
                      {"step", audit.step},
                      {"actor", audit.actor},
                      {"sentence", audit.sentence},
                      {"detail", std::move(*detail)},
                      {"digest", chained.digest}};
}

Status ReleaseStore::Append(const Release& release, const Audit& audit) {
  std::string previous;
  QUERN_TRY(db_.Query("SELECT digest FROM release_audit WHERE release_id = ? AND sequence = ?",
                      {release.id, audit.sequence - 1},
                      [&](const Row& row) { previous = row.Text(0); }));
  return db_.Execute(
      "INSERT INTO release_audit(release_id, sequence, at_ms, from_phase, to_phase, step, actor, "
      "sentence, detail, previous, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {release.id, audit.sequence, audit.at_ms, std::string(PhaseName(audit.from)),
       std::string(PhaseName(audit.to)), static_cast<int64_t>(audit.step), audit.actor,
       audit.sentence, audit.detail, previous, DigestOf(release.id, audit, previous)});
}

Result<StoredRelease> ReleaseStore::Create(const Transition& begun) {
  const Release& r = begun.release;
  QUERN_TRY(db_.Transaction([&]() -> Status {
    std::string open;
    QUERN_TRY(db_.Query("SELECT id FROM releases WHERE model = ? AND closed = 0", {r.model},
                        [&](const Row& row) { open = row.Text(0); }));
    if (!open.empty()) {
      return Fail(Code::kAlreadyExists,
                  "model " + r.model + " has an open release already: " + open,
                  "promote or abort it first");
    }
    QUERN_TRY(db_.Execute(
        "INSERT INTO releases(id, model, phase, closed, pending, revision, created_ms, changed_ms, "
        "state, counters, counted_ms, shadow) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, '')",
        {r.id, r.model, std::string(PhaseName(r.phase)), int64_t{r.closed},
         static_cast<int64_t>(r.todo.size()), r.created_ms, r.created_ms, StateText(r),
         CountersText(r), r.created_ms}));
    return begun.audit ? Append(r, *begun.audit) : Status();
  }));
  return StoredRelease{r, 1};
}

Result<StoredRelease> ReleaseStore::Save(const StoredRelease& stored, const Transition& next) {
  const Release& r = next.release;
  const int64_t now = next.audit ? next.audit->at_ms : r.phase_ms;
  QUERN_TRY(db_.Transaction([&]() -> Status {
    bool ours = false;
    QUERN_TRY(db_.Query(
        "UPDATE releases SET phase = ?, closed = ?, pending = ?, revision = ?, changed_ms = ?, "
        "state = ?, counters = ?, counted_ms = ? WHERE id = ? AND revision = ? RETURNING revision",
        {std::string(PhaseName(r.phase)), int64_t{r.closed}, static_cast<int64_t>(r.todo.size()),
         stored.revision + 1, now, StateText(r), CountersText(r), now, r.id, stored.revision},
        [&](const Row&) { ours = true; }));
    if (!ours) return Moved(r.id);
    return next.audit ? Append(r, *next.audit) : Status();
  }));
  return StoredRelease{r, stored.revision + 1};
}

Status ReleaseStore::SaveCounters(const StoredRelease& stored, int64_t now_ms) {
  const Release& r = stored.release;
  return db_.Write([&]() -> Status {
    bool ours = false;
    QUERN_TRY(db_.Query(
        "UPDATE releases SET pending = ?, state = ?, counters = ?, counted_ms = ? WHERE id = ? AND "
        "revision = ? RETURNING revision",
        {static_cast<int64_t>(r.todo.size()), StateText(r), CountersText(r), now_ms, r.id,
         stored.revision},
        [&](const Row&) { ours = true; }));
    return ours ? Status() : Moved(r.id);
  });
}

Status ReleaseStore::SaveShadow(const std::string& id, const ShadowReport& report) {
  return db_.Write([&] {
    return db_.Execute("UPDATE releases SET shadow = ? WHERE id = ?",
                       {WriteJson(report.State()), id});
  });
}

Result<ShadowReport> ReleaseStore::Shadow(const std::string& id) {
  std::optional<std::string> text;
  QUERN_TRY(db_.Query("SELECT shadow FROM releases WHERE id = ?", {id},
                      [&](const Row& row) { text = row.Text(0); }));
  if (!text) return NoRelease(id);
  if (text->empty()) return ShadowReport();
  QUERN_ASSIGN(const json::value state, ParseJson(*text));
  return ShadowReport::Read(state);
}

Result<int64_t> ReleaseStore::Revision(const std::string& id) {
  std::optional<int64_t> revision;
  QUERN_TRY(db_.Query("SELECT revision FROM releases WHERE id = ?", {id},
                      [&](const Row& row) { revision = row.Int(0); }));
  if (!revision) return NoRelease(id);
  return *revision;
}

Result<StoredRelease> ReleaseStore::Get(const std::string& id) {
  std::optional<RawRelease> raw;
  QUERN_TRY(db_.Query(std::string(kColumns) + "WHERE id = ?", {id},
                      [&](const Row& row) { raw = ReadRow(row); }));
  if (!raw) return NoRelease(id);
  return Parse(*raw);
}

Result<std::optional<StoredRelease>> ReleaseStore::Unfinished(const std::string& model) {
  std::optional<RawRelease> raw;
  QUERN_TRY(db_.Query(std::string(kColumns) + "WHERE model = ? AND (closed = 0 OR pending > 0) "
                                              "ORDER BY created_ms DESC, id DESC LIMIT 1",
                      {model}, [&](const Row& row) { raw = ReadRow(row); }));
  if (!raw) return std::optional<StoredRelease>();
  QUERN_ASSIGN(StoredRelease stored, Parse(*raw));
  return std::optional<StoredRelease>(std::move(stored));
}

Result<std::vector<StoredRelease>> ReleaseStore::List(const std::string& model, int64_t limit) {
  std::vector<RawRelease> rows;
  std::vector<store::Param> params;
  if (!model.empty()) params.push_back(model);
  params.push_back(limit);
  QUERN_TRY(db_.Query(std::string(kColumns) + (model.empty() ? "" : "WHERE model = ? ") +
                          "ORDER BY created_ms DESC, id DESC LIMIT ?",
                      params, [&](const Row& row) { rows.push_back(ReadRow(row)); }));
  std::vector<StoredRelease> releases;
  for (const RawRelease& raw : rows) {
    QUERN_ASSIGN(StoredRelease stored, Parse(raw));
    releases.push_back(std::move(stored));
  }
  return releases;
}

Result<std::vector<ChainedAudit>> ReleaseStore::Audits(const std::string& id) {
  QUERN_ASSIGN(const StoredRelease stored, Get(id));
  std::vector<ChainedAudit> audits;
  bool known = true;
  QUERN_TRY(
      db_.Query("SELECT sequence, at_ms, from_phase, to_phase, step, actor, sentence, detail, "
                "previous, digest FROM release_audit WHERE release_id = ? ORDER BY sequence",
                {id}, [&](const Row& row) {
                  const auto from = ParsePhase(row.Text(2));
                  const auto to = ParsePhase(row.Text(3));
                  known = known && from && to;
                  Audit audit{row.Int(0),
                              row.Int(1),
                              from.value_or(Phase::kPending),
                              to.value_or(Phase::kPending),
                              static_cast<uint32_t>(row.Int(4)),
                              row.Text(5),
                              row.Text(6),
                              row.Text(7)};
                  audits.push_back({std::move(audit), row.Text(8), row.Text(9)});
                }));
  ChainWalk walk;
  for (const ChainedAudit& chained : audits) {
    const Audit& audit = chained.audit;
    const bool whole = walk.Takes({audit.sequence, chained.previous, chained.digest},
                                  DigestOf(id, audit, walk.last()));
    if (!known || !whole) {
      return Fail(Code::kDataLoss,
                  "audit record " + std::to_string(walk.sequence()) + " of release " + id +
                      " is not what was written",
                  kRestore);
    }
  }
  // A record may have come since the state was read; fewer than then is a loss.
  if (walk.sequence() < stored.release.audits) {
    return Fail(Code::kDataLoss,
                "release " + id + " has " + std::to_string(walk.sequence()) + " audit records, " +
                    std::to_string(stored.release.audits) + " were written",
                kRestore);
  }
  return audits;
}

}  // namespace quern::deploy
