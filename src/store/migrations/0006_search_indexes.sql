-- What searches of runs begin with: rows by value, and runs in the order of a page. Long texts are in the indexes with
-- their beginnings: PostgreSQL takes no more than some 2,700 bytes.
CREATE INDEX metric_series_by_value ON metric_series(key, last_value, run);
CREATE INDEX run_params_by_value ON run_params(key, substr(value, 1, 64), run);
CREATE INDEX run_tags_by_value ON run_tags(key, substr(value, 1, 64), run);
CREATE INDEX runs_by_name ON runs(substr(name, 1, 64));
CREATE INDEX runs_by_status ON runs(status);
CREATE INDEX runs_by_time ON runs(start_ms, id);
CREATE INDEX runs_by_end ON runs(end_ms);
