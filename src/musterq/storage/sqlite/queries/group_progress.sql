-- The parts of a group by status, read from an index.
SELECT status, count(*) FROM task_queue WHERE group_id = :group GROUP BY status
