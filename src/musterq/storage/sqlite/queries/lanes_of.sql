-- The lanes of the given tasks.
SELECT id, lane_id FROM task_queue WHERE id IN (SELECT value FROM json_each(:ids))
