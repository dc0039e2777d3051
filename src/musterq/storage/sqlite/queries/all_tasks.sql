-- How many tasks there are.
SELECT count(*) FROM task_queue
