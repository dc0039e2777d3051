-- What a task waited for, in the order in which it was put in.
SELECT part.id, part.status, part.result
FROM task_queue AS follower JOIN task_queue AS part ON part.next_id IN (follower.id, follower.group_id)
WHERE follower.id = :id ORDER BY part.id
