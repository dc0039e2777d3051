-- Counts the parts before tasks anew.
UPDATE task_queue
SET awaits = (SELECT count(*) FROM task_queue AS part
              WHERE part.next_id IN (task_queue.id, task_queue.group_id) AND part.status <> 'completed')
WHERE id IN (SELECT value FROM json_each(:ids)) AND awaits IS NOT NULL
