-- Adds a bound of a bucket of run times.
INSERT INTO run_buckets (upper_ms) VALUES (?)
