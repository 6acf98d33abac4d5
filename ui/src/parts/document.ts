// The records of docs/format/records.md as this page reads them. A number that does not exist is null, a
// phase that did not run is absent: everything is optional here, and every part says so when it is not there.
export type Maybe<T> = T | null | undefined;

export interface Interval { value: Maybe<number>; low?: Maybe<number>; high?: Maybe<number> }
export type Intervals = Record<string, Maybe<Interval>>;

export interface Goal { metric: string; op: string; value: number }
export interface Requirement { id: string; text: string; require?: Maybe<Goal> }
export interface Hypothesis {
  text: string; challenger?: string; baseline?: string; margin?: number; metric?: string;
}
export interface Design {
  project?: string; added_value?: Maybe<string>; roles?: Maybe<{ role: string; who?: Maybe<string> }[]>;
  requirements?: Maybe<Requirement[]>; key_metrics?: Maybe<Goal[]>; hypothesis?: Maybe<Hypothesis>;
  open?: Maybe<{ key: string; question: string }[]>;
}

export type GateStatus = "pass" | "fail" | "pending";
export interface Gate {
  kind: string; id: string; text?: Maybe<string>; metric?: Maybe<string>; op?: Maybe<string>; limit?: Maybe<number>;
  observed?: Maybe<number>; low?: Maybe<number>; high?: Maybe<number>; status: GateStatus;
}

export interface Reject { file?: string; line?: number; column?: Maybe<string>; raw?: string; reason?: string }
export interface Ingest {
  source: string; path?: string; format?: string; encoding?: string; rows?: Maybe<number>;
  columns?: Maybe<{ name: string; type: string; physical?: string }[]>; rejected?: Maybe<number>;
  rejects?: Maybe<Reject[]>; digest?: Maybe<string>; source_digest?: Maybe<string>; snapshot?: Maybe<number>;
  bytes?: Maybe<number>;
}

export interface Check {
  name: string; kind?: string; column?: Maybe<string>; dimension?: Maybe<string>; severity?: Maybe<string>;
  mostly?: Maybe<number>; success: boolean; evaluated?: Maybe<number>; failed?: Maybe<number>; share?: Maybe<number>;
  observed?: unknown; text?: Maybe<string>;
  examples?: Maybe<{ row?: number; key?: Maybe<Record<string, unknown>>; value?: unknown }[]>;
}
export type Scores = Record<string, Maybe<{ value: Maybe<number>; formula?: Maybe<string> }>>;
export interface Validate {
  source: string; rows?: Maybe<number>; success?: Maybe<boolean>; checks?: Maybe<Check[]>; scores?: Maybe<Scores>;
}

export interface Bins { edges?: Maybe<number[]>; counts?: Maybe<number[]> }
export interface TargetRelation {
  measure?: Maybe<string>; value?: Maybe<number>;
  bins?: Maybe<{ label: string; count?: number; rate?: Maybe<number>; mean?: Maybe<number> }[]>;
}
export interface ColumnProfile {
  name: string; type: string; missing?: Maybe<number>; missing_share?: Maybe<number>; distinct?: Maybe<number>;
  zeros?: Maybe<number>; mean?: Maybe<number>; std?: Maybe<number>; min?: Maybe<number | string>;
  max?: Maybe<number | string>; skew?: Maybe<number>; quantiles?: Maybe<Record<string, Maybe<number>>>;
  outliers?: Maybe<{ iqr?: Maybe<number>; modified_z?: Maybe<number> }>; histogram?: Maybe<Bins>;
  top?: Maybe<{ value: unknown; count: number }[]>; target?: Maybe<TargetRelation>;
}
export interface Association { a: string; b: string; measure?: Maybe<string>; value?: Maybe<number> }
export interface Alert { kind?: string; column?: Maybe<string>; harm?: Maybe<number>; text: string }
export interface MissingPattern { columns: string[]; count: number; share?: Maybe<number> }
export interface Explore {
  source: string; rows?: Maybe<number>; duplicate_rows?: Maybe<number>; columns?: Maybe<ColumnProfile[]>;
  target?: Maybe<{
    name: string; classes?: Maybe<{ label: string; count?: number; share?: Maybe<number> }[]>; imbalance?: Maybe<number>;
  }>;
  associations?: Maybe<{ columns?: Maybe<string[]>; cells?: Maybe<Association[]> }>;
  missing_patterns?: Maybe<MissingPattern[]>;
  missing_correlation?: Maybe<{ a: string; b: string; value?: Maybe<number> }[]>; alerts?: Maybe<Alert[]>;
}

