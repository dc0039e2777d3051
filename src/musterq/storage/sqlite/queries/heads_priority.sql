-- The next tasks of the given lanes by priority, then by id: the heads of each lane from the index, then the best of these.
SELECT task.id FROM json_each(:lanes) AS lane
JOIN task_queue AS task ON task.id IN (
    SELECT id FROM task_queue WHERE status = 'queued' AND held = 0 AND lane_id = lane.value
    ORDER BY priority, id LIMIT :limit
)
ORDER BY task.priority, task.id LIMIT :limit
