-- How many tasks each worker holds.
SELECT locked_by, count(*) FROM task_queue WHERE status = 'processing' AND locked_by IS NOT NULL GROUP BY locked_by
