-- What a stretch of tasks adds to the counters of types and statuses (kind 3) and of run times (kind 4).
WITH told AS MATERIALIZED (
    SELECT type, status,
           CASE WHEN status IN ('completed', 'failed') THEN
               (SELECT upper_ms FROM run_buckets WHERE upper_ms >= min(CAST(run_ms AS INTEGER), 1000000000)
                ORDER BY upper_ms LIMIT 1) END AS bucket,
           count(*) AS n,
           sum(CASE WHEN status IN ('completed', 'failed') THEN CAST(attempts AS INTEGER) ELSE 0 END) AS attempts,
           sum(CASE WHEN status IN ('completed', 'failed') THEN run_ms IS NOT NULL ELSE 0 END) AS timed,
           sum(CASE WHEN status IN ('completed', 'failed') THEN CAST(ifnull(run_ms, 0) AS INTEGER) ELSE 0 END) AS run_ms
    FROM task_queue WHERE id > :after AND id <= :upto AND lane_id IS NOT NULL
    GROUP BY type, status, bucket
)
SELECT 3, typeof(type), CAST(type AS BLOB), typeof(status), CAST(status AS BLOB),
       sum(n), sum(attempts), sum(timed), sum(run_ms)
FROM told GROUP BY type, status
UNION ALL
SELECT 4, typeof(status), CAST(status AS BLOB), typeof(bucket), CAST(bucket AS BLOB), sum(n), 0, 0, 0
FROM told WHERE bucket IS NOT NULL GROUP BY status, bucket
