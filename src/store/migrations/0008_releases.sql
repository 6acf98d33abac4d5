-- How versions take over from each other. `state` is the release's state machine, `counters` what was counted of its
-- requests; both JSON. `revision` goes up with each state, so that of two processes only one moves a release on.
CREATE TABLE releases (
  id TEXT PRIMARY KEY,
  model TEXT NOT NULL,
  phase TEXT NOT NULL,
  closed INTEGER NOT NULL,           -- 1: no traffic is routed by it any more
  pending INTEGER NOT NULL,          -- actions that are not done for certain
  revision BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL,
  state TEXT NOT NULL,
  counters TEXT NOT NULL,
  counted_ms BIGINT NOT NULL,        -- when counters were last written
  shadow TEXT NOT NULL               -- JSON of the shadow report, or ''
);
CREATE UNIQUE INDEX releases_open ON releases(model) WHERE closed = 0;
CREATE INDEX releases_by_time ON releases(model, created_ms, id);

-- Append-only: every change of a release with who, why and the evidence. `digest` covers the record and the digest of
-- the one before, so that a record that was changed or taken out shows.
CREATE TABLE release_audit (
  release_id TEXT NOT NULL REFERENCES releases(id),
  sequence BIGINT NOT NULL,          -- 1, 2, …
  at_ms BIGINT NOT NULL,
  from_phase TEXT NOT NULL,
  to_phase TEXT NOT NULL,
  step INTEGER NOT NULL,
  actor TEXT NOT NULL,
  sentence TEXT NOT NULL,
  detail TEXT NOT NULL,              -- JSON
  previous TEXT NOT NULL,            -- digest of the record before, '' for the first
  digest TEXT NOT NULL,
  PRIMARY KEY (release_id, sequence)
);
