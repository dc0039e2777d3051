-- Failed tasks that ended before a moment, oldest first, but no part whose group or follower has not ended; one that plain
-- SQL left without an end counts by its last change.
SELECT id, ended FROM (
    SELECT id, updated_at_utc AS ended FROM task_queue AS task
    WHERE status = 'failed' AND finished_at_utc IS NULL AND updated_at_utc < :before
          AND NOT EXISTS (SELECT 1 FROM task_queue AS follower
                          WHERE follower.id = task.next_id AND follower.status IN ('scheduled', 'queued', 'processing'))
          AND NOT EXISTS (SELECT 1 FROM task_queue AS member
                          WHERE member.group_id IN (task.next_id, task.group_id)
                                AND member.status IN ('scheduled', 'queued', 'processing'))
    LIMIT :limit
)
UNION ALL
SELECT id, ended FROM (
    SELECT id, finished_at_utc AS ended FROM task_queue AS task
    WHERE status = 'failed' AND finished_at_utc < :before
          AND NOT EXISTS (SELECT 1 FROM task_queue AS follower
                          WHERE follower.id = task.next_id AND follower.status IN ('scheduled', 'queued', 'processing'))
          AND NOT EXISTS (SELECT 1 FROM task_queue AS member
                          WHERE member.group_id IN (task.next_id, task.group_id)
                                AND member.status IN ('scheduled', 'queued', 'processing'))
    ORDER BY finished_at_utc
    LIMIT :limit
)
LIMIT :limit
