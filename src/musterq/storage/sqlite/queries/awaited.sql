-- Some tasks before one that are not completed: those of the group before it, by their statuses, or those that are in none.
WITH before (group_id) AS (SELECT group_id FROM task_queue WHERE next_id IN (:id, :group) LIMIT 1)
SELECT task.id, task.type, task.status, task.locked_by, task.group_id, task.awaits
FROM before CROSS JOIN task_queue AS task INDEXED BY task_part ON task.group_id = before.group_id
WHERE task.status IN ('processing', 'queued', 'scheduled', 'failed', 'cancelled') AND task.next_id IN (:id, :group)
UNION ALL
SELECT task.id, task.type, task.status, task.locked_by, task.group_id, task.awaits
FROM before CROSS JOIN task_queue AS task INDEXED BY task_followed ON task.next_id IN (:id, :group)
WHERE before.group_id IS NULL AND task.status <> 'completed'
LIMIT :limit