export interface FoldMetric { mean: Maybe<number>; std?: Maybe<number>; folds?: Maybe<Maybe<number>[]> }
export interface Model {
  name: string; kind?: string; params?: Maybe<Record<string, unknown>>; tuned?: Maybe<boolean>; trials?: Maybe<number>;
  run_id?: Maybe<string>; metrics?: Maybe<Record<string, Maybe<FoldMetric>>>; fit_seconds?: Maybe<number>;
}
export interface Trial {
  run_id?: string; model: string; number?: Maybe<number>; params?: Maybe<Record<string, unknown>>;
  value?: Maybe<number>; state?: Maybe<string>;
}
export interface SplitPart {
  name: string; train_rows?: Maybe<number>; test_rows?: Maybe<number>; shared_groups?: Maybe<number>;
  train_until?: Maybe<number | string>; test_from?: Maybe<number | string>;
}
export interface RowSplit { by?: Maybe<string>; column?: Maybe<string>; parts?: Maybe<SplitPart[]> }
export interface Train {
  task?: Maybe<string>; target?: Maybe<string>; positive?: Maybe<string>; classes?: Maybe<string[]>; rows?: Maybe<number>;
  holdout_rows?: Maybe<number>; folds?: Maybe<number>; repeats?: Maybe<number>; metric?: Maybe<string>;
  seed?: Maybe<number>; models?: Maybe<Model[]>; trials?: Maybe<Trial[]>; selected?: Maybe<string>;
  reason?: Maybe<string>; warnings?: Maybe<string[]>; columns?: Maybe<{ name: string; features?: Maybe<number> }[]>;
  split?: Maybe<RowSplit>;
}

export interface ThresholdRow {
  threshold: number; accuracy?: Maybe<number>; precision?: Maybe<number>; recall?: Maybe<number>;
  specificity?: Maybe<number>; f1?: Maybe<number>;
}
export interface Slice { by: string; value: unknown; count?: Maybe<number>; metrics?: Maybe<Intervals> }
export interface Difference extends Interval {}
export interface Comparison {
  baseline?: Maybe<string>; metric?: Maybe<string>; difference?: Maybe<Difference>; p_value?: Maybe<number>;
  test?: Maybe<string>;
}
export interface Evaluate {
  model?: Maybe<string>; rows?: Maybe<number>; threshold?: Maybe<number>; positive?: Maybe<string>;
  metrics?: Maybe<Intervals>; confusion?: Maybe<{ labels: string[]; matrix: number[][] }>;
  roc?: Maybe<number[][]>; pr?: Maybe<number[][]>;
  calibration?: Maybe<{ score: number; rate: number; count?: number }[]>;
  score_histogram?: Maybe<{ edges: number[]; by_class: { label: string; counts: number[] }[] }>;
  thresholds?: Maybe<ThresholdRow[]>; slices?: Maybe<Slice[]>;
  importance?: Maybe<{ column: string; value: Maybe<number>; low?: Maybe<number>; high?: Maybe<number> }[]>;
  comparison?: Maybe<Comparison>; gates?: Maybe<Gate[]>;
  hypothesis?: Maybe<{
    text: string; verdict: string; difference?: Maybe<Difference>; p_value?: Maybe<number>; test?: Maybe<string>;
  }>;
  next_steps?: Maybe<string[]>; holdout_uses?: Maybe<number>; residuals?: Maybe<number[][]>;
}

export interface Register {
  name?: string; version?: Maybe<number>; digest?: Maybe<string>; path?: Maybe<string>; aliases?: Maybe<string[]>;
  promoted?: Maybe<boolean>; gates?: Maybe<Gate[]>; reason?: Maybe<string>;
}
/** How a version took over from the one in service. */
export interface Release {
  id?: string; strategy?: string; stable?: Maybe<number>; phase?: string; verdict?: Maybe<{ sentence?: string }>;
  log?: Maybe<{ at?: string; to?: string; actor?: string; sentence?: string; weights?: Maybe<{ version: string; weight: number }[]> }[]>;
}

export interface Deploy {
  name?: string; version?: Maybe<number>; state?: Maybe<string>; url?: Maybe<string>;
  self_test?: Maybe<{ rows?: Maybe<number>; max_difference?: Maybe<number>; ok?: Maybe<boolean> }>;
  parity?: Maybe<{ rows?: Maybe<number>; max_difference?: Maybe<number>; limit?: Maybe<number>; ok?: Maybe<boolean> }>;
  latency?: Maybe<{ requests?: Maybe<number>; p50_ms?: Maybe<number>; p99_ms?: Maybe<number> }>; gates?: Maybe<Gate[]>;
  release?: Maybe<Release>;
}

