#include "cli/serve_log.h"

#include "base/text.h"
#include "base/time.h"
#include "pipeline/project.h"
#include "serving/log_key.h"

namespace quern::cli {

void AddServeLogOptions(Verb verb, ServeLogArgs& args) {
  verb.AddFlag("--no-prediction-log", args.off, "Do not keep what was asked and answered");
  verb.AddOption(
          "--prediction-durability", args.durability,
          "What an answered prediction survives: the end of the process (power loss may "
          "take the last second), or power loss too, for a sync of the disk with each answer")
      .OneOf({"process", "disk"})
      .ShowDefault();
  verb.AddOption("--prediction-log-full", args.when_full,
                 "When predictions cannot be kept: refuse with 503, or drop (and count) them")
      .OneOf({"refuse", "drop"})
      .ShowDefault();
  verb.AddOption("--prediction-share", args.share,
                 "Of the requests, which share is kept; default: as in quern.yaml, else 1")
      .Between(0, 1);
  verb.AddOption("--prediction-columns", args.columns,
                 "Columns that are kept, with commas; default: as in quern.yaml, else all")
      .Delimiter(',');
  verb.AddOption("--prediction-hash", args.hashed,
                 "Columns of which only a keyed hash is kept, with commas")
      .Delimiter(',');
  verb.AddOption("--prediction-retention", args.retention,
                 "Remove predictions and their labels when they are older: 90d");
  verb.AddOption("--access-log", args.access_log,
                 "A JSON line for each request, into this file; -: standard output");
  verb.AddOption("--access-log-max-size", args.access_log_max,
                 "Bytes of the access log beyond which FILE becomes FILE.1 and so on to FILE.5; 0: "
                 "never")
      .Bytes()
      .ShowDefault();
  verb.AddOption("--otlp-endpoint", args.otlp_endpoint,
                 "OpenTelemetry collector that gets traces (OTLP over HTTP, JSON): "
                 "http://127.0.0.1:4318")
      .Env("OTEL_EXPORTER_OTLP_ENDPOINT");
  verb.AddOption("--trace-share", args.trace_share,
                 "Of the requests without a trace of their own, which share is traced")
      .Between(0, 1)
      .ShowDefault();
}

void SetObserving(const ServeLogArgs& args, server::ServeOptions* options) {
  if (!args.access_log.empty()) {
    options->access_log.emplace();
    options->access_log->path = args.access_log;
    options->access_log->max_bytes = args.access_log_max;
  }
  if (!args.otlp_endpoint.empty()) {
    options->tracing.emplace();
    options->tracing->endpoint = args.otlp_endpoint;
    options->tracing->share = args.trace_share;
  }
}

Result<serving::PredictionLogOptions> PredictionLogOptionsOf(const ServeLogArgs& args,
                                                             const std::string& state_dir, Fs& fs) {
  serving::PredictionLogOptions options;
  options.folder = JoinPath(state_dir, serving::kPredictionLogFolder);
  options.durability =
      args.durability == "disk" ? serving::LogDurability::kDisk : serving::LogDurability::kProcess;
  options.when_full =
      args.when_full == "drop" ? serving::LogFull::kDrop : serving::LogFull::kRefuse;
  QUERN_ASSIGN(const pipeline::PredictionLogSpec spec,
               pipeline::LoadPredictionLog(DirName(state_dir), fs));
  options.policy.share = args.share < 0 ? spec.share : args.share;
  options.policy.columns = args.columns.empty() ? spec.columns : args.columns;
  options.policy.hashed = args.hashed.empty() ? spec.hashed : args.hashed;
  options.retention_seconds = spec.retention_seconds;
  if (!args.retention.empty()) {
    auto seconds = ParseDuration(args.retention);
    if (!seconds) return Within(seconds.error(), "reading --prediction-retention");
    options.retention_seconds = *seconds;
  }
  options.state_dir = state_dir;
  if (!options.policy.hashed.empty()) {
    QUERN_ASSIGN(options.policy.key, serving::PredictionLogKey(fs, state_dir));
  }
  return options;
}

}  // namespace quern::cli
