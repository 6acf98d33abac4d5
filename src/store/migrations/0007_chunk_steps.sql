-- A chunk whose steps go up by the same amount need not be opened to know them: `stride` is that amount, NULL where they
-- do not, or in chunks of an older program. The index has all that is asked of chunks before one is opened.
ALTER TABLE metric_chunks ADD COLUMN stride INTEGER;
CREATE INDEX metric_chunks_by_step ON metric_chunks(series, position, first_step, top_step, points, stride, first_ms,
  last_ms);
