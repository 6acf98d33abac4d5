-- What the model server answered, row by row, and the labels that came back for it.
CREATE TABLE predictions (
  prediction_id TEXT PRIMARY KEY,
  request_id TEXT NOT NULL,          -- the caller's id, or ''
  row_index BIGINT NOT NULL,         -- of the row within its request, from 0
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  made_at BIGINT NOT NULL,           -- milliseconds since 1970, UTC
  features TEXT NOT NULL,            -- JSON object: raw columns as served, null for missing
  scores TEXT NOT NULL,              -- JSON array: probabilities in class order, or the one value
  decision TEXT NOT NULL,            -- class label, or the value in shortest form
  latency_ms DOUBLE PRECISION NOT NULL
);
CREATE INDEX predictions_by_model ON predictions (model, version, made_at);

-- The label that counts now. A row without a prediction is kept: its prediction may still arrive.
CREATE TABLE feedback (
  prediction_id TEXT PRIMARY KEY,
  label TEXT NOT NULL,
  label_time BIGINT,                 -- when the outcome became known; NULL if the sender did not say
  source TEXT NOT NULL,              -- who said so, or ''
  revision BIGINT NOT NULL,          -- 1 for the first label, +1 for each that differed
  received_at BIGINT NOT NULL
);

-- Every label that ever counted.
CREATE TABLE feedback_history (
  prediction_id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  label TEXT NOT NULL,
  label_time BIGINT,
  source TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  PRIMARY KEY (prediction_id, revision)
);
