// The server's own read calls: docs/server.md lists them.
import { useQuery, keepPreviousData } from "@tanstack/react-query";
import type { ColumnProfile, Drift, Explore, Gate, Ingest, Interval, Intervals, LineageGraph, Maybe, ReportDocument, Retrain, Scores, Validate } from "../../parts/document";
import { get, withQuery, type Args } from "./client";
import type { Value } from "./mlflow";

const API = "/ajax-api/2.0/quern";

/** What of the store an answer depends on: the kinds of `/events`. */
export type Kind = "runs" | "models" | "deployments" | "releases" | "predictions" | "steps";

export type PhaseState = "running" | "failed" | "blocked" | "stale" | "attention" | "fresh" | "absent";
export interface PipelineRun { id: string; project: string; state: string; start_ms: number; end_ms: number | null; summary: string }
export interface RunStep {
  id: string; phase: string; state: string; reason: string; seconds: number; outcome: string | null; message: string; finished_ms: number | null;
  run_id: string; now?: PhaseState; gates?: Gate[];
}
export interface Phase {
  phase: string; title: string; state: PhaseState; role: string; steps: number; seconds: number; changed_ms: number | null; facts: string[];
}
export interface Task { role: string; who: string | null; phase: string; step: string; urgency: "now" | "soon" | "later"; text: string; command: string | null }
export interface Plan { known: boolean; why: string | null; stale?: number; steps?: { id: string; phase: string; state: string; reason: string }[] }
export interface Overview {
  program_version: string; now_ms: number; projects: string[]; project: string | null; run: PipelineRun | null; plan: Plan; phases: Phase[]; tasks: Task[];
  steps: RunStep[]; store: { runs: boolean; models: boolean; predictions: boolean };
}
export interface Line extends Gate {
  measurable: boolean; step: string | null; at_ms: number | null; watched: Maybe<Interval & { batch: string; version: number; at_ms: number }>;
}
export interface Requirements {
  declared: boolean; added_value: string | null; answers: { key: string; question: string; answer: Maybe<string> }[];
  roles: { role: string; who: Maybe<string> }[]; hypothesis: Maybe<{ text: string }>; open: { key: string; question: string }[]; lines: Line[];
}
export interface CheckCounts { total: number; errors: number; warnings: number; success: boolean | null; scores: Maybe<Scores> }
export interface SourceGlance {
  source: string; use: "training" | "later"; state: string | null; reason: string | null; rows: number | null; rejected: number | null; bytes: number | null;
  path: string | null; format: string | null; digest: string | null; snapshot: string | null; columns: number; read_ms: number | null;
  checks: CheckCounts | null; alerts: number;
}
export interface SourceView {
  source: string; use: "training" | "later"; ingest: Ingest | null; validate: Validate | null; explore: Explore | null;
  snapshots: { at_ms: number; run_id: string; rows: number | null; rejected: number | null; bytes: number | null; digest: string | null; source_digest: string | null }[];
  history: { at_ms: number; run_id: string; rows: number | null; counts: CheckCounts;
    checks: { name: string; text: string; success: boolean; severity: string; share: number | null }[] }[];
}
export interface ColumnChange { column: string; change: "same" | "added" | "removed" | "retyped"; before: string | null; after: string | null }
export interface SnapshotSide {
  digest: string; read_ms: number; run_id: string; rows: number | null; rejected: number | null; bytes: number | null; validate: Validate | null;
  profile: ColumnProfile[] | null;
}
export interface SnapshotsCompared {
  source: string; before: SnapshotSide; after: SnapshotSide; columns: ColumnChange[];
  rows: Maybe<{ before: number; after: number; added: number; removed: number; changed: number | null; by: "key" | "content"; key: string | null; columns: string[] }>;
  drift: Drift | null;
  /** Why rows and drift are not there. */
  problem: string | null;
}
export interface Version {
  name: string; version: number; aliases: string[]; created_ms: number; updated_ms: number; run_id: string | null; user: string | null; description: string;
  stage: string; status: string; digest: string | null; source: string | null; package: boolean; learner: string | null; data: string | null;
  metrics: Intervals | null; gates?: { pass: number; fail: number; pending: number };
}
export interface ModelGlance {
  name: string; description: string; created_ms: number; updated_ms: number; versions: number; newest: number | null;
  aliases: { alias: string; version: number }[]; champion: Version | null;
}
/** `sequence` is the place in the log's chain; 0 for a record from before there was one. */
export interface Change { at_ms: number; actor: string; change: string; before: string; after: string; reason: string; sequence: number; digest: string }
export interface AliasGateItem { kind: "key_metric" | "reviewer" | "check" | "rejection"; id: string; status: "pass" | "fail" | "pending"; sentence: string; remedy: string }
/** Whether a version may have an alias; `exemption` says why although an item does not pass. */
export interface AliasGate { name: string; version: number; alias: string; declared: boolean; open: boolean; exemption: string; items: AliasGateItem[] }
export interface Reviewed {
  reviews: { reviewer: string; verdict: "approved" | "rejected"; reason: string; at_ms: number }[];
  checks: { check: string; passed: boolean; reason: string; actor: string; at_ms: number }[];
  overrides: { alias: string; actor: string; reason: string; at_ms: number }[];
}
export interface Policy { key_metrics?: string[]; reviewer?: "none" | "any" | "other"; checks?: string[]; signers?: string[] }
/** The project file that the policies of a model stand in; with a problem if it cannot be read. */
export interface Declared { where: string; problem: string | null }
export interface LogState { whole: boolean; chained: number | null; unchained: number | null; problem: string | null }
export interface ComparedRow {
  section: string; name: string; a: unknown; b: unknown; same: boolean; change: number | null; difference?: Maybe<Interval>;
  rows?: { a: string | null; b: string | null; same: boolean | null };
}
export interface Compared { a: { name: string; version: number }; b: { name: string; version: number }; rows: ComparedRow[]; same: Record<string, number> }
export interface Deployment { id: string; name: string; version: number; state: string; created_ms: number; changed_ms: number; detail: string }
export interface ModelView {
  name: string; description: string; created_ms: number; updated_ms: number; versions_in_all: number; versions: Version[]; next: number | null;
  log: Change[]; log_in_all: number; deployments: Deployment[]; aliases: { alias: string; version: number }[]; tags: Record<string, string>;
  policies: { alias: string; policy: Policy }[]; policies_at: Declared | null;
}
export interface Card {
  task: string | null; learner: string | null; params: Record<string, unknown> | null; inputs: { name: string; type: string }[] | null;
  classes: string[] | null; positive: string | null; threshold: number | null; derived: { name: string; expression: string }[] | null;
  features: string[] | null; metrics: Intervals | null; bytes: number; program_version: string | null;
}
export interface Contest {
  step: string; at_ms: number; batch: string | null; metric: string | null; rows: number | null; before: Maybe<{ version: number; value: Interval }>;
  candidate: { name: string; data: Maybe<string>; rows: Maybe<number>; value: Interval; difference: Interval; p_value: Maybe<number>; accepted: boolean; reason: string };
}
export interface VersionView extends Omit<Version, "gates">, Reviewed {
  alias_gates: AliasGate[];
  tags: Record<string, string>; gates: (Gate & { step: string; at_ms: number })[]; contests: Contest[]; card: Card | null; card_missing: string | null;
  example: Record<string, unknown> | null; snippets: { title: string; language: string; code: string }[]; log: Change[]; log_in_all: number; deployments: Deployment[];
  experiment_id: string | null;
  served: { predictions: number; more: boolean; first_ms: number; last_ms: number } | null; lineage: LineageGraph | null;
}
export interface Served { model: string; version: string; first_ms: number; last_ms: number; predictions: number; more: boolean }
export interface Release {
  id: string; model: string; alias: string; stable: string; phase: string; step: number; created_ms: number; ended_ms: number; closed: boolean;
  candidates: { version: string; weight: number; dropped: boolean }[]; strategy: { strategy: string } & Record<string, unknown>; winner: string;
  resumes_to: string;
}
export interface ServingView { deployments: Deployment[]; versions: Served[]; releases: Release[] }
export interface Bins { edges: number[]; counts: number[] }
export interface Traffic {
  model: string; version: string; since_ms: number; until_ms: number; bucket_ms: number; counts: number[]; counts_whole: boolean; looked: number;
  looked_whole: boolean; labelled: number; scores: Bins; latency_ms: Bins; p50_ms: number; p95_ms: number; p99_ms: number;
  decisions: { label: string; count: number }[];
}
export interface BatchGlance {
  batch: string | null; state: string; reason: string; message: string; at_ms: number; run_id: string; rows: number | null; model: string | null;
  version: number | null; drift: Maybe<{ drifted: boolean; drifted_columns: number; columns: number; share: number; limit: number }>;
  concept_drift: Maybe<{ state: string; reason: string }>; labels: Maybe<{ rows: number; joined: number; coverage: number }>; metric: string;
  realised: Maybe<Interval>; expected: Maybe<Interval>; quality: Maybe<Scores>; alerts: { kind: string; text: string }[];
  retraining: Maybe<Retrain & { message: string; at_ms: number }>;
}
export interface MonitoringView { metric: string; holdout: Maybe<Interval>; batches: BatchGlance[] }
export interface LineageView extends LineageGraph { nodes_in_all: number }

