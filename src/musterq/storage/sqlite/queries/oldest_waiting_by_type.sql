-- Since when the longest waiting queued task of each type waits: of each lane the first one whose id tells and the first late
-- one; and the longest waiting one of all that are late or held by a concurrency key.
SELECT type, min(since) FROM (
    SELECT lane.type, min(
        ifnull((SELECT created_at_utc FROM task_queue
                WHERE status = 'queued' AND held = 0 AND lane_id = count.key1 AND late = 0 ORDER BY id LIMIT 1), '9999'),
        ifnull((SELECT coalesce(due_at_utc, created_at_utc) FROM task_queue
                WHERE status = 'queued' AND held = 0 AND lane_id = count.key1 AND late = 1
                ORDER BY coalesce(due_at_utc, created_at_utc) LIMIT 1), '9999')
    ) AS since
    FROM counters AS count JOIN lanes AS lane ON lane.lane_id = count.key1 WHERE count.kind = 0 AND count.n > 0
    UNION ALL
    SELECT * FROM (
        SELECT type, coalesce(due_at_utc, created_at_utc) FROM task_queue WHERE status = 'queued' AND (late = 1 OR held = 1)
        ORDER BY coalesce(due_at_utc, created_at_utc) LIMIT 1
    )
) WHERE since < '9999' GROUP BY type
