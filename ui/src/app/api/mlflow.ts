// MLflow's REST calls as this page uses them.
import { get, send, withQuery } from "./client";

const API = "/ajax-api/2.0/mlflow";

/** JSON has no word for these numbers. */
export type Value = number | "NaN" | "Infinity" | "-Infinity";
export interface Tag { key: string; value: string }
export interface Metric { key: string; value: Value; timestamp: number; step: number; run_id?: string; model_id?: string; dataset_name?: string; dataset_digest?: string }
export type RunStatus = "RUNNING" | "SCHEDULED" | "FINISHED" | "FAILED" | "KILLED";
export type Lifecycle = "active" | "deleted";

export interface Experiment {
  experiment_id: string; name: string; artifact_location?: string; lifecycle_stage: Lifecycle;
  creation_time?: number; last_update_time?: number; tags?: Tag[];
}
export interface RunInfo {
  run_id: string; run_name?: string; experiment_id: string; user_id?: string; status: RunStatus; start_time?: number; end_time?: number;
  artifact_uri?: string; lifecycle_stage: Lifecycle;
}
export interface DatasetInput {
  dataset: { name: string; digest: string; source_type?: string; source?: string; schema?: string; profile?: string };
  tags?: Tag[];
}
export interface Run {
  info: RunInfo;
  data?: { metrics?: Metric[]; params?: Tag[]; tags?: Tag[] };
  inputs?: { dataset_inputs?: DatasetInput[]; model_inputs?: { model_id: string }[] };
  outputs?: { model_outputs?: { model_id: string; step?: number }[] };
}
export interface LoggedModel {
  info: {
    model_id: string; name: string; experiment_id: string; status: string; creation_timestamp_ms?: number; model_type?: string;
    source_run_id?: string; artifact_uri?: string; tags?: Tag[]; registrations?: { name: string; version: string }[];
  };
  data?: { params?: Tag[]; metrics?: Metric[] };
}
export interface ModelVersion {
  name: string; version: string; run_id?: string; source?: string; creation_timestamp?: number; status?: string; aliases?: string[];
  current_stage?: string; model_id?: string;
}
export interface ArtifactFile { path: string; is_dir: boolean; file_size?: number }
export type View = "ACTIVE_ONLY" | "DELETED_ONLY" | "ALL";

export interface RunSearch {
  experiment_ids: string[]; filter?: string; run_view_type?: View; max_results?: number; order_by?: string[]; page_token?: string;
  /** Beyond MLflow: which parts or keys the answer holds, and whether all runs that match are counted. */
  fields?: string[]; count_total?: boolean;
}
export interface RunPage { runs: Run[]; next_page_token?: string; total_count?: number }

export async function searchExperiments(view: View, filter: string, token: string | undefined, signal?: AbortSignal) {
  const found = await send<{ experiments?: Experiment[]; next_page_token?: string }>("POST", `${API}/experiments/search`,
    { max_results: 1000, view_type: view, filter: filter || undefined, page_token: token }, signal);
  return { experiments: found.experiments ?? [], next_page_token: found.next_page_token };
}
export async function getExperiment(id: string, signal?: AbortSignal): Promise<Experiment> {
  return (await get<{ experiment: Experiment }>(`${API}/experiments/get`, { experiment_id: id }, signal)).experiment;
}
export async function createExperiment(name: string): Promise<string> {
  return (await send<{ experiment_id: string }>("POST", `${API}/experiments/create`, { name })).experiment_id;
}
export const renameExperiment = (id: string, name: string) =>
  send("POST", `${API}/experiments/update`, { experiment_id: id, new_name: name });
export const deleteExperiment = (id: string) => send("POST", `${API}/experiments/delete`, { experiment_id: id });
export const restoreExperiment = (id: string) => send("POST", `${API}/experiments/restore`, { experiment_id: id });
export const setExperimentTag = (id: string, key: string, value: string) =>
  send("POST", `${API}/experiments/set-experiment-tag`, { experiment_id: id, key, value });
export const deleteExperimentTag = (id: string, key: string) =>
  send("POST", `${API}/experiments/delete-experiment-tag`, { experiment_id: id, key });

export async function searchRuns(search: RunSearch, signal?: AbortSignal): Promise<RunPage> {
  const page = await send<Partial<RunPage>>("POST", `${API}/runs/search`, search, signal);
  return { ...page, runs: page.runs ?? [] };
}
export async function getRun(id: string, signal?: AbortSignal): Promise<Run> {
  return (await get<{ run: Run }>(`${API}/runs/get`, { run_id: id }, signal)).run;
}
export const updateRun = (id: string, change: { run_name?: string }) => send("POST", `${API}/runs/update`, { run_id: id, ...change });
export const deleteRun = (id: string) => send("POST", `${API}/runs/delete`, { run_id: id });
export const restoreRun = (id: string) => send("POST", `${API}/runs/restore`, { run_id: id });
export const setTag = (id: string, key: string, value: string) => send("POST", `${API}/runs/set-tag`, { run_id: id, key, value });
export const deleteTag = (id: string, key: string) => send("POST", `${API}/runs/delete-tag`, { run_id: id, key });

/** Whose files: those of a run, or of a model that it logged. */
export interface FileOwner { run?: string; model?: string }

export async function listArtifacts({ run, model }: FileOwner, path: string, signal?: AbortSignal): Promise<ArtifactFile[]> {
  const files: ArtifactFile[] = [];
  let token: string | undefined;
  do {
    const page: { files?: ArtifactFile[]; next_page_token?: string } = model
      ? await get(`${API}/logged-models/${encodeURIComponent(model)}/artifacts/directories`, { artifact_directory_path: path || undefined, page_token: token }, signal)
      : await get(`${API}/artifacts/list`, { run_id: run, path: path || undefined, page_token: token }, signal);
    files.push(...(page.files ?? []));
    token = page.next_page_token;
  } while (token);
  return files;
}
export const artifactAddress = ({ run, model }: FileOwner, path: string) => (model
  ? withQuery(`${API}/logged-models/${encodeURIComponent(model)}/artifacts/files`, { artifact_file_path: path })
  : withQuery("/get-artifact", { run_id: run, path }));
/** Where a file of a run may be shown in a frame: there no script runs, and nothing is fetched. */
export const artifactView = (run: string, path: string) => withQuery("/artifact-view", { run_id: run, path });

export async function modelsOfExperiment(experiment: string, filter: string, signal?: AbortSignal): Promise<LoggedModel[]> {
  const found = await send<{ models?: LoggedModel[] }>("POST", `${API}/logged-models/search`,
    { experiment_ids: [experiment], filter, max_results: 100 }, signal);
  return found.models ?? [];
}
export async function versionsOfRun(run: string, signal?: AbortSignal): Promise<ModelVersion[]> {
  const found = await get<{ model_versions?: ModelVersion[] }>(`${API}/model-versions/search`,
    { filter: `run_id = '${run.replaceAll("'", "''")}'`, max_results: 100 }, signal);
  return found.model_versions ?? [];
}
