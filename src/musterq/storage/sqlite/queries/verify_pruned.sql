-- What cannot have been pruned (kind 5), and the nearest to it that can.
SELECT kind, typeof(key1), CAST(key1 AS BLOB), typeof(key2), CAST(key2 AS BLOB), n, attempts, timed, run_ms,
       least_n,
       CASE WHEN timable AND least_n > 0 THEN max(attempts, 0) ELSE 0 END,
       least_timed,
       CASE WHEN least_timed > 0 THEN max(run_ms, 0) ELSE 0 END
FROM (
    SELECT *, CASE WHEN timable THEN min(max(timed, 0), least_n) ELSE 0 END AS least_timed
    FROM (
        SELECT kind, key1, key2, CAST(n AS INTEGER) AS n, CAST(sum1 AS INTEGER) AS attempts,
               CAST(sum2 AS INTEGER) AS timed, CAST(sum3 AS INTEGER) AS run_ms,
               key2 IN ('completed', 'failed') AS timable,
               CASE WHEN key2 IN ('completed', 'failed', 'cancelled') THEN max(CAST(n AS INTEGER), 0) ELSE 0 END AS least_n
        FROM counters WHERE kind = 5
    )
)
WHERE n <> least_n OR timed <> least_timed OR run_ms < 0 OR (least_timed = 0 AND run_ms <> 0)
      OR attempts < 0 OR (attempts <> 0 AND NOT (timable AND least_n > 0))
