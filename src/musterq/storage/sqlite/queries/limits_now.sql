-- The limits of the given types, with what counts against them: tasks that are being worked on, and the bucket.
SELECT type_limits.type, max_running, ifnull(counters.n, 0), rate_count, rate_seconds,
       tokens, tokens_at_utc, tokens_boot_id, tokens_boot_ms
FROM type_limits
LEFT JOIN counters ON counters.kind = 3 AND counters.key1 = type_limits.type AND counters.key2 = 'processing'
WHERE type_limits.type IN (SELECT value FROM json_each(:types))
