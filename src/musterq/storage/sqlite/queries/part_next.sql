-- Names what follows a new part: a task, or a group.
UPDATE task_queue SET next_id = :next WHERE id = :id
