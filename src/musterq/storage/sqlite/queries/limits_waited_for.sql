-- The limited rates of types that have waiting tasks and are not paused, in the columns of limits_now.sql.
SELECT type_limits.type, max_running, ifnull(counters.n, 0), rate_count, rate_seconds,
       tokens, tokens_at_utc, tokens_boot_id, tokens_boot_ms
FROM type_limits
LEFT JOIN counters ON counters.kind = 3 AND counters.key1 = type_limits.type AND counters.key2 = 'processing'
WHERE rate_count IS NOT NULL AND type_limits.type NOT IN (SELECT type FROM paused_types)
      AND EXISTS (
          SELECT 1 FROM lanes JOIN counters AS waiting ON waiting.kind = 0 AND waiting.key1 = lanes.lane_id
          WHERE lanes.type = type_limits.type AND waiting.n > 0
      )
