-- The oldest tasks of one lane and one range of priorities.
SELECT id FROM task_queue
WHERE status = 'queued' AND held = 0 AND lane_id = :lane AND priority BETWEEN :low AND :high
ORDER BY priority, id LIMIT :limit
