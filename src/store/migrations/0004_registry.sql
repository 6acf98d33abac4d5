-- Registered models as MLflow's clients know them. A deleted version keeps its row, so that its number is never given
-- again. `path` is a package of this project's own (relative to its state folder), '' for what a client registered;
-- `source` is what the client named, `storage` where its files are.
CREATE TABLE registered_models (
  name TEXT PRIMARY KEY,
  description TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
);
INSERT INTO registered_models(name, description, created_ms, updated_ms)
  SELECT name, '', created_ms, created_ms FROM models;

CREATE TABLE registered_model_tags (
  name TEXT NOT NULL REFERENCES registered_models(name) ON UPDATE CASCADE ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (name, key)
) WITHOUT ROWID;

CREATE TABLE new_model_versions (
  name TEXT NOT NULL REFERENCES registered_models(name) ON UPDATE CASCADE ON DELETE CASCADE,
  version INTEGER NOT NULL,
  digest TEXT NOT NULL,
  path TEXT NOT NULL,
  source TEXT NOT NULL,
  storage TEXT NOT NULL,
  run_id TEXT NOT NULL,
  run_link TEXT NOT NULL,
  model_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  description TEXT NOT NULL,
  stage TEXT NOT NULL CHECK (stage IN ('None', 'Staging', 'Production', 'Archived', 'Deleted_Internal')),
  status TEXT NOT NULL CHECK (status IN ('PENDING_REGISTRATION', 'FAILED_REGISTRATION', 'READY')),
  status_message TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (name, version)
);
INSERT INTO new_model_versions(name, version, digest, path, source, storage, run_id, run_link, model_id, user_id,
                               description, stage, status, status_message, created_ms, updated_ms, detail)
  SELECT name, version, digest, path, '', '', run_id, '', '', '', '', 'None', 'READY', '', created_ms, created_ms, detail
  FROM model_versions;

CREATE TABLE model_version_tags (
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (name, version, key),
  FOREIGN KEY (name, version) REFERENCES new_model_versions(name, version) ON UPDATE CASCADE ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE new_model_aliases (
  name TEXT NOT NULL,
  alias TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (name, alias),
  FOREIGN KEY (name, version) REFERENCES new_model_versions(name, version) ON UPDATE CASCADE ON DELETE CASCADE
) WITHOUT ROWID;
INSERT INTO new_model_aliases(name, alias, version) SELECT name, alias, version FROM model_aliases;

DROP TABLE model_aliases;
DROP TABLE model_versions;
DROP TABLE models;
ALTER TABLE new_model_versions RENAME TO model_versions;
ALTER TABLE new_model_aliases RENAME TO model_aliases;
CREATE UNIQUE INDEX model_versions_by_digest ON model_versions(name, digest) WHERE digest <> '';
CREATE INDEX model_versions_by_run ON model_versions(run_id);
CREATE INDEX model_aliases_by_version ON model_aliases(name, version);
CREATE INDEX model_versions_by_stage ON model_versions(name, stage, version);
