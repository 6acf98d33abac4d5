-- Runs of training and of the pipeline, model versions, deployments, decisions and what points at what.
CREATE TABLE experiments (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_ms INTEGER NOT NULL
);

CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  experiment_id INTEGER NOT NULL REFERENCES experiments(id),
  parent_id TEXT,
  name TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED')),
  start_ms INTEGER NOT NULL,
  end_ms INTEGER
);
CREATE INDEX runs_by_experiment ON runs(experiment_id, start_ms);
CREATE INDEX runs_by_parent ON runs(parent_id);

CREATE TABLE run_params (
  run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_id, key)
) WITHOUT ROWID;

CREATE TABLE run_metrics (
  run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  step INTEGER NOT NULL,
  value REAL,
  time_ms INTEGER NOT NULL,
  PRIMARY KEY (run_id, key, step)
) WITHOUT ROWID;

CREATE TABLE run_tags (
  run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_id, key)
) WITHOUT ROWID;

-- One row per finished step result, found again by its key: the cache of the pipeline.
CREATE TABLE step_results (
  key TEXT PRIMARY KEY,
  step TEXT NOT NULL,
  output_digest TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('ok', 'gate_failed', 'check_failed')),
  message TEXT NOT NULL,
  files TEXT NOT NULL,
  record TEXT NOT NULL,
  parts TEXT NOT NULL,
  seconds REAL NOT NULL,
  finished_ms INTEGER NOT NULL,
  pipeline_run_id TEXT NOT NULL
);

CREATE INDEX step_results_by_step ON step_results(step, finished_ms);

-- Digests of source files, valid while the file's stat data stays the same.
CREATE TABLE file_digests (
  path TEXT PRIMARY KEY,
  inode INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  digest TEXT NOT NULL
);

CREATE TABLE pipeline_runs (
  id TEXT PRIMARY KEY,
  project TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('RUNNING', 'FINISHED', 'FAILED', 'KILLED')),
  start_ms INTEGER NOT NULL,
  end_ms INTEGER,
  summary TEXT NOT NULL
);

-- What each step of each pipeline run did, and why.
CREATE TABLE pipeline_steps (
  pipeline_run_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  step TEXT NOT NULL,
  phase TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('planned', 'running', 'done', 'cached', 'skipped', 'failed')),
  reason TEXT NOT NULL,
  key TEXT NOT NULL,
  seconds REAL,
  PRIMARY KEY (pipeline_run_id, step)
);

CREATE TABLE models (
  name TEXT PRIMARY KEY,
  created_ms INTEGER NOT NULL
);

CREATE TABLE model_versions (
  name TEXT NOT NULL REFERENCES models(name),
  version INTEGER NOT NULL,
  digest TEXT NOT NULL,
  path TEXT NOT NULL,
  run_id TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (name, version)
);
CREATE UNIQUE INDEX model_versions_by_digest ON model_versions(name, digest);

CREATE TABLE model_aliases (
  name TEXT NOT NULL,
  alias TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (name, alias),
  FOREIGN KEY (name, version) REFERENCES model_versions(name, version)
) WITHOUT ROWID;

-- Append-only: every change of the registry with who, when, why, before and after.
CREATE TABLE registry_log (
  id INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  name TEXT NOT NULL,
  change TEXT NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  reason TEXT NOT NULL
);

CREATE TABLE deployments (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('starting', 'testing', 'live', 'retired', 'failed')),
  created_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  detail TEXT NOT NULL
);

-- Lineage: kind is source, snapshot, check, run, model_version, deployment, batch, labels, drift,
-- decision; an edge means "went into".
CREATE TABLE lineage_nodes (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  label TEXT NOT NULL,
  detail TEXT NOT NULL,
  created_ms INTEGER NOT NULL
);
CREATE TABLE lineage_edges (
  from_id TEXT NOT NULL REFERENCES lineage_nodes(id),
  to_id TEXT NOT NULL REFERENCES lineage_nodes(id),
  PRIMARY KEY (from_id, to_id)
) WITHOUT ROWID;
CREATE INDEX lineage_edges_by_target ON lineage_edges(to_id);
