#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/text.h"
#include "data/check.h"
#include "data/profile.h"
#include "pipeline/steps.h"
#include "table/session.h"

namespace quern::pipeline {

Step NewStep(const std::string& id, const std::string& phase) {
  Step step;
  step.id = id;
  step.phase = phase;
  step.parts.push_back({"code:" + phase, kStepVersion});
  return step;
}

Step MakeDesignStep(World& world) {
  Step step = NewStep("design", "design");
  AddParams(world, "design", step);
  AddParams(world, "training.hypothesis", step);
  step.run = [&world](StepContext&) -> Result<StepOutput> {
    StepOutput output;
    output.record = design::CharterRecord(world.project.name, world.project.charter);
    output.digest = RecordDigest(output.record);
    const size_t open = output.record.at("open").as_array().size();
    output.message = open == 0 ? "every question of the charter is answered"
                               : fmt::format("{} questions of the charter are open", open);
    return output;
  };
  return step;
}

namespace {

std::string TableSql(const World& world, const json::value& ingest_record) {
  return "read_parquet(" + table::QuoteText(SnapshotOf(world, ingest_record)) + ")";
}

}  // namespace

Step MakeValidateStep(World& world, const std::string& source) {
  Step step = NewStep("validate:" + source, "validate");
  step.needs = {"ingest:" + source};
  AddParams(world, "data.expectations", step);
  AddParams(world, "data.key", step);
  for (const data::Expectation& rule : world.project.data.expectations) {
    // Freshness is about today: a day-old verdict is not up to date.
    if (rule.kind == data::CheckKind::kFreshness) {
      step.parts.push_back({"day", FormatTime(world.workspace.clock().NowMs()).substr(0, 10)});
      break;
    }
  }
  step.run = [&world, source](StepContext& context) -> Result<StepOutput> {
    const json::value& ingest = context.Output("ingest:" + source).record;
    QUERN_ASSIGN(const auto session, table::Session::Open({.threads = 1}));
    data::CheckOptions options;
    options.source = source;
    options.clock = &world.workspace.clock();
    if (!world.project.data.key.empty()) options.key_columns = {world.project.data.key};
    QUERN_ASSIGN(
        const data::CheckReport report,
        data::Check(*session, TableSql(world, ingest), world.project.data.expectations, options));
    StepOutput output;
    output.record = data::ToJson(report);
    output.digest = RecordDigest(output.record);
    size_t failed = 0;
    std::string first;
    for (const data::CheckOutcome& check : report.checks) {
      if (check.success) continue;
      ++failed;
      const bool error = check.expectation.severity == data::Severity::kError;
      if (first.empty() || (error && report.success)) first = check.text;
      if (error && output.message.empty()) output.message = check.text;
    }
    if (!report.success) {
      output.outcome = Outcome::kCheckFailed;
    } else {
      output.message = report.checks.empty() ? "no checks are declared"
                       : failed == 0 ? fmt::format("all {} checks hold", report.checks.size())
                                     : fmt::format("{} of {} checks warn: {}", failed,
                                                   report.checks.size(), first);
    }
    const std::string digest(ingest.at("digest").as_string());
    QUERN_TRY(world.workspace.lineage().Add({"check:" + source + "@" + output.digest.substr(0, 12),
                                             "check", "checks of " + source, output.message},
                                            {"snapshot:" + source + "@" + digest.substr(0, 12)}));
    return output;
  };
  return step;
}

Step MakeExploreStep(World& world, const std::string& source) {
  Step step = NewStep("explore:" + source, "explore");
  step.needs = {"ingest:" + source};
  AddParams(world, "data.target", step);
  const auto& stream = world.project.monitoring.stream;
  const bool arrives_later = std::find(stream.begin(), stream.end(), source) != stream.end();
  step.parts.push_back({"param:monitoring.stream", arrives_later ? "later" : "training"});
  step.run = [&world, source, arrives_later](StepContext& context) -> Result<StepOutput> {
    const json::value& ingest = context.Output("ingest:" + source).record;
    QUERN_ASSIGN(const auto session, table::Session::Open({.threads = 1}));
    data::ProfileOptions options;
    options.source = source;
    for (const ColumnInfo& column : ColumnsOf(ingest)) {
      if (auto type = data::ParseProfileType(column.type))
        options.types.emplace_back(column.name, *type);
    }
    const TargetSpec& target = world.project.data.target;
    // A batch may come without its outcome; what training reads may not.
    if (!arrives_later || HasTarget(world, ColumnsOf(ingest))) {
      options.target = data::ProfileTarget{target.name, target.expression, target.task,
                                           target.positive, target.where};
    }
    QUERN_ASSIGN(const data::TableProfile profile,
                 data::ProfileTable(*session, TableSql(world, ingest), options));
    StepOutput output;
    output.record = data::ToJson(profile);
    output.digest = RecordDigest(output.record);
    output.message = profile.alerts.empty()
                         ? "nothing alarming"
                         : fmt::format("{} alerts, first: {}", profile.alerts.size(),
                                       profile.alerts.front().text);
    return output;
  };
  return step;
}

}  // namespace quern::pipeline
