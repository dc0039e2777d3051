-- Since when the longest waiting task of each of these lanes waits: of those whose id tells, and of those that are late.
SELECT lane.value,
       (SELECT created_at_utc FROM task_queue
        WHERE status = 'queued' AND held = 0 AND lane_id = lane.value AND late = 0 ORDER BY id LIMIT 1),
       (SELECT coalesce(due_at_utc, created_at_utc) FROM task_queue
        WHERE status = 'queued' AND held = 0 AND lane_id = lane.value AND late = 1
        ORDER BY coalesce(due_at_utc, created_at_utc) LIMIT 1)
FROM json_each(:lanes) AS lane
