-- Experiments, runs and metric series as MLflow's clients know them.
CREATE TABLE new_experiments (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  artifact_location TEXT NOT NULL,
  lifecycle TEXT NOT NULL CHECK (lifecycle IN ('active', 'deleted')),
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
);
INSERT INTO new_experiments(id, name, artifact_location, lifecycle, created_ms, updated_ms)
  SELECT id, name, '', 'active', created_ms, created_ms FROM experiments;

CREATE TABLE experiment_tags (
  experiment_id INTEGER NOT NULL REFERENCES new_experiments(id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (experiment_id, key)
) WITHOUT ROWID;

-- `revision` grows with every change of what a search shows of the run.
CREATE TABLE new_runs (
  num INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  experiment_id INTEGER NOT NULL REFERENCES new_experiments(id),
  parent_id TEXT,
  name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED')),
  start_ms INTEGER NOT NULL,
  end_ms INTEGER,
  artifact_uri TEXT NOT NULL,
  lifecycle TEXT NOT NULL CHECK (lifecycle IN ('active', 'deleted')),
  deleted_ms INTEGER,
  revision INTEGER NOT NULL
);
INSERT INTO new_runs(id, experiment_id, parent_id, name, user_id, status, start_ms, end_ms, artifact_uri,
                     lifecycle, deleted_ms, revision)
  SELECT id, experiment_id, parent_id, name, '', status, start_ms, end_ms, '', 'active', NULL, 0
  FROM runs ORDER BY start_ms, id;

CREATE TABLE new_run_params (
  run INTEGER NOT NULL REFERENCES new_runs(num) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;
INSERT INTO new_run_params(run, key, value)
  SELECT n.num, p.key, p.value FROM run_params p JOIN new_runs n ON n.id = p.run_id;

CREATE TABLE new_run_tags (
  run INTEGER NOT NULL REFERENCES new_runs(num) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;
INSERT INTO new_run_tags(run, key, value)
  SELECT n.num, t.key, t.value FROM run_tags t JOIN new_runs n ON n.id = t.run_id;

INSERT INTO new_run_tags(run, key, value)
  SELECT num, 'mlflow.runName', name FROM new_runs WHERE true ON CONFLICT DO NOTHING;
INSERT INTO new_run_tags(run, key, value)
  SELECT num, 'mlflow.parentRunId', parent_id FROM new_runs WHERE parent_id IS NOT NULL ON CONFLICT DO NOTHING;

-- One row per run and metric: what searches and tables read. `last` is the greatest by step, time and value;
-- least and greatest leave NaN out and are NULL while there is nothing else; a NaN last value is NULL. `sealed` of the
-- points are in chunks.
CREATE TABLE metric_series (
  num INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL REFERENCES new_runs(num) ON DELETE CASCADE,
  key TEXT NOT NULL,
  points INTEGER NOT NULL,
  last_value REAL,
  last_step INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  least REAL,
  greatest REAL,
  first_step INTEGER NOT NULL,
  top_step INTEGER NOT NULL,
  sealed INTEGER NOT NULL,
  UNIQUE (run, key)
);
INSERT INTO metric_series(run, key, points, last_value, last_step, last_ms, least, greatest, first_step, top_step,
                          sealed)
  SELECT n.num, m.key, s.points, m.value, m.step, m.time_ms, s.least, s.greatest, s.first_step, s.top_step, 0
  FROM run_metrics m
  JOIN (SELECT run_id, key, count(*) AS points, min(value) AS least, max(value) AS greatest,
               min(step) AS first_step, max(step) AS top_step
        FROM run_metrics GROUP BY run_id, key) s
    ON s.run_id = m.run_id AND s.key = m.key AND s.top_step = m.step
  JOIN new_runs n ON n.id = m.run_id;

-- The youngest points of a series, until there are enough of them for a chunk. The key is MLflow's identity of a
-- point: the same again is the same point. A NaN has `nan` 1 and value 0.
CREATE TABLE metric_points (
  series INTEGER NOT NULL REFERENCES metric_series(num) ON DELETE CASCADE,
  time_ms INTEGER NOT NULL,
  step INTEGER NOT NULL,
  value REAL NOT NULL,
  nan INTEGER NOT NULL,
  PRIMARY KEY (series, time_ms, step, value, nan)
) WITHOUT ROWID;
INSERT INTO metric_points(series, time_ms, step, value, nan)
  SELECT s.num, m.time_ms, m.step, coalesce(m.value, 0), CASE WHEN m.value IS NULL THEN 1 ELSE 0 END
  FROM run_metrics m JOIN new_runs n ON n.id = m.run_id
  JOIN metric_series s ON s.run = n.num AND s.key = m.key;

-- Older points in columns (docs/format/metric_chunk.md).
CREATE TABLE metric_chunks (
  series INTEGER NOT NULL REFERENCES metric_series(num) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  points INTEGER NOT NULL,
  first_step INTEGER NOT NULL,
  top_step INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (series, position)
);

CREATE TABLE datasets (
  num INTEGER PRIMARY KEY AUTOINCREMENT,
  experiment_id INTEGER NOT NULL REFERENCES new_experiments(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source TEXT NOT NULL,
  schema TEXT,
  profile TEXT,
  UNIQUE (experiment_id, name, digest)
);
CREATE TABLE run_inputs (
  num INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL REFERENCES new_runs(num) ON DELETE CASCADE,
  dataset INTEGER NOT NULL REFERENCES datasets(num) ON DELETE CASCADE,
  UNIQUE (run, dataset)
);
CREATE INDEX run_inputs_by_dataset ON run_inputs(dataset);
CREATE TABLE run_input_tags (
  input INTEGER NOT NULL REFERENCES run_inputs(num) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (input, key)
) WITHOUT ROWID;

CREATE TABLE logged_models (
  num INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  experiment_id INTEGER NOT NULL REFERENCES new_experiments(id),
  name TEXT NOT NULL,
  model_type TEXT NOT NULL,
  source_run_id TEXT NOT NULL,
  artifact_uri TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN
    ('LOGGED_MODEL_PENDING', 'LOGGED_MODEL_READY', 'LOGGED_MODEL_UPLOAD_FAILED')),
  status_message TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  deleted_ms INTEGER
);
CREATE INDEX logged_models_by_experiment ON logged_models(experiment_id, created_ms);
CREATE INDEX logged_models_by_run ON logged_models(source_run_id);
CREATE TABLE logged_model_params (
  model INTEGER NOT NULL REFERENCES logged_models(num) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model, key)
) WITHOUT ROWID;
CREATE TABLE logged_model_tags (
  model INTEGER NOT NULL REFERENCES logged_models(num) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model, key)
) WITHOUT ROWID;
CREATE TABLE logged_model_metrics (
  model INTEGER NOT NULL REFERENCES logged_models(num) ON DELETE CASCADE,
  key TEXT NOT NULL,
  step INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  value REAL NOT NULL,
  nan INTEGER NOT NULL,
  run_id TEXT NOT NULL,
  dataset_name TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  PRIMARY KEY (model, key, step, time_ms, value, nan, run_id, dataset_name, dataset_digest)
) WITHOUT ROWID;
-- Models that a run reads ('input') or makes ('output', with the step).
CREATE TABLE run_models (
  run INTEGER NOT NULL REFERENCES new_runs(num) ON DELETE CASCADE,
  direction TEXT NOT NULL CHECK (direction IN ('input', 'output')),
  model_id TEXT NOT NULL,
  step INTEGER NOT NULL,
  PRIMARY KEY (run, direction, model_id)
) WITHOUT ROWID;
CREATE INDEX run_models_by_model ON run_models(model_id);

DROP TABLE run_metrics;
DROP TABLE run_params;
DROP TABLE run_tags;
DROP TABLE runs;
DROP TABLE experiments;
ALTER TABLE new_experiments RENAME TO experiments;
ALTER TABLE new_runs RENAME TO runs;
ALTER TABLE new_run_params RENAME TO run_params;
ALTER TABLE new_run_tags RENAME TO run_tags;
CREATE INDEX runs_by_start ON runs(experiment_id, lifecycle, start_ms DESC, id);
CREATE INDEX runs_by_parent ON runs(parent_id);
