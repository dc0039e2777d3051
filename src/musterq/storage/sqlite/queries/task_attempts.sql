-- The newest attempts of a task that did not complete.
SELECT attempt, outcome, worker_id, started_at_utc, finished_at_utc, error, traceback, signal, exit_code, peak_bytes
FROM task_attempts WHERE task_id = :id ORDER BY attempt_id DESC LIMIT :limit
