-- Since when the longest waiting queued task waits: the first of each lane whose id tells, and the first of those that
-- are late or held.
SELECT min(since) FROM (
    SELECT (
        SELECT created_at_utc FROM task_queue
        WHERE status = 'queued' AND held = 0 AND lane_id = lane.key1 AND late = 0 ORDER BY id LIMIT 1
    ) AS since
    FROM counters AS lane WHERE lane.kind = 0 AND lane.n > 0
    UNION ALL
    SELECT * FROM (
        SELECT coalesce(due_at_utc, created_at_utc) FROM task_queue WHERE status = 'queued' AND (late = 1 OR held = 1)
        ORDER BY coalesce(due_at_utc, created_at_utc) LIMIT 1
    )
)
