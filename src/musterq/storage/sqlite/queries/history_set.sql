-- Writes a row of the history anew.
INSERT INTO history (span, by_type, what, at, type, n, ms, buckets)
VALUES (:span, :by_type, :what, :at, :type, :n, :ms, :buckets)
ON CONFLICT (span, by_type, what, at, type) DO UPDATE SET n = excluded.n, ms = excluded.ms, buckets = excluded.buckets
