-- Tasks of a stretch that are in no lane or in another one than theirs, and which that is (NULL: there is none yet).
SELECT task.id, task.lane_id, lane.lane_id
FROM task_queue AS task
LEFT JOIN lanes AS lane ON lane.type = task.type AND lane.compatibility = task.compatibility
WHERE task.id > :after AND task.id <= :upto AND (task.lane_id IS NOT lane.lane_id OR lane.lane_id IS NULL)
