-- The next tasks by id: when they were put in, when they ended, and whether they are completed and no group or
-- follower needs them.
SELECT id, created_at_utc, coalesce(finished_at_utc, updated_at_utc),
       status = 'completed'
       AND NOT EXISTS (SELECT 1 FROM task_queue AS follower
                       WHERE follower.id = task.next_id AND follower.status IN ('scheduled', 'queued', 'processing'))
       AND NOT EXISTS (SELECT 1 FROM task_queue AS member
                       WHERE member.group_id IN (task.next_id, task.group_id)
                             AND member.status IN ('scheduled', 'queued', 'processing'))
FROM task_queue AS task WHERE id > :after ORDER BY id LIMIT :limit
