-- Which of these tasks may still go: nobody has queued them again meanwhile.
SELECT id FROM task_queue AS task
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = :status
      AND coalesce(finished_at_utc, updated_at_utc) <= :latest
      AND NOT EXISTS (SELECT 1 FROM task_queue AS follower
                      WHERE follower.id = task.next_id AND follower.status IN ('scheduled', 'queued', 'processing'))
      AND NOT EXISTS (SELECT 1 FROM task_queue AS member
                      WHERE member.group_id IN (task.next_id, task.group_id)
                            AND member.status IN ('scheduled', 'queued', 'processing'))
