-- The registry's log as a chain: `digest` covers the record and the digest of the one before, so that a record that was
-- changed or taken out shows. Records of earlier programs have sequence 0 and are outside of the chain.
ALTER TABLE registry_log ADD COLUMN sequence BIGINT NOT NULL DEFAULT 0;
ALTER TABLE registry_log ADD COLUMN previous TEXT NOT NULL DEFAULT '';
ALTER TABLE registry_log ADD COLUMN digest TEXT NOT NULL DEFAULT '';

-- Where the chain ends: its last record cannot be taken away unnoticed. `first_id` is the last record before the chain.
CREATE TABLE registry_log_head (
  log TEXT PRIMARY KEY,              -- 'registry'
  entries BIGINT NOT NULL,
  digest TEXT NOT NULL,
  first_id BIGINT NOT NULL
);
INSERT INTO registry_log_head(log, entries, digest, first_id)
  SELECT 'registry', 0, '', coalesce(max(id), 0) FROM registry_log;

-- What must hold before an alias of a model moves to a version, as JSON.
CREATE TABLE alias_policies (
  name TEXT NOT NULL REFERENCES registered_models(name) ON UPDATE CASCADE ON DELETE CASCADE,
  alias TEXT NOT NULL,
  policy TEXT NOT NULL,
  PRIMARY KEY (name, alias)
);

-- What reviewers think of a version; the last word of each.
CREATE TABLE version_reviews (
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  reviewer TEXT NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('approved', 'rejected')),
  reason TEXT NOT NULL,
  time_ms BIGINT NOT NULL,
  PRIMARY KEY (name, version, reviewer),
  FOREIGN KEY (name, version) REFERENCES model_versions(name, version) ON UPDATE CASCADE ON DELETE CASCADE
);

-- Checks of a version by name, the last outcome of each: of a run, of a pipeline elsewhere, or of people.
CREATE TABLE version_checks (
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  check_name TEXT NOT NULL,
  passed INTEGER NOT NULL CHECK (passed IN (0, 1)),
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  time_ms BIGINT NOT NULL,
  PRIMARY KEY (name, version, check_name),
  FOREIGN KEY (name, version) REFERENCES model_versions(name, version) ON UPDATE CASCADE ON DELETE CASCADE
);

-- Versions that may have an alias although its policy does not hold.
CREATE TABLE alias_overrides (
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  alias TEXT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  time_ms BIGINT NOT NULL,
  PRIMARY KEY (name, version, alias),
  FOREIGN KEY (name, version) REFERENCES model_versions(name, version) ON UPDATE CASCADE ON DELETE CASCADE
);
