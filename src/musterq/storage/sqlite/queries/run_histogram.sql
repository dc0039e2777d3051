-- Run times of completed and failed tasks by buckets.
SELECT status, upper_ms, n FROM run_histogram WHERE n > 0 ORDER BY status, upper_ms
