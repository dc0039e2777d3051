-- Limits a type, or changes its limit; what is in its bucket stays there, and a new bucket (NULL) is full.
INSERT INTO type_limits (type, max_running, rate_count, rate_seconds)
VALUES (:type, :max_running, :rate_count, :rate_seconds)
ON CONFLICT (type) DO UPDATE SET
    max_running = excluded.max_running, rate_count = excluded.rate_count, rate_seconds = excluded.rate_seconds,
    tokens = CASE WHEN excluded.rate_count IS NOT NULL THEN tokens END
