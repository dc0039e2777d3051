-- The id that was given last.
SELECT seq FROM sqlite_sequence WHERE name = 'task_queue'
