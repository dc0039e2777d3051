-- The bounds of the buckets of run times.
SELECT upper_ms FROM run_buckets
