-- The newest tasks of the given lanes.
SELECT task.id FROM json_each(:lanes) AS lane
JOIN task_queue AS task ON task.id IN (
    SELECT id FROM task_queue INDEXED BY task_waiting_by_id
    WHERE status = 'queued' AND held = 0 AND lane_id = lane.value
    ORDER BY id DESC LIMIT :limit
)
ORDER BY task.id DESC LIMIT :limit
