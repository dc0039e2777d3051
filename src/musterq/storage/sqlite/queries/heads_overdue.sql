-- The tasks of the given lanes that have waited since a moment or longer, the longest first: of each lane the first of
-- those that wait since they were created, in the order of their ids, and the first of the late ones.
SELECT id FROM (
    SELECT task.id, task.created_at_utc AS since FROM json_each(:lanes) AS lane
    CROSS JOIN task_queue AS task ON task.id IN (
        SELECT id FROM task_queue
        WHERE status = 'queued' AND held = 0 AND lane_id = lane.value AND late = 0
        ORDER BY id LIMIT :limit
    )
    UNION ALL
    SELECT task.id, coalesce(task.due_at_utc, task.created_at_utc) FROM json_each(:lanes) AS lane
    CROSS JOIN task_queue AS task ON task.id IN (
        SELECT id FROM task_queue
        WHERE status = 'queued' AND held = 0 AND lane_id = lane.value AND late = 1
        ORDER BY coalesce(due_at_utc, created_at_utc) LIMIT :limit
    )
) WHERE since <= :since ORDER BY since, id LIMIT :limit
