-- Of a chunk that lies wholly between two places of a chart only its first, least, greatest and last point are drawn:
-- `marks` has them (metric_marks.h), so that it need not be opened. `odd` of its points are NaN or infinite and in none of
-- these, nor in `mean`. NULL marks: an older chunk, or one whose steps go back; it is opened. The index has all that is
-- asked of chunks before one is opened.
ALTER TABLE metric_chunks ADD COLUMN marks BLOB;
ALTER TABLE metric_chunks ADD COLUMN odd INTEGER;
ALTER TABLE metric_chunks ADD COLUMN mean REAL;
CREATE INDEX metric_chunks_by_mark ON metric_chunks(series, position, points, odd, mean, marks);
