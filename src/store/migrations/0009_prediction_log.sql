-- How far the segments of the prediction log (docs/format/prediction_log.md) have been moved into `predictions`.
CREATE TABLE prediction_segments (
  segment TEXT PRIMARY KEY,          -- its file's name
  position BIGINT NOT NULL,          -- bytes of it that have been moved
  moved_at BIGINT NOT NULL           -- milliseconds since 1970, UTC
);

-- Which way a release sent the request, or ''.
ALTER TABLE predictions ADD COLUMN route TEXT NOT NULL DEFAULT '';
CREATE INDEX predictions_by_time ON predictions (made_at);

-- Predictions that were moved out of `predictions`, with the labels that they had, into Parquet files.
CREATE TABLE prediction_files (
  path TEXT PRIMARY KEY,             -- below the project's state folder
  first_made_at BIGINT NOT NULL,
  last_made_at BIGINT NOT NULL,
  row_count BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  written_at BIGINT NOT NULL
);
