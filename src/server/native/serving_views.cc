#include <algorithm>
#include <boost/json.hpp>

#include "base/json_read.h"
#include "deploy/release_store.h"
#include "server/native/view_json.h"
#include "server/native/view_routes.h"
#include "serving/traffic.h"
#include "tracking/pipeline_history.h"

namespace quern::server::native {
namespace {

using tracking::PipelineHistory;
using tracking::PipelineStep;

constexpr int64_t kDeployments = 100;
constexpr int64_t kReleases = 50;
constexpr size_t kServed = 200;

Result<json::value> Serving(const ViewContext& c, const mlflow::Args& args) {
  const std::string model = args.Text("model");
  QUERN_TRY(args.status());
  PipelineHistory history(c.database);
  QUERN_ASSIGN(const auto deployed, history.Deployments(model, kDeployments));
  QUERN_ASSIGN(const auto served, serving::ServedVersions(c.database, model, kServed));
  deploy::ReleaseStore releases(c.database);
  QUERN_ASSIGN(const auto list, releases.List(model, kReleases));
  json::array deployments, versions, shown;
  for (const tracking::Deployment& d : deployed) deployments.push_back(DeploymentJson(d));
  for (const serving::ServedVersion& s : served) {
    versions.push_back(json::object{{"model", s.model},
                                    {"version", s.version},
                                    {"first_ms", s.first_ms},
                                    {"last_ms", s.last_ms},
                                    {"predictions", s.predictions},
                                    {"more", s.more}});
  }
  for (const deploy::StoredRelease& r : list) shown.push_back(deploy::ReleaseJson(r.release));
  return json::object{{"deployments", std::move(deployments)},
                      {"versions", std::move(versions)},
                      {"releases", std::move(shown)}};
}

Result<json::value> OneRelease(const ViewContext& c, const mlflow::Args& args) {
  const std::string id = args.PathParam("id");
  deploy::ReleaseStore releases(c.database);
  QUERN_ASSIGN(const deploy::StoredRelease stored, releases.Get(id));
  const deploy::Release& release = stored.release;
  QUERN_ASSIGN(const deploy::ShadowReport shadow, releases.Shadow(id));
  QUERN_ASSIGN(const auto audits, releases.Audits(id));
  json::array log;
  for (const deploy::ChainedAudit& chained : audits) {
    QUERN_ASSIGN(json::value record, deploy::AuditJson(chained));
    log.push_back(std::move(record));
  }
  return json::object{{"release", deploy::ReleaseJson(release)},
                      {"verdicts", deploy::VerdictsJson(release, c.clock.NowMs())},
                      {"earned", deploy::EarnedJson(release)},
                      {"shadow", shadow.empty() ? json::value(nullptr) : shadow.Summary()},
                      {"log", std::move(log)}};
}

json::object HistogramJson(const serving::BinnedCounts& histogram) {
  return json::object{{"edges", json::array(histogram.edges.begin(), histogram.edges.end())},
                      {"counts", json::array(histogram.counts.begin(), histogram.counts.end())}};
}

json::object TrafficJson(const serving::TrafficQuery& query, const serving::Traffic& traffic) {
  json::array decisions;
  for (const auto& [label, count] : traffic.decisions) {
    decisions.push_back(json::object{{"label", label}, {"count", count}});
  }
  return json::object{{"model", query.model},
                      {"version", query.version},
                      {"since_ms", query.since_ms},
                      {"until_ms", query.until_ms},
                      {"bucket_ms", traffic.bucket_ms},
                      {"counts", json::array(traffic.counts.begin(), traffic.counts.end())},
                      {"counts_whole", traffic.counts_whole},
                      {"looked", traffic.looked},
                      {"looked_whole", traffic.looked_whole},
                      {"labelled", traffic.labelled},
                      {"scores", HistogramJson(traffic.scores)},
                      {"latency_ms", HistogramJson(traffic.latency)},
                      {"p50_ms", traffic.p50_ms},
                      {"p95_ms", traffic.p95_ms},
                      {"p99_ms", traffic.p99_ms},
                      {"decisions", std::move(decisions)}};
}

/// Without a window: from the first prediction to the last.
Result<json::value> Predictions(const ViewContext& c, const mlflow::Args& args) {
  serving::TrafficQuery query;
  query.model = args.RequiredText("model");
  const std::string version = args.Text("version");
  query.since_ms = args.Int("since_ms", 0);
  query.until_ms = args.Int("until_ms", 0);
  query.buckets = args.Int("buckets", 60);
  QUERN_TRY(args.status());
  // How many there are is counted by bucket.
  std::vector<serving::ServedVersion> served;
  if (version.empty()) {
    QUERN_ASSIGN(served, serving::ServedVersions(c.database, query.model, kServed, 1));
  } else {
    QUERN_ASSIGN(auto one, serving::Served(c.database, query.model, version, 1));
    if (one) served.push_back(std::move(*one));
  }
  json::array out;
  if (served.empty()) {
    return json::object{{"model", query.model}, {"versions", std::move(out)}};
  }
  // One window for all, so that they can be drawn over each other.
  if (query.since_ms == 0 && query.until_ms == 0) {
    query.since_ms = served.front().first_ms;
    for (const serving::ServedVersion& s : served) {
      query.since_ms = std::min(query.since_ms, s.first_ms);
      query.until_ms = std::max(query.until_ms, s.last_ms + 1);
    }
  } else if (query.until_ms == 0) {
    query.until_ms = c.clock.NowMs() + 1;
  }
  for (const serving::ServedVersion& s : served) {
    query.version = s.version;
    QUERN_ASSIGN(const serving::Traffic traffic, serving::ReadTraffic(c.database, query));
    out.push_back(TrafficJson(query, traffic));
  }
  return json::object{{"model", query.model}, {"versions", std::move(out)}};
}

json::value Alert(std::string_view kind, std::string text) {
  return json::object{{"kind", kind}, {"text", std::move(text)}};
}

/// What of a batch somebody should know, from its record.
json::array AlertsOf(const json::value& record) {
  json::array alerts;
  const json::value& dataset = At(record, "/drift/dataset");
  if (TrueAt(dataset, "/drifted")) {
    const auto drifted = NumberAt(dataset, "/drifted_columns").value_or(0);
    const auto columns = NumberAt(dataset, "/columns").value_or(0);
    alerts.push_back(Alert("drift", std::to_string(static_cast<int64_t>(drifted)) + " of " +
                                        std::to_string(static_cast<int64_t>(columns)) +
                                        " columns drifted"));
  }
  if (TextAt(record, "/concept_drift/state") == "yes") {
    alerts.push_back(Alert("concept", TextAt(record, "/concept_drift/reason")));
  }
  if (TrueAt(record, "/prediction_drift/drifted")) {
    alerts.push_back(Alert("predictions", TextAt(record, "/prediction_drift/reason")));
  }
  for (const json::value& failed : ListAt(record, "/quality/failed_checks")) {
    if (failed.is_string()) alerts.push_back(Alert("quality", std::string(failed.as_string())));
  }
  return alerts;
}

/// `goes_by`: the metric that training selected by.
json::object BatchJson(const PipelineStep& step, const std::string& goes_by) {
  const json::value& record = step.record;
  std::string metric = goes_by;
  const json::value& metrics = At(record, "/performance/metrics");
  if (At(metrics, "/" + metric).is_null() && metrics.is_object() && !metrics.as_object().empty()) {
    metric = metrics.as_object().begin()->key();
  }
  return json::object{{"batch", At(record, "/batch")},
                      {"state", step.state},
                      {"reason", step.reason},
                      {"message", step.message},
                      {"at_ms", step.finished_ms},
                      {"run_id", step.run_id},
                      {"rows", At(record, "/rows")},
                      {"model", At(record, "/model")},
                      {"version", At(record, "/version")},
                      {"drift", At(record, "/drift/dataset")},
                      {"concept_drift", At(record, "/concept_drift")},
                      {"labels", At(record, "/labels")},
                      {"metric", metric},
                      {"realised", At(metrics, "/" + metric)},
                      {"expected", At(record, "/performance/expected/" + metric)},
                      {"quality", At(record, "/quality/scores")},
                      {"alerts", AlertsOf(record)},
                      {"retraining", nullptr}};
}

Result<json::value> Monitoring(const ViewContext& c, const mlflow::Args& args) {
  const std::string project = args.Text("project");
  QUERN_TRY(args.status());
  PipelineHistory history(c.database);
  QUERN_ASSIGN(const auto runs, history.Runs(project, 1));
  json::array batches;
  json::value reference = nullptr;
  std::string metric;
  std::vector<PipelineStep> steps;
  if (!runs.empty()) {
    QUERN_ASSIGN(steps, history.Standing(runs.front(), true));
  }
  for (const PipelineStep& step : steps) {
    if (step.phase == "train") metric = TextAt(step.record, "/metric");
    if (step.phase == "evaluate") reference = At(step.record, "/metrics/" + metric);
    if (step.phase == "monitor") batches.push_back(BatchJson(step, metric));
  }
  for (const PipelineStep& step : steps) {
    if (step.phase != "retrain") continue;
    for (json::value& batch : batches) {
      if (At(batch, "/batch") != At(step.record, "/batch") || step.record.is_null()) continue;
      json::object decision = step.record.is_object() ? step.record.as_object() : json::object();
      decision["message"] = step.message;
      decision["at_ms"] = step.finished_ms;
      batch.as_object()["retraining"] = std::move(decision);
    }
  }
  return json::object{
      {"metric", metric}, {"holdout", std::move(reference)}, {"batches", std::move(batches)}};
}

}  // namespace

std::vector<ViewRoute> ServingViews() {
  return {
      {"/quern/serving", "deployments, releases, and versions that have answered", Serving},
      {"/quern/serving/releases/{id}", "one release: verdicts, shadow report, audit log",
       OneRelease},
      {"/quern/serving/predictions", "predictions of a model over time, with scores and latencies",
       Predictions},
      {"/quern/monitoring", "batches with drift, performance, labels, alerts and decisions",
       Monitoring},
  };
}

}  // namespace quern::server::native
