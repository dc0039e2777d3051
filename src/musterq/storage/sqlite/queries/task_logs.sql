-- The last lines of a task's log.
SELECT at_utc, level, message, details FROM task_logs WHERE task_id = :id ORDER BY log_id DESC LIMIT :limit
