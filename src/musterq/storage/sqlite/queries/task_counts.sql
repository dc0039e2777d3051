-- Tasks by type and status.
SELECT type, status, n FROM task_totals WHERE n > 0 ORDER BY type, status
