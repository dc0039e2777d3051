-- The newest tasks of the given lanes: of each lane the heads of its two halves in the index (tasks that waited since they were
-- created, and late ones), then the newest of these.
SELECT task.id FROM json_each(:lanes) AS lane
CROSS JOIN (SELECT 0 AS late UNION ALL SELECT 1) AS half
CROSS JOIN task_queue AS task ON task.id IN (
    SELECT id FROM task_queue
    WHERE status = 'queued' AND held = 0 AND lane_id = lane.value AND late = half.late
    ORDER BY id DESC LIMIT :limit
)
ORDER BY task.id DESC LIMIT :limit