/** One answer, asked again when something that it depends on changes. */
export function useView<T>(path: string, args: Args, kinds: readonly Kind[], on = true) {
  return useQuery({
    queryKey: ["native", path, args],
    queryFn: ({ signal }) => get<T>(`${API}${path}`, args, signal),
    meta: { kinds },
    placeholderData: keepPreviousData,
    enabled: on,
  });
}

/** What is asked of more than the store: `ask` fetches it, again every `everyMs`, as no change of the store tells of it. */
export function useAsked<T>(key: readonly string[], ask: (signal: AbortSignal) => Promise<T>, how: { everyMs?: number; freshMs?: number; on?: boolean }) {
  return useQuery({
    queryKey: ["native", ...key],
    queryFn: ({ signal }) => ask(signal),
    refetchInterval: how.everyMs,
    staleTime: how.freshMs ?? 0,
    enabled: how.on ?? true,
  });
}

const part = encodeURIComponent;

export const useOverview = (project?: string) => useView<Overview>("/overview", { project }, ["steps", "models", "deployments"]);
export const useDocument = (sections: readonly (keyof ReportDocument)[], run?: string) =>
  useView<ReportDocument>("/document", { sections: sections.join(","), run_id: run }, ["steps"]);
export const useRequirements = () => useView<Requirements>("/requirements", {}, ["steps"]);
export const usePipelineRuns = () =>
  useView<{ runs: (PipelineRun & { states: Record<string, number> })[] }>("/pipeline/runs", { max_results: 50 }, ["steps"]);
