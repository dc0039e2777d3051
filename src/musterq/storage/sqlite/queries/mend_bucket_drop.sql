-- Drops a bound that no bucket of run times has.
DELETE FROM run_buckets WHERE upper_ms = ?