export interface Shares { edges?: Maybe<number[]>; labels?: Maybe<string[]>; shares?: Maybe<number[]> }
export interface DriftTest {
  name: string; statistic?: Maybe<number>; p_value?: Maybe<number>; threshold?: Maybe<number>; drifted?: Maybe<boolean>;
}
export interface DriftColumn {
  column: string; type?: string; tests?: Maybe<DriftTest[]>; adjusted_p_value?: Maybe<number>; drifted?: Maybe<boolean>;
  reason?: Maybe<string>;
  missing?: Maybe<{
    reference?: Maybe<number>; current?: Maybe<number>; p_value?: Maybe<number>; drifted?: Maybe<boolean>;
  }>;
  new_categories?: Maybe<{ value: unknown; share?: Maybe<number> }[]>; reference?: Maybe<Shares>; current?: Maybe<Shares>;
}
export interface Drift {
  columns?: Maybe<DriftColumn[]>;
  dataset?: Maybe<{
    drifted?: Maybe<boolean>; drifted_columns?: Maybe<number>; columns?: Maybe<number>; share?: Maybe<number>;
    limit?: Maybe<number>;
  }>;
}
export interface Monitor {
  batch: string; rows?: Maybe<number>; model?: Maybe<string>; version?: Maybe<number>;
  quality?: Maybe<{ scores?: Maybe<Scores>; failed_checks?: Maybe<string[]> }>; drift?: Maybe<Drift>;
  prediction_drift?: Maybe<DriftColumn>;
  labels?: Maybe<{
    rows?: Maybe<number>; joined?: Maybe<number>; unknown?: Maybe<number>; coverage?: Maybe<number>;
    unknown_classes?: Maybe<{ label: string; rows: number }[]>;
  }>;
  performance?: Maybe<{ metrics?: Maybe<Intervals>; expected?: Maybe<Intervals> }>;
  concept_drift?: Maybe<{ state?: Maybe<string>; reason?: Maybe<string> }>;
}

export interface Candidate {
  name: string; data?: Maybe<string>; rows?: Maybe<number>; version?: Maybe<number>; value?: Maybe<Interval>;
  difference?: Maybe<Difference>; p_value?: Maybe<number>; accepted?: Maybe<boolean>; reason?: Maybe<string>;
}
export interface Retrain {
  batch: string;
  trigger?: Maybe<{
    state?: Maybe<string>; conditions?: Maybe<{ when: string; state?: Maybe<string>; reason?: Maybe<string> }[]>;
  }>;
  holdout_rows?: Maybe<number>; metric?: Maybe<string>;
  champion?: Maybe<{ version?: Maybe<number>; value?: Maybe<Interval> }>; candidates?: Maybe<Candidate[]>;
  decision?: Maybe<{ action?: Maybe<string>; version?: Maybe<number>; reason?: Maybe<string> }>;
}

export interface Step {
  id: string; phase?: Maybe<string>; state?: Maybe<string>; seconds?: Maybe<number>; reason?: Maybe<string>;
}
export interface LineageNode {
  id: string; kind?: Maybe<string>; label?: Maybe<string>; detail?: Maybe<string>; created_ms?: Maybe<number>; actor?: Maybe<string>;
  /** Of the server's page: the run of the tracking that it stands for. */
  run?: Maybe<{ id: string; experiment_id: string }>;
}
export interface LineageGraph {
  nodes?: Maybe<LineageNode[]>; edges?: Maybe<{ from: string; to: string }[]>;
}

export interface ReportDocument {
  /** "profile" shows the data section alone: the page of `quern data profile --html`. */
  view?: Maybe<"report" | "profile">;
  project?: Maybe<string>; program_version?: Maybe<string>; generated_at?: Maybe<string>; run_id?: Maybe<string>;
  state?: Maybe<string>; design?: Maybe<Design>; ingest?: Maybe<Ingest[]>; validate?: Maybe<Validate[]>;
  explore?: Maybe<Explore[]>; train?: Maybe<Train>; evaluate?: Maybe<Evaluate>; register?: Maybe<Register>;
  deploy?: Maybe<Deploy>; monitor?: Maybe<Monitor[]>; retrain?: Maybe<Retrain[]>; deployments?: Maybe<Deploy[]>;
  steps?: Maybe<Step[]>; lineage?: Maybe<LineageGraph>;
}
