-- Puts many tasks in, each in a lane and of a priority drawn at random. There is a lane with each id from 1 to :lanes.
INSERT INTO task_queue (type, payload, priority, compatibility, lane_id, late)
WITH RECURSIVE task (lane_id, priority) AS (
    SELECT 1, 1
    UNION ALL
    SELECT abs(random()) % :lanes + 1, abs(random()) % 1000 + 1 FROM task LIMIT :n
)
SELECT lane.type, :payload, task.priority, lane.compatibility, lane.lane_id, 0
FROM task CROSS JOIN lanes AS lane ON lane.lane_id = task.lane_id