export const usePipelineRun = (id: string) => useView<{ run: PipelineRun; steps: RunStep[] }>(`/pipeline/runs/${part(id)}`, {}, ["steps"], id !== "");
export const useLineage = (node: string, kinds: readonly string[]) =>
  useView<LineageView>("/lineage", { node: node || undefined, kind: kinds.length > 0 ? kinds.join(",") : undefined, max_results: 200 }, ["steps", "models", "deployments"]);
export const useSources = () => useView<{ sources: SourceGlance[] }>("/data", {}, ["steps"]);
export const useSource = (name: string) => useView<SourceView>(`/data/${part(name)}`, {}, ["steps"]);
export const useSnapshots = (source: string, before: string, after: string) =>
  useView<SnapshotsCompared>(`/data/${part(source)}/compare`, { before, after }, ["steps"], before !== "" && after !== "");
/** All of them, page after page: the search on the page looks at each. */
export const useModels = () => useQuery({
  queryKey: ["native", "/models"],
  meta: { kinds: ["models"] satisfies Kind[] },
  placeholderData: keepPreviousData,
  queryFn: async ({ signal }) => {
    const models: ModelGlance[] = [];
    let after: string | undefined;
    do {
      const page = await get<{ models: ModelGlance[]; next: string | null }>(`${API}/models`, { max_results: 1000, after }, signal);
      models.push(...page.models);
      after = page.next ?? undefined;
    } while (after !== undefined);
    return { models };
  },
});
/** Every change of a model, oldest first. */
export const fetchLog = (name: string) => get<{ log: Change[] }>(`${API}/models/${part(name)}/log`);
export const fetchModel = (name: string, before?: number) => get<ModelView>(`${API}/models/${part(name)}`, { before });
export const useModel = (name: string, before?: number) =>
  useView<ModelView>(`/models/${part(name)}`, { before }, ["models", "deployments", "steps"]);
