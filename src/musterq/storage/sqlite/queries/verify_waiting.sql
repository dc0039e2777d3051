-- What the waiting tasks add to the counters of lanes (kind 0), of groups of 32 priorities (1) and of priorities (2).
WITH placed AS MATERIALIZED (
    SELECT lane_id, min(max(CAST(priority AS INTEGER), 0), 1023) AS slot, count(*) AS n
    FROM task_queue WHERE status = 'queued' AND held = 0 AND lane_id IS NOT NULL
    GROUP BY lane_id, priority
), weighed AS MATERIALIZED (
    SELECT lane_id, slot, n, n * ((68719476736 + (slot + 1) / 2) / (slot + 1)) AS weight FROM placed
)
SELECT 0, typeof(lane_id), CAST(lane_id AS BLOB), 'integer', CAST(0 AS BLOB), sum(n), sum(weight), 0, 0
FROM weighed GROUP BY lane_id
UNION ALL
SELECT 1, typeof(lane_id), CAST(lane_id AS BLOB), 'integer', CAST(slot / 32 AS BLOB), sum(n), sum(weight), 0, 0
FROM weighed GROUP BY lane_id, slot / 32
UNION ALL
SELECT 2, typeof(lane_id), CAST(lane_id AS BLOB), 'integer', CAST(slot AS BLOB), sum(n), sum(weight), 0, 0
FROM weighed GROUP BY lane_id, slot
