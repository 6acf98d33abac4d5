#include "tracking/run_writer.h"

#include <algorithm>

#include "tracking/names.h"

namespace quern::tracking {

Result<std::string> RunWriter::Start(const std::string& experiment, const std::string& name,
                                     const Texts& tags) {
  NewRun run;
  QUERN_ASSIGN(run.experiment_id, experiments_.Ensure(experiment));
  run.name = name;
  run.user_id = user_;
  run.start_ms = clock_.NowMs();
  run.tags = tags;
  QUERN_ASSIGN(const Run made, runs_.Create(run));
  return made.info.id;
}

Status RunWriter::End(const std::string& run_id, RunStatus status) {
  QUERN_TRY(runs_.Update(run_id, {status, clock_.NowMs(), std::nullopt}));
  return {};
}

Result<std::vector<std::string>> RunWriter::Write(const std::string& experiment,
                                                  const std::vector<RunDraft>& drafts) {
  QUERN_ASSIGN(const int64_t experiment_id, experiments_.Ensure(experiment));
  std::vector<std::string> ids;
  QUERN_TRY(db_.Write([&]() -> Status {
    ids.clear();
    for (const RunDraft& draft : drafts) {
      QUERN_ASSIGN(std::string id, WriteOne(experiment_id, draft));
      ids.push_back(std::move(id));
    }
    return {};
  }));
  return ids;
}

Result<std::string> RunWriter::WriteOne(int64_t experiment_id, const RunDraft& draft) {
  NewRun run;
  run.experiment_id = experiment_id;
  run.name = draft.name;
  run.user_id = user_;
  run.status = draft.status;
  run.start_ms = draft.start_ms;
  run.end_ms = draft.end_ms;
  run.tags = draft.tags;
  if (!draft.parent_id.empty()) run.tags["mlflow.parentRunId"] = draft.parent_id;
  QUERN_ASSIGN(const Run made, runs_.Create(run));
  Batch batch;
  batch.params.assign(draft.params.begin(), draft.params.end());
  for (size_t at = 0; at < draft.metrics.size() || !batch.params.empty();) {
    const size_t end = std::min(draft.metrics.size(), at + kMaxBatchMetrics - kMaxBatchParams);
    batch.metrics.assign(draft.metrics.begin() + static_cast<std::ptrdiff_t>(at),
                         draft.metrics.begin() + static_cast<std::ptrdiff_t>(end));
    for (MetricPoint& point : batch.metrics) {
      if (point.time_ms == 0) point.time_ms = draft.end_ms;
    }
    QUERN_TRY(runs_.Log(made.info.id, batch));
    batch.params.clear();
    at = end;
  }
  return made.info.id;
}

}  // namespace quern::tracking