export const useVersion = (name: string, version: string, on = true) =>
  useView<VersionView>(`/models/${part(name)}/versions/${part(version)}`, {}, ["models", "deployments", "steps"], on);
export const useAliasGate = (name: string, version: number, alias: string) =>
  useView<AliasGate & Reviewed>(`/models/${part(name)}/versions/${version}/gate`, { alias }, ["models"], alias !== "");
export const useLogState = () => useView<LogState>("/registry/log", {}, ["models"]);
export const useCompared = (name: string, a: string, b: string) =>
  useView<Compared>(`/models/${part(name)}/compare`, { a, b, all: true }, ["models", "deployments", "steps"], a !== "" && b !== "");
export const cardAddress = (name: string, version: number, format: "html" | "md" | "json") =>
  withQuery(`${API}/models/${part(name)}/versions/${version}/card`, { format });
export const useServing = () => useView<ServingView>("/serving", {}, ["deployments", "releases", "predictions"]);
export const useRelease = (id: string) => useView<{
  release: Release; verdicts: Verdict[]; earned: Maybe<Earned[]>; shadow: Maybe<Shadow>; log: Audit[];
}>(`/serving/releases/${part(id)}`, {}, ["releases"]);
export const useTraffic = (model: string, sinceMs: number | undefined) =>
  useView<{ model: string; versions: Traffic[] }>("/serving/predictions", { model, since_ms: sinceMs, buckets: 60 }, ["predictions"], model !== "");
export const useMonitoring = () => useView<MonitoringView>("/monitoring", {}, ["steps"]);

export interface Side { events: number; n: number; rate: Interval }
export interface MetricVerdict {
  metric: string; watch: string; stable: Side; candidate: Side; ratio: Interval; harm: { p: number; proven: boolean };
  safe: { p: number; proven: boolean; negligible: boolean };
}
export interface Verdict {
  call: string; sentence: string; requests: { stable: number; candidate: number }; latency_difference_ms: Interval; metrics: MetricVerdict[];
}
export interface Earned { version: string; requests: number; won: number; lost: number }
export interface Shadow {
  rows: number; dropped_requests: number; disagreement: Maybe<Interval>; confusion: { stable: string; candidate: string; n: number }[];
  latency_ms: Maybe<{ ratio: Interval }>;
}
export interface Audit { sequence: number; at: string; from: string; to: string; step: number; actor: string; sentence: string }

/** A metric of several runs for a chart: columns of equal width along steps or time, the same for all runs. */
export interface MetricColumns {
  metric_key: string; along: "step" | "time"; first?: number; last?: number; width?: number;
  runs: {
    run_id: string; count: number; odd: number; whole: boolean;
    /** Step, time, value. */
    points: [number, number, Value][];
    /** Number of the column, how many finite values, their mean, least and greatest. */
    columns: [number, number, number, number, number][];
  }[];
}
export const metricColumns = (runs: readonly string[], key: string, how: { along: "step" | "time"; range: [number, number] | null; columns: number },
  signal?: AbortSignal) => get<MetricColumns>(`${API}/metrics/columns`,
  { run_ids: runs, metric_key: key, along: how.along, first: how.range?.[0], last: how.range?.[1], columns: how.columns }, signal);
