#include "registry/gate.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/json_fields.h"
#include "base/text.h"
#include "base/time.h"
#include "registry/log.h"
#include "registry/names.h"
#include "registry/people.h"
#include "registry/rows.h"
#include "registry/signature.h"

namespace quern::registry {
namespace {

using design::GateStatus;
using store::Row;

std::string_view StatusText(GateStatus status) {
  return status == GateStatus::kPass ? "pass" : status == GateStatus::kFail ? "fail" : "pending";
}

std::string Which(const std::string& name, int64_t version) {
  return name + "/" + std::to_string(version);
}

/// The metrics that were stored with the version when it was registered; of a client's version that
/// has none, those of its run.
Result<std::map<std::string, design::Evidence>> Measured(store::Database& database,
                                                         const ModelVersion& version) {
  std::map<std::string, design::Evidence> measured;
  if (const auto tag = version.tags.find("quern.metrics"); tag != version.tags.end()) {
    const auto metrics = ParseJson(tag->second);
    if (!metrics || !metrics->is_object()) return measured;
    const auto number = [](const json::object& interval, const char* field) {
      const json::value* value = interval.if_contains(field);
      return value != nullptr && value->is_number() ? value->to_number<double>() : std::nan("");
    };
    for (const auto& [metric, value] : metrics->get_object()) {
      if (value.is_number()) measured[std::string(metric)].value = value.to_number<double>();
      const json::object* interval = value.if_object();
      if (interval == nullptr) continue;
      measured[std::string(metric)] = {number(*interval, "value"), number(*interval, "low"),
                                       number(*interval, "high")};
    }
    return measured;
  }
  if (version.run_id.empty()) return measured;
  QUERN_TRY(database.Query(
      "SELECT s.key, s.last_value FROM metric_series s JOIN runs r ON r.num = s.run "
      "WHERE r.id = ? AND s.last_value IS NOT NULL",
      {version.run_id}, [&](const Row& row) { measured[row.Text(0)].value = row.Number(1); }));
  return measured;
}

Status AddKeyMetrics(store::Database& database, const ModelVersion& version,
                     const AliasPolicy& policy, std::vector<GateItem>& items) {
  if (policy.key_metrics.empty()) return {};
  QUERN_ASSIGN(const auto measured, Measured(database, version));
  design::Charter charter;
  charter.key_metrics = policy.key_metrics;
  for (const design::Gate& gate : design::JudgeGates(charter, measured)) {
    const std::string remedy =
        gate.status == GateStatus::kPass ? ""
        : gate.status == GateStatus::kFail
            ? "train a version that reaches it"
            : "register a version whose run has measured " + gate.goal.metric;
    items.push_back({"key_metric", gate.goal.metric, gate.status, gate.Sentence(), remedy});
  }
  return {};
}

Status AddChecks(store::Database& database, const ModelVersion& version, const AliasPolicy& policy,
                 std::vector<GateItem>& items) {
  const std::string which = Which(version.name, version.version);
  for (const std::string& check : policy.checks) {
    GateItem item{"check", check, GateStatus::kPending,
                  "the check '" + check + "' has not been made",
                  "`quern models check " + which + " " + check +
                      " --passed --reason WHY` records that it passed"};
    QUERN_TRY(database.Query(
        "SELECT passed, reason, actor, time_ms FROM version_checks WHERE name = ? AND "
        "version = ? AND check_name = ?",
        {version.name, version.version, check}, [&](const Row& row) {
          const bool passed = row.Int(0) != 0;
          item.status = passed ? GateStatus::kPass : GateStatus::kFail;
          item.sentence = "the check '" + check + (passed ? "' passed: " : "' failed: ") +
                          row.Text(1) + " (" + row.Text(2) + ", " + FormatTime(row.Int(3)) + ")";
          if (passed) item.remedy.clear();
        }));
    items.push_back(std::move(item));
  }
  return {};
}

/// Rejections stand against the version whether a reviewer is asked for or not.
Status AddReviews(store::Database& database, const ModelVersion& version, const AliasPolicy& policy,
                  const std::vector<LogEntry>& log, std::vector<GateItem>& items) {
  const std::string which = Which(version.name, version.version);
  QUERN_ASSIGN(const auto authors, AuthorsOf(database, version, log));
  GateItem approval{"reviewer", "", GateStatus::kPending, "", ""};
  std::vector<std::string> own;
  QUERN_TRY(database.Query(
      "SELECT reviewer, verdict, reason, time_ms FROM version_reviews WHERE name = ? AND "
      "version = ? ORDER BY time_ms, reviewer",
      {version.name, version.version}, [&](const Row& row) {
        const std::string who = row.Text(0);
        const std::string said = " by " + who + ", " + FormatTime(row.Int(3)) + ": " + row.Text(2);
        if (row.Text(1) == "rejected") {
          items.push_back(
              {"rejection", who, GateStatus::kFail, "rejected" + said,
               who + " takes it back with `quern models approve " + which + " --reason WHY`"});
          return;
        }
        const bool author =
            std::any_of(authors.begin(), authors.end(),
                        [&](const std::string& one) { return SamePerson(one, who); });
        if (author) own.push_back(who);
        if (author && policy.reviewer == Reviewer::kOther) return;
        approval = {"reviewer", who, GateStatus::kPass, "approved" + said, ""};
      }));
  if (policy.reviewer == Reviewer::kNone) return {};
  if (approval.status != GateStatus::kPass) {
    const std::string made = authors.empty() ? "" : " than its author, " + Join(authors, ", ");
    const bool other = policy.reviewer == Reviewer::kOther;
    approval.sentence = !other        ? "nobody has approved it"
                        : own.empty() ? "no reviewer other" + made + ", has approved it"
                                      : "it is approved by its author alone, " + Join(own, ", ");
    if (other && authors.empty()) approval.sentence = "no reviewer has approved it";
    approval.remedy = std::string(other ? "a reviewer other than its author" : "a reviewer") +
                      " approves it with `quern models approve " + which + " --reason WHY`";
  }
  items.push_back(std::move(approval));
  return {};
}

/// Whether this very version has had the alias since its model was made, under whatever name. The
/// log is read backwards: what the name stood for before that is another model's.
bool HasHad(const std::vector<LogEntry>& log, std::string name, const std::string& alias,
            int64_t version) {
  for (auto entry = log.rbegin(); entry != log.rend(); ++entry) {
    if (entry->name != name) continue;
    if (entry->change == "model renamed") {
      name = entry->before;
      continue;
    }
    if (entry->change == "model created" || entry->change == "model deleted") return false;
    if (entry->change == "alias " + alias && entry->after == std::to_string(version)) return true;
  }
  return false;
}

Status AddExemption(store::Database& database, const std::vector<LogEntry>& log,
                    GateReport& report) {
  std::vector<GateItem>& items = report.items;
  QUERN_TRY(database.Query(
      "SELECT actor, reason, time_ms FROM alias_overrides WHERE name = ? AND version = ? AND "
      "alias = ?",
      {report.name, report.version, report.alias}, [&](const Row& row) {
        report.exemption =
            "overridden by " + row.Text(0) + ", " + FormatTime(row.Int(2)) + ": " + row.Text(1);
      }));
  const bool rejected = std::any_of(items.begin(), items.end(),
                                    [](const GateItem& item) { return item.kind == "rejection"; });
  if (report.exemption.empty() && !rejected &&
      HasHad(log, report.name, report.alias, report.version)) {
    report.exemption = "it has been " + report.alias + " before";
  }
  report.open = !report.exemption.empty();
  return {};
}

}  // namespace

std::vector<std::string> GateReport::Missing() const {
  std::vector<std::string> out;
  for (const GateItem& item : items) {
    if (item.status != GateStatus::kPass) out.push_back(item.sentence);
  }
  return out;
}

std::string GateReport::Remedies() const {
  std::vector<std::string> out;
  for (const GateItem& item : items) {
    if (item.status != GateStatus::kPass) out.push_back(item.remedy);
  }
  return Join(out, "; ");
}

Result<GateReport> JudgeGate(store::Database& database, const std::string& name,
                             const std::string& alias, int64_t version) {
  GateReport report;
  report.name = name;
  report.version = version;
  report.alias = alias;
  QUERN_ASSIGN(const auto found, SelectVersions(database, "v.name = ? AND v.version = ?",
                                                {name, version}, "v.version"));
  if (found.empty()) return NoVersion(name, std::to_string(version));
  QUERN_ASSIGN(const AliasPolicy policy, PolicyOf(database, name, alias));
  report.declared = !policy.empty();
  if (!report.declared) return report;
  QUERN_ASSIGN(const auto log, ReadLog(database, name));
  QUERN_TRY(AddKeyMetrics(database, found.front(), policy, report.items));
  QUERN_TRY(AddChecks(database, found.front(), policy, report.items));
  QUERN_TRY(AddSignature(found.front(), policy, report.items));
  QUERN_TRY(AddReviews(database, found.front(), policy, log, report.items));
  report.open = report.Missing().empty();
  if (!report.open) QUERN_TRY(AddExemption(database, log, report));
  return report;
}

Status Allowed(const GateReport& report) {
  if (report.open) return {};
  return Fail(
      Code::kFailedPrecondition,
      Which(report.name, report.version) + " may not be " + report.alias +
          " yet: " + Join(report.Missing(), "; "),
      report.Remedies() + "; --force --reason WHY moves the alias all the same, and is recorded");
}

Status CheckGate(store::Database& database, const std::string& name, const std::string& alias,
                 int64_t version) {
  QUERN_ASSIGN(const GateReport report, JudgeGate(database, name, alias, version));
  return Allowed(report);
}

json::value GateReportJson(const GateReport& report) {
  json::array items;
  for (const GateItem& item : report.items) {
    items.push_back(json::object{{"kind", item.kind},
                                 {"id", item.id},
                                 {"status", StatusText(item.status)},
                                 {"sentence", item.sentence},
                                 {"remedy", item.remedy}});
  }
  return json::object{{"name", report.name},      {"version", report.version},
                      {"alias", report.alias},    {"declared", report.declared},
                      {"open", report.open},      {"exemption", report.exemption},
                      {"items", std::move(items)}};
}

Result<GateReport> ReadGateReport(const json::value& value) {
  const json::object* object = value.if_object();
  const json::value* open = object != nullptr ? object->if_contains("open") : nullptr;
  const json::value* declared = object != nullptr ? object->if_contains("declared") : nullptr;
  if (open == nullptr || !open->is_bool() || declared == nullptr || !declared->is_bool()) {
    return Fail(Code::kDataLoss, "the server's answer is no judgement of a gate",
                "check that it is a Quern server of this version");
  }
  GateReport report;
  report.name = TextAt(*object, "name");
  report.version = IntAt(*object, "version").value_or(0);
  report.alias = TextAt(*object, "alias");
  report.declared = declared->get_bool();
  report.open = open->get_bool();
  report.exemption = TextAt(*object, "exemption");
  for (const json::value& entry : ArrayAt(*object, "items")) {
    const json::object* item = entry.if_object();
    if (item == nullptr) continue;
    const std::string status = TextAt(*item, "status");
    report.items.push_back({TextAt(*item, "kind"), TextAt(*item, "id"),
                            status == "pass"   ? GateStatus::kPass
                            : status == "fail" ? GateStatus::kFail
                                               : GateStatus::kPending,
                            TextAt(*item, "sentence"), TextAt(*item, "remedy")});
  }
  return report;
}

}  // namespace quern::registry
