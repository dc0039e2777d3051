-- Adds to what happened in a minute, of one type and bucket of time.
INSERT INTO tallies (minute, type, what, bucket, n, ms) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (minute, type, what, bucket) DO UPDATE SET n = n + excluded.n, ms = ms + excluded.ms
