#include "server/mlflow/graphql_schema.h"

#include "base/check.h"
#include "serving/json_text.h"

namespace quern::server::mlflow {
namespace {

using graphql::Backend;
using graphql::Resolver;
using graphql::Schema;
using graphql::Source;

constexpr std::string_view kSchemaText = R"(
directive @component(name: String!) on QUERY | MUTATION
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT

type Query {
  mlflowGetExperiment(input: MlflowGetExperimentInput): MlflowGetExperimentResponse
  mlflowGetMetricHistoryBulkInterval(input: MlflowGetMetricHistoryBulkIntervalInput):
    MlflowGetMetricHistoryBulkIntervalResponse
  mlflowGetRun(input: MlflowGetRunInput): MlflowGetRunResponse
  mlflowListArtifacts(input: MlflowListArtifactsInput): MlflowListArtifactsResponse
  mlflowSearchModelVersions(input: MlflowSearchModelVersionsInput): MlflowSearchModelVersionsResponse
  mlflowSearchRuns(input: MlflowSearchRunsInput): MlflowSearchRunsResponse
}
# MLflow has these among its mutations, though they change nothing.
type Mutation {
  mlflowSearchDatasets(input: MlflowSearchDatasetsInput): MlflowSearchDatasetsResponse
  mlflowSearchRuns(input: MlflowSearchRunsInput): MlflowSearchRunsResponse
}

input MlflowGetExperimentInput { experimentId: String }
input MlflowGetRunInput { runId: String runUuid: String }
input MlflowSearchRunsInput {
  experimentIds: [String] filter: String runViewType: MlflowViewType maxResults: Int
  orderBy: [String] pageToken: String
}
input MlflowListArtifactsInput { runId: String runUuid: String path: String pageToken: String }
input MlflowGetMetricHistoryBulkIntervalInput {
  runIds: [String] metricKey: String startStep: Int endStep: Int maxResults: Int
}
input MlflowSearchDatasetsInput { experimentIds: [String] }
input MlflowSearchModelVersionsInput {
  filter: String maxResults: LongString orderBy: [String] pageToken: String
}
enum MlflowViewType { ACTIVE_ONLY DELETED_ONLY ALL }

# Never filled: an error is one of the request.
type ApiError {
  code: String message: String helpUrl: String traceId: String errorDetails: [ErrorDetail]
}
type ErrorDetail { field: String message: String }

type MlflowGetExperimentResponse { experiment: MlflowExperiment apiError: ApiError }
type MlflowExperiment {
  experimentId: String name: String artifactLocation: String lifecycleStage: String
  lastUpdateTime: LongString creationTime: LongString tags: [MlflowExperimentTag!]
  effectiveTraceArchivalRetention: String workspace: String
}
type MlflowExperimentTag { key: String value: String }

type MlflowGetRunResponse { run: MlflowRunExtension apiError: ApiError }
type MlflowSearchRunsResponse {
  runs: [MlflowRunExtension!] nextPageToken: String apiError: ApiError
}
type MlflowRunExtension {
  info: MlflowRunInfo data: MlflowRunData inputs: MlflowRunInputs outputs: MlflowRunOutputs
  experiment: MlflowExperiment modelVersions: [MlflowModelVersion!]
}
type MlflowRunInfo {
  runId: String runUuid: String runName: String experimentId: String userId: String
  status: MlflowRunStatus startTime: LongString endTime: LongString artifactUri: String
  lifecycleStage: String
}
enum MlflowRunStatus { RUNNING SCHEDULED FINISHED FAILED KILLED }
type MlflowRunData {
  metrics: [MlflowMetricExtension!] params: [MlflowParam!] tags: [MlflowRunTag!]
}
type MlflowMetricExtension {
  key: String value: Float timestamp: LongString step: LongString datasetName: String
  datasetDigest: String modelId: String runId: String
}
type MlflowParam { key: String value: String }
type MlflowRunTag { key: String value: String }
type MlflowRunInputs { datasetInputs: [MlflowDatasetInput!] modelInputs: [MlflowModelInput!] }
type MlflowDatasetInput { tags: [MlflowInputTag!] dataset: MlflowDataset }
type MlflowInputTag { key: String value: String }
type MlflowDataset {
  name: String digest: String sourceType: String source: String schema: String profile: String
}
type MlflowModelInput { modelId: String }
type MlflowRunOutputs { modelOutputs: [MlflowModelOutput!] }
type MlflowModelOutput { modelId: String step: LongString }

type MlflowGetMetricHistoryBulkIntervalResponse {
  metrics: [MlflowMetricWithRunId!] apiError: ApiError
}
type MlflowMetricWithRunId {
  key: String value: Float timestamp: LongString step: LongString runId: String
}

type MlflowListArtifactsResponse {
  rootUri: String files: [MlflowFileInfo!] nextPageToken: String apiError: ApiError
}
type MlflowFileInfo { path: String isDir: Boolean fileSize: LongString }

type MlflowSearchDatasetsResponse { datasetSummaries: [MlflowDatasetSummary!] apiError: ApiError }
type MlflowDatasetSummary { experimentId: String name: String digest: String context: String }

type MlflowSearchModelVersionsResponse {
  modelVersions: [MlflowModelVersion!] nextPageToken: String apiError: ApiError
}
type MlflowModelVersion {
  name: String version: String creationTimestamp: LongString lastUpdatedTimestamp: LongString
  userId: String currentStage: String description: String source: String runId: String
  status: MlflowModelVersionStatus statusMessage: String tags: [MlflowModelVersionTag!]
  runLink: String aliases: [String] modelId: String modelParams: [MlflowModelParam!]
  modelMetrics: [MlflowModelMetric!] deploymentJobState: MlflowModelVersionDeploymentJobState
}
enum MlflowModelVersionStatus { PENDING_REGISTRATION FAILED_REGISTRATION READY }
type MlflowModelVersionTag { key: String value: String }
type MlflowModelParam { name: String value: String }
type MlflowModelMetric {
  key: String value: Float timestamp: LongString step: LongString datasetName: String
  datasetDigest: String modelId: String runId: String
}
type MlflowModelVersionDeploymentJobState {
  jobId: String runId: String jobState: MlflowDeploymentJobConnectionState
  runState: MlflowModelVersionDeploymentJobStateDeploymentJobRunState currentTaskName: String
}
enum MlflowDeploymentJobConnectionState {
  DEPLOYMENT_JOB_CONNECTION_STATE_UNSPECIFIED NOT_SET_UP CONNECTED NOT_FOUND
  REQUIRED_PARAMETERS_CHANGED
}
enum MlflowModelVersionDeploymentJobStateDeploymentJobRunState {
  DEPLOYMENT_JOB_RUN_STATE_UNSPECIFIED NO_VALID_DEPLOYMENT_JOB_FOUND RUNNING SUCCEEDED FAILED
  PENDING APPROVAL
}
)";

/// Of a query: the `input` argument is what the REST call takes.
Resolver Call(std::string_view field, std::string_view path) {
  return [field, path](Backend& backend, const Source&,
                       const std::string& arguments) -> Result<Source> {
    const auto document = JsonDoc::Parse(arguments);
    QUERN_CHECK(document.has_value(), arguments);
    const auto input = document->root().Find("input");
    if (!input || !input->Is(JsonKind::kObject)) {
      return Fail(Code::kInvalidArgument,
                  "Field '" + std::string(field) + "' needs the argument 'input'.");
    }
    // `{"input":{…}}`: the object as it was written.
    constexpr size_t kBefore = std::string_view(R"({"input":)").size();
    QUERN_ASSIGN(const JsonRef answer,
                 backend.Ask(path, arguments.substr(kBefore, arguments.size() - kBefore - 1)));
    return Source{answer};
  };
}

/// `info.NAME` of a run.
std::string InfoOf(const Source& run, std::string_view name) {
  const auto info = run.json ? run.json->Find("info") : std::nullopt;
  const auto value = info ? info->Find(name) : std::nullopt;
  return value ? std::string(value->text()) : "";
}

Result<Source> ExperimentOf(Backend& backend, const Source& run, const std::string&) {
  std::string arguments = R"({"experiment_id":)";
  serving::AppendJsonText(&arguments, InfoOf(run, "experiment_id"));
  QUERN_ASSIGN(const JsonRef answer, backend.Ask("/mlflow/experiments/get", arguments + "}"));
  return Source{answer.Find("experiment")};
}

Result<Source> VersionsOf(Backend& backend, const Source& run, const std::string&) {
  std::string arguments = R"({"filter":)";
  serving::AppendJsonText(&arguments, "run_id = '" + InfoOf(run, "run_id") + "'");
  QUERN_ASSIGN(const JsonRef answer, backend.Ask("/mlflow/model-versions/search", arguments + "}"));
  return Source{answer.Find("model_versions")};
}

Schema MakeSchema() {
  Result<Schema> parsed = Schema::Parse(kSchemaText);
  QUERN_CHECK(parsed.has_value(), parsed.error().message);
  struct {
    std::string_view type, field, path;
  } constexpr kCalls[] = {
      {"Query", "mlflowGetExperiment", "/mlflow/experiments/get"},
      {"Query", "mlflowGetMetricHistoryBulkInterval", "/mlflow/metrics/get-history-bulk-interval"},
      {"Query", "mlflowGetRun", "/mlflow/runs/get"},
      {"Query", "mlflowListArtifacts", "/mlflow/artifacts/list"},
      {"Query", "mlflowSearchModelVersions", "/mlflow/model-versions/search"},
      {"Query", "mlflowSearchRuns", "/mlflow/runs/search"},
      {"Mutation", "mlflowSearchDatasets", "/mlflow/experiments/search-datasets"},
      {"Mutation", "mlflowSearchRuns", "/mlflow/runs/search"},
  };
  for (const auto& call : kCalls) {
    parsed->Resolve(call.type, call.field, Call(call.field, call.path));
    const std::string answer(parsed->Find(call.type)->FindField(call.field)->type.name);
    parsed->Resolve(answer, "apiError", [](Backend&, const Source&, const std::string&) {
      return Result<Source>(Source{std::nullopt, true});
    });
  }
  parsed->Resolve("MlflowRunExtension", "experiment", ExperimentOf);
  parsed->Resolve("MlflowRunExtension", "modelVersions", VersionsOf);
  return std::move(*parsed);
}

}  // namespace

const graphql::Schema& GraphqlSchema() {
  static const Schema kSchema = MakeSchema();
  return kSchema;
}

}  // namespace quern::server::mlflow
