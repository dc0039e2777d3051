-- Everything that a worker holds.
SELECT id FROM task_queue WHERE status = 'processing' AND locked_by = :worker
