-- Adds to a row of the history; its buckets are given whole, or as {} where there are none to add.
INSERT INTO history (span, by_type, what, at, type, n, ms, buckets) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (span, by_type, what, at, type) DO UPDATE SET
    n = n + excluded.n, ms = ms + excluded.ms,
    buckets = CASE excluded.buckets WHEN '{}' THEN buckets ELSE excluded.buckets END
