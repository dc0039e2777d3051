-- All limits.
SELECT type, max_running, rate_count, rate_seconds FROM type_limits ORDER BY type
